"""Files mapped into memory, which other programs may cut short meanwhile."""

import mmap
from pathlib import Path

from crnn_seq2seq_ocr.errors import RecordError


class MappedFile:
    """The bytes of a file, read where they lie.

    Memory beyond the end of a file that was cut short since is not to be touched: the system ends the process (SIGBUS),
    and all that it has learnt is gone. So the end is looked at before each access.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            try:
                self._map: mmap.mmap | None = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:  # an empty file cannot be mapped
                self._map = None
        self._data = memoryview(b"" if self._map is None else self._map)

    def __len__(self) -> int:
        """How many bytes it had when it was opened."""
        return len(self._data)

    def view(self, start: int, length: int) -> memoryview:
        """Return bytes without copying them.

        Raises:
            RecordError: The file was cut short since it was opened.
        """
        if self._map is not None and (size := self._map.size()) < len(self._data):
            raise RecordError(
                f"{self._path} was cut short since it was opened, from {len(self._data):,} to {size:,} bytes: fetch or "
                "write it again, then give the same command"
            )
        return self._data[start : start + length]
