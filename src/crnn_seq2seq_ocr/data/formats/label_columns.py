"""The rows of a list in columns: no Python object for each row, so that lists of millions fit into every process."""

from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from crnn_seq2seq_ocr.data.index_cache import Arrays
from crnn_seq2seq_ocr.data.strings import Builder, Strings

_BETWEEN_FILES = "\0"
"""No name of a file holds it."""


class Label(NamedTuple):
    """One line of a list.

    Attributes:
        files: The picture, or the views of one text, as the list names them.
        text: In NFC.
        line: From 1.
        views: How many views of the picture are real; None where the list does not say.
    """

    files: tuple[str, ...]
    text: str
    line: int
    views: int | None = None


class Labels:
    """The lines of a list with random access.

    Args:
        arrays: As `LabelsBuilder` makes them.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._files = Strings(arrays["files"], arrays["file_ends"])
        self._texts = Strings(arrays["texts"], arrays["text_ends"])

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Label:
        views = int(self.arrays["views"][index])
        return Label(self.files(index), self.text(index), self.line(index), views or None)

    def __iter__(self) -> Iterator[Label]:
        return (self[index] for index in range(len(self)))

    @property
    def notes(self) -> list[str]:
        """What is unusual about the file, for people: its separator, its encoding."""
        return [note for note in self.arrays["notes"].tobytes().decode().split("\n") if note]

    def files(self, index: int) -> tuple[str, ...]:
        """Return the picture of a row, or its views."""
        return tuple(self._files[index].split(_BETWEEN_FILES))

    def text(self, index: int) -> str:
        """Return the text of a row."""
        return self._texts[index]

    def line(self, index: int) -> int:
        """Return the line of a row, from 1."""
        return int(self.arrays["lines"][index])

    def name(self, index: int) -> str:
        """Return a name that no other row has: its first file, and the line where a row before it has the same one."""
        file = self.files(index)[0]
        return f"{file}:{self.line(index)}" if self.arrays["repeated"][index] else file


class LabelsBuilder:
    """Collects the rows of a list."""

    def __init__(self) -> None:
        self._files, self._texts = Builder(), Builder()
        self._lines, self._views, self._hashes = array("q"), array("i"), array("q")

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, label: Label) -> None:
        """Put a row behind the others."""
        self._files.add(_BETWEEN_FILES.join(label.files))
        self._texts.add(label.text)
        self._lines.append(label.line)
        self._views.append(label.views or 0)
        self._hashes.append(hash(label.files[0]))

    def build(self, notes: list[str]) -> Labels:
        """All of them."""
        files, texts = self._files.build(), self._texts.build()
        return Labels(
            {
                "files": files.data, "file_ends": files.ends, "texts": texts.data, "text_ends": texts.ends,
                "lines": np.array(self._lines, np.int64), "views": np.array(self._views, np.int32),
                "repeated": _repeated(np.array(self._hashes, np.int64)),
                "notes": np.frombuffer("\n".join(notes).encode(), np.uint8),
            }
        )  # fmt: skip


def _repeated(hashes: np.ndarray) -> np.ndarray:
    """Which values have come before, bool (N,)."""
    order = np.argsort(hashes, kind="stable")
    repeated = np.zeros(len(hashes), bool)
    repeated[order[1:]] = hashes[order[1:]] == hashes[order[:-1]]
    return repeated
