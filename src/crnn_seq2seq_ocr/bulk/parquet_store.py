"""Readings in a folder of Parquet files, which together are one table.

A Parquet file cannot be added to. A folder of them can, each is whole or not there, and what reads Parquet reads it
as one table.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.bulk.lines import Row, to_disk
from crnn_seq2seq_ocr.bulk.table import import_pyarrow, to_table
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import replacing

DIGITS = 6


class ParquetStore:
    """A folder of parts.

    Args:
        path: The folder; it need not be there.
        table: What makes rows of what is written. Where it makes several of one reading, it counts them in ``line``
            and ``lines``.

    Raises:
        DependencyError: PyArrow is not installed.
    """

    every = 60.0
    """Seconds between two parts."""

    most = 20_000
    """Rows of a part."""

    def __init__(self, path: Path, table: Callable[[Sequence[dict[str, Any]]], Any] = to_table) -> None:
        self._arrow = import_pyarrow()
        self._path = path
        self._table = table

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are there.

        Raises:
            DataError: A part is damaged.
        """
        for part in self._parts():
            # Of columns that are not there, nothing is said: a row of a reading is its last.
            for row in self._read(part, ["name", "error", "line", "lines"]).to_pylist():
                if row.get("line") == row.get("lines"):
                    yield Row(row["name"], row["error"] is not None)

    def drop_failed(self) -> None:
        """Leave out the rows that failed."""
        for part in self._parts():
            table = self._read(part, None)
            kept = table.filter(table["error"].is_null())
            if not len(kept):
                part.unlink()
            elif len(kept) < len(table):
                self._write(kept, part)

    def write(self, readings: Iterable[dict[str, Any]]) -> None:
        """Add rows, as one more part."""
        number = 1 + max((int(part.stem[-DIGITS:]) for part in self._parts()), default=-1)
        self._path.mkdir(exist_ok=True)
        self._write(self._table(list(readings)), self._path / f"part-{number:0{DIGITS}d}.parquet")

    def _parts(self) -> list[Path]:
        if self._path.is_file():
            raise DataError(f"{self._path} is a file, and Parquet is written as a folder of parts: name another output")
        return sorted(self._path.glob(f"part-{'[0-9]' * DIGITS}.parquet"))

    def _read(self, part: Path, columns: list[str] | None) -> Any:
        try:
            known = self._arrow.parquet.read_schema(part).names
            return self._arrow.parquet.read_table(part, columns=[each for each in columns or known if each in known])
        except (self._arrow.ArrowException, OSError) as error:  # its own mishaps in reading are an OSError too
            reason = " ".join(str(error).split())
            raise DataError(f"{part} is damaged ({reason}): delete it, and what it held is read again") from None

    def _write(self, table: Any, part: Path) -> None:
        with replacing(part) as temporary, temporary.open("wb") as file:
            self._arrow.parquet.write_table(table, file, compression="zstd")
            to_disk(file)
