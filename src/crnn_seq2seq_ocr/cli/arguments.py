"""What the arguments of commands mean: files, folders, globs, and lists on standard input."""

import itertools
import sys
from collections.abc import Collection, Iterator


def picture_paths(images: list[str], suffixes: Collection[str] | None = None) -> Iterator[str]:
    """Find the pictures that arguments mean; a mistake in one of them is told at once.

    Args:
        images: Files, folders, globs; ``-`` is standard input.
        suffixes: Of the files that a folder means; None are those of pictures.
    """
    from crnn_seq2seq_ocr.data.readable import PICTURE_SUFFIXES, find_pictures

    ends = PICTURE_SUFFIXES if suffixes is None else suffixes
    parts = [_standard_input(ends) if each == "-" else find_pictures([each], ends) for each in images]
    return itertools.chain.from_iterable(parts)


def _standard_input(suffixes: Collection[str]) -> Iterator[str]:
    """Yield the pictures of each line; a line that means none stays as it is, to fail on its own."""
    from crnn_seq2seq_ocr.data.readable import find_pictures
    from crnn_seq2seq_ocr.errors import DataError

    empty = True
    for line in sys.stdin:
        if line.strip():
            empty = False
            try:
                yield from find_pictures([line.removesuffix("\n")], suffixes)
            except DataError:
                yield line.removesuffix("\n")
    if empty:
        raise DataError("standard input lists no pictures: write one path a line")
