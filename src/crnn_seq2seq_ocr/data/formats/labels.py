"""Lists of pictures and texts: tab-separated, comma-separated, or one JSON object a line."""

import codecs
import csv
import difflib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import normalize

FILE_COLUMNS = ("file", "path", "image", "filename", "file_name", "picture")
TEXT_COLUMNS = ("text", "label", "transcription", "words")
SUFFIXES = (".tsv", ".csv", ".jsonl")

VIEWS_COLUMN = "views"

BETWEEN_VIEWS = "|"

SHOWN = 5
"""Most bad lines that an error lists."""


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


def read_labels(path: Path, *, text_column: str | None = None, only: Mapping[str, str] | None = None) -> list[Label]:
    """The lines of a list, blank ones left out.

    A header line is known by a column called ``file`` or one of its like (`FILE_COLUMNS`). Without
    one the first column is the file and the second the text. A column ``views`` says how many views of
    the picture are real.

    Args:
        path: A ``.tsv`` (unquoted), ``.csv`` or ``.jsonl`` file in UTF-8.
        text_column: The column of the texts; else the first of `TEXT_COLUMNS` that is there.
        only: Take only the lines with these values, by column.

    Raises:
        DataError: The file cannot be read, is not UTF-8, lines are wrong (the first are listed with
            their numbers), a column is not there or no line is left.
    """
    content = decode(path)
    rows = _json_rows(content) if path.suffix.lower() == ".jsonl" else _table_rows(path, content, text_column, only)
    labels, problems = [], []
    values: dict[str, set[str]] = {column: set() for column in only or {}}
    for line, row in rows:
        if isinstance(row, str):
            problems.append(f"{path}:{line}: {row}")
            continue
        for column, seen in values.items():
            seen.add(_as_text(row.get(column)))
        if all(_as_text(row.get(column)) == value for column, value in (only or {}).items()):
            found = _label(row, line, text_column)
            labels.append(found) if isinstance(found, Label) else problems.append(f"{path}:{line}: {found}")
    if problems:
        more = f"\nand {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise DataError("\n".join(problems[:SHOWN]) + more)
    if not labels:
        raise DataError(f"{path} lists no pictures" + "".join(_explain(only or {}, values)))
    return labels


def decode(path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Raises:
        DataError: The file cannot be read or is not UTF-8 (line and byte are named).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise DataError(
            f"{path}:{line}: not UTF-8: byte {byte} of the line is 0x{data[error.start]:02X}; save the file as UTF-8"
        ) from None


Rows = Iterator[tuple[int, dict[str, Any] | str]]
"""Line number, and the cells by column or what is wrong with the line."""


def _json_rows(content: str) -> Rows:
    for line, entry in enumerate(content.split("\n"), 1):
        if not entry.strip():
            continue
        try:
            row = json.loads(entry)
        except ValueError as error:
            yield line, f"not JSON: {error}"
            continue
        yield line, row if isinstance(row, dict) else 'not a JSON object such as {"file": ..., "text": ...}'


def _table_rows(path: Path, content: str, text_column: str | None, only: Mapping[str, str] | None) -> Rows:
    separated = csv.reader(io.StringIO(content, newline=""), strict=True)
    lines = _csv_cells(separated) if path.suffix.lower() == ".csv" else _tsv_cells(content)
    header: list[str] | None = None
    for number, (line, cells) in enumerate(lines):
        if isinstance(cells, str):
            yield line, cells
        elif number == 0 and any(cell.strip().lower() in FILE_COLUMNS for cell in cells):
            header = [cell.strip() for cell in cells]
            _check_columns(path, header, [*([text_column] if text_column else []), *(only or {})])
        elif number == 0 and (text_column or only):
            raise DataError(f"{path} has no header line (file, text, ...), so its columns cannot be chosen by name")
        elif header and len(cells) != len(header):
            yield line, f"{_count(cells)} where the header has {len(header)} ({', '.join(header)})"
        elif len(cells) < 2:
            yield line, f"{_count(cells)} where there must be a file and a text"
        else:
            yield line, dict(zip(header or (FILE_COLUMNS[0], TEXT_COLUMNS[0]), cells, strict=False))


def _tsv_cells(content: str) -> Iterator[tuple[int, list[str] | str]]:
    for line, entry in enumerate(content.split("\n"), 1):
        entry = entry.removesuffix("\r")
        if entry.strip():
            yield line, entry.split("\t")


def _csv_cells(reader: Any) -> Iterator[tuple[int, list[str] | str]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"not CSV: {error}"
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _count(cells: list[str]) -> str:
    return f"{len(cells)} column{'s' if len(cells) != 1 else ''}"


def _check_columns(path: Path, header: list[str], wanted: Iterable[str]) -> None:
    for column in wanted:
        if column not in header:
            near = difflib.get_close_matches(column, header, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise DataError(f"{path} has no column {column!r}{hint}; it has {', '.join(header)}")


def _label(row: dict[str, Any], line: int, text_column: str | None) -> Label | str:
    """The file and the text of a row, or what is wrong with it."""
    known = {column.lower(): value for column, value in row.items()}
    files = next((known[column] for column in FILE_COLUMNS if column in known), None)
    if isinstance(files, str):
        files = files.split(BETWEEN_VIEWS)
    if not (isinstance(files, list) and files and all(isinstance(file, str) and file.strip() for file in files)):
        return f"no file (a column {', '.join(FILE_COLUMNS[:-1])} or {FILE_COLUMNS[-1]})"
    text = (
        row.get(text_column)
        if text_column
        else next((known[column] for column in TEXT_COLUMNS if column in known), None)
    )
    if not isinstance(text, str):
        columns = text_column or f"{', '.join(TEXT_COLUMNS[:-1])} or {TEXT_COLUMNS[-1]}"
        return f"no text (a column {columns})"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"the text holds half a character, {text[error.start]!a}"
    views = str(known.get(VIEWS_COLUMN) or "").strip()
    if views and not (views.isdecimal() and int(views) > 0):
        return f"{VIEWS_COLUMN} must be a whole number of 1 or more, not {views!r}"
    return Label(tuple(file.strip() for file in files), normalize(text), line, int(views) if views else None)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _explain(only: Mapping[str, str], values: Mapping[str, set[str]]) -> Iterator[str]:
    """Why no line is left: what the columns that choose hold."""
    for column, value in only.items():
        some = sorted(values[column])[:10]
        yield f" with {column} {value!r} (that column holds {', '.join(map(repr, some)) or 'nothing'})"
