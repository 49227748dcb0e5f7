"""Pictures that are plainly photographs or documents searched for text, all others read as crops, in their order."""

import importlib.util
import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.bulk.listing import Entry
    from crnn_seq2seq_ocr.inference.readings import Reading
    from crnn_seq2seq_ocr.pages.values import Page

WHOLE = 300
"""Pixels of the shorter side of a photograph, at least."""

LONG = 3
"""How many times as long as its shorter side a line is, at least."""


def can_search() -> bool:
    """Whether the detector of the extra [find] is installed."""
    return importlib.util.find_spec("rapidocr") is not None


def is_whole(name: str) -> bool:
    """Whether a file has the size and the shape of a photograph rather than of a line, or of views side by side."""
    from PIL import Image

    try:
        with Image.open(name) as header:
            width, height = header.size
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return False
    return min(width, height) >= WHOLE and max(width, height) < LONG * min(width, height)


def read_automatically(
    entries: "Iterable[Entry]",
    crops: "Callable[[Iterable[Entry]], Iterator[Reading]]",
    pages: "Callable[[Iterable[str]], Iterator[Page]]",
) -> "Iterator[Reading | Page]":
    """Yield what is read, in order: the reading of each crop, and each page of what was searched.

    A photograph in which one line is found, or none, may be a crop of many pixels, and is read as a crop.

    Args:
        entries: Pictures and documents.
        crops: Reads those that are crops.
        pages: Finds the text of files.
    """
    from crnn_seq2seq_ocr.bulk.listing import Entry
    from crnn_seq2seq_ocr.pages.documents import split_name

    for searched, group in itertools.groupby(entries, _is_searched):
        if not searched:
            yield from crops(group)
            continue
        names = (entry.name for entry in group)
        for file, found in itertools.groupby(pages(names), lambda page: str(split_name(page.name)[0])):
            all_pages = list(found)
            if _may_be_crop(all_pages):
                yield from crops([Entry(file, partial(list, [file]))])
            else:
                yield from all_pages


def _may_be_crop(pages: "list[Page]") -> bool:
    """Whether a file is a picture with at most one line of text."""
    first = pages[0]
    return (
        len(pages) == 1 and first.error is None and not _is_document(first.name) and sum(1 for _ in first.lines()) < 2
    )


def _is_searched(entry: "Entry") -> bool:
    return _is_document(entry.name) or is_whole(entry.name)


def _is_document(name: str) -> bool:
    from crnn_seq2seq_ocr.pages.documents import DOCUMENT_SUFFIXES, split_name

    return split_name(name)[0].suffix.lower() in DOCUMENT_SUFFIXES
