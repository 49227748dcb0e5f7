"""What all formats share: the result of looking at a file, and the checks of lengths that a file claims."""

import struct
from dataclasses import dataclass
from typing import Any

MOST_PARTS = 100_000
"""Chunks, segments or blocks of a file; real ones have a few thousand at most."""


class DamagedError(ValueError):
    """A file does not hold what it claims: the message says what, as the end of a sentence."""


class SizeError(ValueError):
    """A file claims more pixels than are allowed: ``width`` and ``height``."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width} x {height}")
        self.width, self.height = width, height


@dataclass(frozen=True)
class Encoded:
    """A picture file whose structure holds.

    Attributes:
        format: ``PNG``, ``JPEG``, ``WEBP``, ``TIFF``, ``BMP``, ``GIF`` or ``PNM``.
        width: In pixels, as it is stored.
        height: The same.
        data: The file with no more in it than a decoder needs for the first picture.
        transparent: Whether it may have transparent parts.
        orientation: 1 to 8 as EXIF counts: how it is turned before it is shown.
    """

    format: str
    width: int
    height: int
    data: bytes
    transparent: bool = False
    orientation: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as it is shown."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def check_size(width: int, height: int, most_pixels: int) -> None:
    """Raise `DamagedError` for a picture without pixels, `SizeError` for one of too many."""
    if width < 1 or height < 1:
        raise DamagedError("it has no pixels")
    if width * height > most_pixels:
        raise SizeError(width, height)


def unpack(layout: str, data: bytes, at: int) -> tuple[Any, ...]:
    """`struct.unpack_from` that raises `DamagedError` where the file is at its end."""
    if at < 0 or at + struct.calcsize(layout) > len(data):
        raise DamagedError("it is cut short")
    return struct.unpack_from(layout, data, at)


def too_many_parts() -> DamagedError:
    """Return the error of a file that is in more parts than any real one."""
    return DamagedError(f"it is in more than {MOST_PARTS:,} parts")
