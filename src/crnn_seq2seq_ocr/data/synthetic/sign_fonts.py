"""Typefaces for plates: where fonts are found, and which of them can write French."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from crnn_seq2seq_ocr.errors import DataError

LETTERING = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ '’-.,()°º!&/"
)
"""Every character that a plate may show; a font that lacks one of them is not used."""

_PACKAGED = (
    # package, file, weights, widths, share of the signs
    ("fontpkg_archivo", "Archivo[wdth,wght].ttf", (550, 650, 750, 850), (62, 70, 80, 95, 110), 0.55),
    ("fontpkg_overpass", "Overpass[wght].ttf", (550, 650, 750, 850), (), 0.38),
    ("fontpkg_roboto_slab", "RobotoSlab[wght].ttf", (500, 700), (), 0.07),
)
_SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
_UNSUITABLE = re.compile(r"mono|italic|oblique|thin|light|emoji|symbol|script|math|code", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font file with the place on its axes (variable fonts), and how often it is taken."""

    path: str
    axes: tuple[float, ...] = ()
    share: float = 1.0


@functools.lru_cache(maxsize=256)
def load_font(typeface: Typeface, size: int) -> ImageFont.FreeTypeFont:
    """Load the typeface at a size in pixels; kept per process, since placing a variable font is slow."""
    return open_font(typeface.path, typeface.axes, size)


def open_font(path: str, axes: tuple[float, ...], size: int) -> ImageFont.FreeTypeFont:
    """Open a font file at a size in pixels, a variable one at a place on its axes."""
    # The basic layout is the same in every build of Pillow.
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    if axes:
        font.set_variation_by_axes(list(axes))
    return font


@functools.lru_cache(maxsize=8)
def find_typefaces(fonts: Path | str | None) -> tuple[Typeface, ...]:
    """Find the packaged typefaces and, where asked for, those of a folder or of the system.

    Raises:
        DataError: The folder is missing or has no font that can write French.
    """
    packaged = tuple(_packaged())
    if fonts is None:
        return packaged
    folders = system_folders() if fonts == "system" else [Path(fonts)]
    if fonts != "system" and not folders[0].is_dir():
        raise DataError(f"there is no folder of fonts {fonts}")
    found = [path for path in _font_files(folders) if writes(path, LETTERING)]
    if not found and fonts != "system":
        raise DataError(f"{fonts} has no TrueType or OpenType font with all French letters and figures")
    return packaged + tuple(Typeface(str(path), share=1 / len(found)) for path in found)


def system_folders() -> list[Path]:
    """Where systems keep their fonts."""
    return [Path(folder).expanduser() for folder in _SYSTEM_FOLDERS]


def writes(path: Path, characters: Iterable[str]) -> bool:
    """Whether the font has a glyph for each of the characters; a broken font has none."""
    try:
        with path.open("rb") as stream, TTFont(stream, lazy=True, fontNumber=0) as font:
            known = font.getBestCmap() or {}
    except (TTLibError, OSError, ValueError, KeyError, AssertionError):
        return False
    return all(ord(character) in known for character in characters)


def _packaged() -> Iterator[Typeface]:
    for package, name, weights, widths, share in _PACKAGED:
        path = str(files(package) / "files" / name)
        # The axes stand in the order of the file: weight before width.
        places = list(itertools.product(weights, widths) if widths else itertools.product(weights))
        for place in places:
            yield Typeface(path, tuple(map(float, place)), share / len(places))


def _font_files(folders: list[Path]) -> list[Path]:
    paths = {path for folder in folders for path in folder.rglob("*")}
    fonts = (path for path in paths if path.suffix.lower() in {".ttf", ".otf", ".ttc"})
    return sorted(path for path in fonts if not _UNSUITABLE.search(path.name))
