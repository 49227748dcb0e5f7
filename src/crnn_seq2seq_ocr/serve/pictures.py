"""Pictures from strangers: what is refused before anything is decoded, and where in them the views are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.data.encoded import FORMATS, DamagedError, SizeError, examine
from crnn_seq2seq_ocr.data.transforms import coverage
from crnn_seq2seq_ocr.data.views import split_views
from crnn_seq2seq_ocr.serve.problems import Problem

_HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
"""Brands of the files that phones name .heic."""


@dataclass(frozen=True)
class Upload:
    """A picture as it came: encoded bytes whose structure holds, and its size when upright, in pixels."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Region:
    """Where a view lies: the number of its picture, and left, top, width and height as shares of the picture.

    Shares go beyond the picture where the model sees filling beside it.
    """

    picture: int
    left: float
    top: float
    width: float
    height: float


def look_at(data: bytes, *, name: str, most_pixels: int) -> Upload:
    """Examine a picture by its structure alone; nothing is decoded.

    Raises:
        Problem: 422 for what is no picture, 413 for one of too many pixels.
    """
    if not data:
        raise Problem(422, "picture_empty", f"{name} is empty (0 bytes): send the picture's file itself")
    try:
        encoded = examine(data, most_pixels=most_pixels)
    except SizeError:
        raise _too_large(name, most_pixels) from None
    except DamagedError as error:
        detail = _document(data, name) or f"{name} is no picture that can be read ({error}): send {', '.join(FORMATS)}"
        raise Problem(422, "picture_unreadable", detail) from None
    return Upload(encoded.data, *encoded.upright)


def _document(data: bytes, name: str) -> str | None:
    """Return what to do with a PDF or HEIC, which the command line reads and the service does not."""
    if data.startswith(b"%PDF"):
        return f"{name} is a PDF: crnn-ocr read words FILE --find reads it, or send its pages as pictures"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        return f"{name} is a HEIC photograph: send it as JPEG, or crnn-ocr read words FILE --find reads it"
    return None


def regions(pictures: Sequence[Upload], preprocessing: Preprocessing) -> list[Region]:
    """Where each view lies, in the order that the model sees them: as `data.transforms.prepare` cuts and resizes."""
    sizes = [np.empty((each.height, each.width, 0), np.uint8) for each in pictures]
    if len(sizes) > 1:
        return [_region(number, 0.0, 1.0, size, preprocessing) for number, size in enumerate(sizes)]
    found, left = [], 0.0
    for view in split_views(sizes[0], preprocessing.views):
        share = view.shape[1] / sizes[0].shape[1]
        found.append(_region(0, left, share, view, preprocessing))
        left += share
    return found


def _region(number: int, left: float, share: float, view: np.ndarray, preprocessing: Preprocessing) -> Region:
    height, width = coverage(view, preprocessing)
    return Region(number, left, 0.0, share / width, 1 / height)


def _too_large(name: str, most_pixels: int) -> Problem:
    millions = most_pixels / 1e6
    detail = f"{name} has more than {millions:g} million pixels and was not decoded: make it smaller"
    return Problem(413, "picture_too_large", detail)
