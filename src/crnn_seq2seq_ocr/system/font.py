"""The typeface of what is written into pictures and documents: Arimo, which looks like Arial."""

from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont


@cache
def arimo_file() -> bytes:
    """Return the TrueType file: Latin, Greek and Cyrillic letters of any weight."""
    return files("fontpkg_arimo").joinpath("files", "Arimo[wght].ttf").read_bytes()


@cache
def arimo(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Load the typeface for Pillow.

    Args:
        size: In pixels.
        weight: 400 (regular) to 700 (bold).
    """
    font = ImageFont.truetype(BytesIO(arimo_file()), size)
    font.set_variation_by_axes([weight])
    return font
