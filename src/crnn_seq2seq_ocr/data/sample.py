"""What every source gives: a named sample of pictures and their text."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

Picture = bytes | np.ndarray
"""An encoded picture (PNG, JPEG, ...) or RGB pixels, uint8 (H, W, 3)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing to read.

    Attributes:
        name: Where it comes from, unique within its source: a file name, or ``shard#record``.
        images: One or more pictures of the same text. One picture may hold several views side by
            side (an FSNS strip); several pictures are one view each.
        text: What is to be read, in Unicode NFC.
        views: How many views are real (the rest are filling); None where the source does not say.
    """

    name: str
    images: tuple[Picture, ...]
    text: str
    views: int | None = None


class Source(Protocol):
    """Samples with random access.

    A source is cheap to pickle (worker processes receive it so): file handles are opened lazily,
    per process, and never travel. ``source[i]`` raises a `DataError` naming the sample when it
    cannot be had; that never spoils its neighbours.
    """

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        ...

    @property
    def faults(self) -> list[str]:
        """What is missing or wrong as a whole, such as shards that break off, one line each; mostly nothing."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def text(self, index: int) -> str:
        """Return the text alone, as cheaply as the format allows."""
        ...
