"""One sample ready to be written: its pictures as files, or why it cannot be."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, picture_format
from crnn_seq2seq_ocr.data.resumable_conversion import Failure
from crnn_seq2seq_ocr.data.sample import Picture, Sample, Source
from crnn_seq2seq_ocr.errors import DataError

BLOCK = 1000
"""Samples of one part of a folder: they share a subfolder."""

PictureFormat = Literal["keep", "png", "jpg"]


class Entry(NamedTuple):
    """A sample as it will be written.

    Attributes:
        files: Its pictures by the names of their files in a folder.
        text: What is to be read.
        views: How many views are real; None where the source does not say.
    """

    files: dict[str, bytes]
    text: str
    views: int | None


def entries(source: Source, format: PictureFormat, indexes: range) -> list[Entry | Failure]:
    """Return some samples of a source, ready to be written."""
    return [attempt(source, index, partial(entry, format=format)) for index in indexes]


def attempt(source: Source, index: int, convert: Callable[[Sample, int], Any]) -> Any:
    """Convert a sample, or say why not."""
    name = f"sample {index}"
    try:
        sample = source[index]
        name = sample.name
        if not sample.text.strip():
            raise DataError("the text is empty")
        return convert(sample, index)
    except DataError as error:
        return Failure(name, str(error).removeprefix(f"{name}: "))


def entry(sample: Sample, index: int, *, format: PictureFormat) -> Entry:
    """Return a sample as files.

    Raises:
        DataError: A picture cannot be read, or the text cannot stand in a line of a list.
    """
    if set(sample.text) & set("\t\n\r"):
        raise DataError(f"the text {sample.text!r} holds a tab or a line break, which a list of labels cannot")
    files = {}
    for place, picture in enumerate(sample.images):
        suffix, data = encoded(picture, decode_picture(picture, name=sample.name), format)
        several = f"-{place}" if len(sample.images) > 1 else ""
        files[f"{index // BLOCK:04d}/{index:07d}{several}.{suffix}"] = data
    return Entry(files, sample.text, sample.views)


def encoded(picture: Picture, pixels: np.ndarray, format: PictureFormat) -> tuple[str, bytes]:
    """Format and file of a picture, its own file where it fits."""
    if isinstance(picture, bytes):
        own = picture_format(picture)
        if own and format in (own, "keep"):
            return own, picture
    wanted = "png" if format == "keep" else format
    return wanted, encode_picture(pixels, format=wanted)
