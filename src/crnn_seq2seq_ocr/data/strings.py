"""Many strings in two arrays, for lists of millions of rows: no Python object each."""

from array import array
from collections.abc import Iterable

import numpy as np


class Strings:
    """Strings with random access.

    Args:
        data: uint8, all of them in UTF-8, one after the other.
        ends: int64 (N,), where each ends in it.
    """

    def __init__(self, data: np.ndarray, ends: np.ndarray) -> None:
        self.data = data
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        start = int(self.ends[index - 1]) if index else 0
        return self.data[start : int(self.ends[index])].tobytes().decode()


class Builder:
    """Collects strings, which are then one `Strings`."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._data, self._ends = bytearray(), array("q")
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Put one behind the others."""
        self._data += text.encode()
        self._ends.append(len(self._data))

    def build(self) -> Strings:
        """All of them."""
        return Strings(np.frombuffer(bytes(self._data), np.uint8), np.array(self._ends, np.int64))
