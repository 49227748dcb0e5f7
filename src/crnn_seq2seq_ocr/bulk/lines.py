"""Readings in a text file, a line each, which grows at its end: JSON lines and CSV."""

import codecs
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import replacing
from crnn_seq2seq_ocr.system.parsing import parse_json

COLUMNS = ("name", "text", "confidence", "complete", "error")


class Row(NamedTuple):
    """What a line of a file says: of what, whether it could not be read, and whether all of it is told with this."""

    name: str
    failed: bool
    last: bool = True


class Form(Protocol):
    """How a reading is written as a line, and found again."""

    header: bytes

    def encode(self, reading: dict[str, Any]) -> bytes:
        """Return what `Reading.to_dict` or `Page.to_dict` gives, as lines with their ends."""
        ...

    def decode(self, line: str) -> Row:
        """Parse a line; a ValueError or an IndexError for one that is damaged."""
        ...


class JsonLines:
    """One object a line, as ``crnn-ocr read --json`` prints them."""

    header = b""

    def encode(self, reading: dict[str, Any]) -> bytes:
        """See `Form`."""
        # Half characters, as in names that are no UTF-8, become \udcff: JSON's own way to write them.
        return (json.dumps(reading, ensure_ascii=False) + "\n").encode(errors="backslashreplace")

    def decode(self, line: str) -> Row:
        """See `Form`."""
        content = parse_json(line)
        if not isinstance(content, dict) or not isinstance(content.get("name"), str):
            raise ValueError("no reading")
        return Row(content["name"], "error" in content)


class Csv:
    """Columns name, text, confidence, complete and error; without the characters.

    Args:
        delimiter: Between two cells.
        columns: Their names.
        excel: For spreadsheets: with a byte-order mark, by which they know UTF-8, and numbers of four digits.
    """

    def __init__(self, delimiter: str = ",", columns: Sequence[str] = COLUMNS, *, excel: bool = False) -> None:
        self._delimiter = delimiter
        self._excel = excel
        self.header = (codecs.BOM_UTF8 if excel else b"") + (delimiter.join(columns) + "\n").encode()

    def encode(self, reading: dict[str, Any]) -> bytes:
        """See `Form`."""
        return self.row([reading.get(column, "") for column in COLUMNS])

    def decode(self, line: str) -> Row:
        """See `Form`."""
        cells = self.cells(line, len(COLUMNS))
        return Row(cells[0], bool(cells[-1]))

    def row(self, cells: Iterable[Any]) -> bytes:
        """One line of cells."""
        line = io.StringIO()
        texts = (_defused(cell) if isinstance(cell, str) else self._number(cell) for cell in cells)
        csv.writer(line, delimiter=self._delimiter, lineterminator="\n").writerow(map(one_line, texts))
        return line.getvalue().encode()

    def cells(self, line: str, count: int) -> list[str]:
        """Split a line into its cells; a ValueError where they are not so many."""
        csv.field_size_limit(max(csv.field_size_limit(), len(line)))  # as long as what was written
        (cells,) = csv.reader([line], delimiter=self._delimiter, strict=True)
        if len(cells) != count:
            raise ValueError("not a cell for each column")
        return [_as_it_was(cell) for cell in cells]

    def _number(self, value: Any) -> str:
        return f"{value:.4f}" if self._excel and isinstance(value, float) else json.dumps(value)


FORMULA = ("=", "+", "-", "@", "\t", "'")
"""What begins a formula in a spreadsheet, and what stands before a text that begins so."""


def _defused(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _as_it_was(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


class Lines:
    """A file of lines. What a crash or a full disk has left of its last one is cut off when its rows are asked for.

    Args:
        path: The file; it need not be there.
        form: How a line is written.
    """

    every = 1.0
    """Seconds between two writes."""

    most = 10_000
    """Readings between two writes."""

    def __init__(self, path: Path, form: Form) -> None:
        self._path = path
        self._form = form

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are there; cut off half a line at the end, and the lines of half a page.

        Raises:
            DataError: The file is damaged elsewhere, or another.
        """
        if not self._path.exists():
            return
        size = read = 0
        for line, row in self._whole():
            read += len(line)
            if row.last:
                size = read
                yield row
        os.truncate(self._path, size + len(self._form.header) if size else 0)

    def drop_failed(self) -> None:
        """Leave out the rows that failed."""
        with replacing(self._path) as temporary, temporary.open("wb") as file:
            file.write(self._form.header)
            file.writelines(line for line, row in self._whole() if not row.failed)
            to_disk(file)

    def write(self, readings: Iterable[dict[str, Any]]) -> None:
        """Add readings; when this returns they are on the disk."""
        with self._path.open("ab") as file:
            if file.tell() == 0:
                file.write(self._form.header)
            file.writelines(self._form.encode(each) for each in readings)
            to_disk(file)

    def _whole(self) -> Iterator[tuple[bytes, Row]]:
        """Lines and what they say, but for half a line at the end."""
        header = self._form.header
        with self._path.open("rb") as file:
            begin = file.read(len(header))
            if not header.startswith(begin):
                raise DataError(
                    f"{self._path} does not begin with {header.decode('utf-8-sig').strip()!r}: name another output"
                )
            for number, line in enumerate(file, 1):
                try:
                    if not line.endswith(b"\n"):
                        return
                    yield line, self._form.decode(line.decode())
                except (ValueError, IndexError, csv.Error):
                    # After a power failure the file may be longer than what was written to it.
                    if file.read(1):
                        raise DataError(
                            f"reading {number} in {self._path} is damaged: delete its line, or name another output"
                        ) from None


def one_line(text: str) -> str:
    """Replace what ends a line and half characters in a text; names of files may have both."""
    return text.replace("\r", "\\r").replace("\n", "\\n").encode(errors="backslashreplace").decode()


def to_disk(file: IO[Any]) -> None:
    """All that was written is on the disk when this returns."""
    file.flush()
    os.fsync(file.fileno())
