"""Typefaces for words: packaged ones and those of a folder, each with the characters that it can write."""

import bisect
import functools
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageFont

from crnn_seq2seq_ocr.data.synthetic.sign_fonts import open_font, system_folders
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import WORDS_CHARSET

EM = 48
"""Pixels of an em at which all letters are drawn before they are brought to the size of their picture."""

_PACKAGES = (
    "abril_fatface",
    "alfa_slab_one",
    "anton",
    "archivo",
    "arimo",
    "bebas_neue",
    "black_ops_one",
    "caveat",
    "eb_garamond",
    "ibm_plex_mono",
    "libre_baskerville",
    "lobster",
    "orbitron",
    "oswald",
    "overpass",
    "pacifico",
    "permanent_marker",
    "playfair_display",
    "press_start_2p",
    "righteous",
    "roboto_slab",
)
_WEIGHTS = (300.0, 450.0, 600.0, 700.0, 850.0)
_WIDTHS = (70.0, 100.0, 115.0)
_MISSING = "\uffff"
_CURLY = "“”"
"""Shown instead of straight quotation marks, as printers do."""
_SMALL = ("a", "b", "d", "e", "g", "n", "q", "r", "t")
"""Small letters that differ from their capitals by more than their size."""
_TYPEWRITER = re.compile(r"courier|typewriter|nimbusmono|freemono|lmmono|plexmono|cutive|elite|pica", re.IGNORECASE)
"""Fonts of one width with the slabs of a typewriter."""
_THUMB = 16
_SLANTED = re.compile(r"italic|oblique|slant|It$|[BI]I$", re.IGNORECASE)
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font file with the place on its axes (variable fonts), and what it can write."""

    path: str
    axes: tuple[float, ...]
    characters: frozenset[str]
    """Those of `WORDS_CHARSET` and curly quotation marks that it has; small letters are left out where they look
    like capitals."""
    even: bool
    """Whether it is upright and all characters are of one width, as a typewriter's."""
    share: float

    def writes(self, text: str) -> bool:
        """Whether it has all the text's characters."""
        return self.characters.issuperset(text)


@functools.lru_cache(maxsize=4096)
def load_font(path: str, axes: tuple[float, ...]) -> ImageFont.FreeTypeFont:
    """Load the font at `EM` pixels; kept per process."""
    return open_font(path, axes, EM)


class Typefaces:
    """Typefaces to choose from.

    Args:
        typefaces: All of them.
    """

    def __init__(self, typefaces: tuple[Typeface, ...]) -> None:
        self.all = typefaces
        self._even = tuple(typeface for typeface in typefaces if typeface.even)
        # Typewriters' typefaces are rare outside of pages.
        self._limits = tuple(
            itertools.accumulate(typeface.share * (0.3 if typeface.even else 1.0) for typeface in typefaces)
        )
        typed = (
            typeface.share * (4.0 if _TYPEWRITER.search(Path(typeface.path).stem) else 1.0) for typeface in self._even
        )
        self._even_limits = tuple(itertools.accumulate(typed))

    def choose(self, text: str, rng: np.random.Generator, *, even: bool = False) -> Typeface:
        """One that writes the text (as much as possible of it, if none writes it all)."""
        typefaces, limits = (self._even, self._even_limits) if even and self._even else (self.all, self._limits)
        for _ in range(_TRIES):
            typeface = typefaces[bisect.bisect_right(limits, rng.random() * limits[-1])]
            if typeface.writes(text):
                return typeface
        return max(self.all, key=lambda typeface: len(typeface.characters.intersection(text)))


