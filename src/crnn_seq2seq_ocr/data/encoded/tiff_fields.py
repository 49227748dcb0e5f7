"""The fields of TIFF's first directory (TIFF 6.0, BigTIFF), which EXIF data are too."""

from dataclasses import dataclass

import numpy as np

from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, unpack

ORIENTATION = 274

_MOST_FIELDS = 1000
_KINDS = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}  # unsigned numbers, by TIFF's types
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True)
class Field:
    """A field: its number, TIFF's type of its values, how many, where they are, and its entry in the directory."""

    tag: int
    kind: int
    count: int
    at: int
    entry: bytes


@dataclass(frozen=True)
class Layout:
    """How a file writes its numbers and its directory."""

    order: str
    big: bool

    @property
    def entry(self) -> str:
        """Of an entry: tag, type, count, and the place of the values."""
        return f"{self.order}HHQQ" if self.big else f"{self.order}HHII"

    @property
    def count(self) -> str:
        """Of the number of entries."""
        return f"{self.order}Q" if self.big else f"{self.order}H"

    @property
    def place(self) -> str:
        """Of a place in the file."""
        return f"{self.order}Q" if self.big else f"{self.order}I"


def layout_of(data: bytes) -> Layout:
    """By its first four bytes."""
    found = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
    if data[:4] not in found:
        raise DamagedError("it is of no known format")
    return Layout(*found[data[:4]])


def directory_at(data: bytes, layout: Layout) -> int:
    """Where the first directory begins."""
    if layout.big and unpack(f"{layout.order}HH", data, 4) != (8, 0):
        raise DamagedError("its header is damaged")
    return int(unpack(layout.place, data, 8 if layout.big else 4)[0])


def read_fields(data: bytes, *, strict: bool = True) -> dict[int, Field]:
    """Read the fields of the first directory by their numbers.

    Raises:
        DamagedError: The directory, or with `strict` any value of it, lies beyond the file.
    """
    layout = layout_of(data)
    begin = directory_at(data, layout)
    (count,) = unpack(layout.count, data, begin)
    if count > _MOST_FIELDS:
        raise DamagedError(f"it has more than {_MOST_FIELDS} fields")
    inline, size = (8, 20) if layout.big else (4, 12)
    first = begin + (8 if layout.big else 2)
    fields = {}
    for at in range(first, first + size * count, size):
        tag, kind, number, place = unpack(layout.entry, data, at)
        length = _BYTES.get(kind, 0) * number
        where = at + size - inline if length <= inline else place
        if length and where + length <= len(data):
            fields[tag] = Field(tag, kind, number, where, data[at : at + size])
        elif strict and length:
            raise DamagedError("its fields lie beyond its end")
    return fields


def values(data: bytes, field: Field) -> np.ndarray:
    """Read the values of a field of unsigned numbers, int64, at least one; they lie within the file."""
    if field.kind not in _KINDS or field.count < 1:
        raise DamagedError("its fields are of the wrong type")
    found = np.frombuffer(data, f"{layout_of(data).order}{_KINDS[field.kind]}", field.count, field.at)
    if found.max() > np.iinfo(np.int64).max:
        raise DamagedError("its fields lie beyond its end")
    return found.astype(np.int64)