@functools.lru_cache(maxsize=4)
def find_typefaces(fonts: Path | str | None) -> Typefaces:
    """Find the packaged typefaces and, where asked for, those of a folder or of the system.

    Raises:
        DataError: The folder is missing or has no font with Latin letters.
    """
    packaged = [file for package in _PACKAGES for file in _files_of(Path(str(files(f"fontpkg_{package}") / "files")))]
    if fonts is None:
        return Typefaces(tuple(_typefaces(packaged)))
    folders = system_folders() if fonts == "system" else [Path(fonts)]
    if fonts != "system" and not folders[0].is_dir():
        raise DataError(f"there is no folder of fonts {fonts}")
    found = list(_typefaces([file for folder in folders for file in _files_of(folder)]))
    if not found and fonts != "system":
        raise DataError(f"{fonts} has no TrueType or OpenType font with Latin letters or figures")
    return Typefaces((*_typefaces(packaged), *found))


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".ttf", ".otf"})


def _typefaces(paths: list[Path]) -> Iterator[Typeface]:
    """Yield the typefaces of files; each family has the same share, more if it has many, and upright ones most."""
    families = Counter(_family(path) for path in paths)
    for path in paths:
        places = _places(path)
        for axes in places:
            characters = _characters(path, axes)
            if len(characters) > 10:
                share = families[_family(path)] ** -0.5 / len(places) * (0.3 if _SLANTED.search(path.stem) else 1.0)
                yield Typeface(str(path), axes, characters, _is_even(path, axes), share)


def _family(path: Path) -> str:
    return re.split(r"[-_\[ ]", path.stem)[0]


def _places(path: Path) -> list[tuple[float, ...]]:
    """Where on its axes a font is used: several weights and widths of a variable one."""
    try:
        axes = ImageFont.truetype(str(path), EM).get_variation_axes()
    except OSError:  # not variable, or no font
        return [()]
    chosen = []
    for axis in axes:
        name = axis["name"].decode(errors="replace") if isinstance(axis["name"], bytes) else str(axis["name"])
        least, most = float(axis["minimum"] or 0), float(axis["maximum"] or 0)
        wanted = _WEIGHTS if name == "Weight" else _WIDTHS if name == "Width" else ()
        chosen.append([value for value in wanted if least <= value <= most] or [float(axis["default"] or 0)])
    return [tuple(place) for place in itertools.product(*chosen)]


def _characters(path: Path, axes: tuple[float, ...]) -> frozenset[str]:
    """Return the characters for which the font has a shape of their own."""
    try:
        font = load_font(str(path), axes)
        shapes = {character: _shape(font, character) for character in (_MISSING, *WORDS_CHARSET, *_CURLY)}
    except (OSError, ValueError):
        return frozenset()
    missing = {shapes[_MISSING], (0, 0, b"")}
    found = {character for character in WORDS_CHARSET + _CURLY if shapes[character] not in missing}
    found -= {
        character
        for character in found
        if _base(character) != character and shapes[character] == shapes[_base(character)]
    }
    if sum(_alike(font, small) for small in _SMALL) > 4:
        found = {character for character in found if character == character.upper()}
    return frozenset(found | {" "})


def _shape(font: ImageFont.FreeTypeFont, character: str) -> tuple[int, int, bytes]:
    mask = font.getmask(character, "L")
    return (*mask.size, bytes(mask))


def _alike(font: ImageFont.FreeTypeFont, small: str) -> bool:
    """Whether a small letter looks like its capital, be it smaller: so do all those of small capitals."""
    thumbs = []
    for letter in (small, small.upper()):
        wide, tall, shape = _shape(font, letter)
        if not shape:
            return False
        pixels = np.frombuffer(shape, np.uint8).reshape(tall, wide)
        thumbs.append(cv2.resize(pixels, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA).astype(np.float32))
    return float(np.abs(thumbs[0] - thumbs[1]).mean()) < 0.25 * float(thumbs[1].mean())


def _base(character: str) -> str:
    return unicodedata.normalize("NFD", character)[0]


def _is_even(path: Path, axes: tuple[float, ...]) -> bool:
    font = load_font(str(path), axes)
    widths = [font.getlength(character) for character in "iMae.W1"]
    return max(widths) - min(widths) < 1 and max(widths) < 0.8 * EM and not _SLANTED.search(path.stem)
