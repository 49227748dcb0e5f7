"""The rows of lists as files hold them: tables with tabs, commas, semicolons or spaces, and JSON."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.errors import DataError, did_you_mean
from crnn_seq2seq_ocr.system.parsing import parse_json

FILE_COLUMNS = (
    "file", "path", "image", "filename", "file_name", "picture", "image_path", "img_path", "image_name", "img",
)  # fmt: skip
TEXT_COLUMNS = ("text", "label", "transcription", "words", "plate_text", "ground_truth", "transcript", "word")

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")

BETWEEN_VIEWS = "|"

Rows = Iterator[tuple[int, dict[str, Any] | str]]
"""Line number, and the cells by column or what is wrong with the line."""

Cells = Iterator[tuple[int, list[str] | str]]

_NAMES = {",": "", ";": "semicolons", "\t": "tabs"}
_ICDAR = re.compile(r'\s*([^,]+?)\s*,\s*"(.*)"\s*')
"""A line of the word lists of ICDAR: ``word_1.png, "text"``."""


def rows_of(path: Path, content: str, columns: Iterable[str], file_column: str | None, notes: list[str]) -> Rows:
    """Yield the rows of a list by the kind that its name tells.

    Args:
        path: Of the list.
        content: Its text.
        columns: Those that are asked for by name, which a header must have.
        file_column: The column of the files where it is asked for by name.
        notes: What is unusual is added here.

    Raises:
        DataError: It is JSON of another layout, or its header is not known or lacks a column.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _json_lines(content)
    if suffix == ".json":
        return _json(path, content)
    if suffix == ".txt":
        return _table(path, _txt_cells(content, notes), columns, file_column, several=True)
    if suffix == ".tsv":
        return _table(path, _tsv_cells(content), columns, file_column)
    separator = _separator(content)
    if _NAMES[separator]:
        notes.append(_NAMES[separator])
    reader = csv.reader(io.StringIO(content, newline=""), strict=True, delimiter=separator)
    return _table(path, _csv_cells(reader), columns, file_column)


def _json_lines(content: str) -> Rows:
    for line, entry in _lines(content):
        try:
            row = parse_json(entry)
        except ValueError as error:
            yield line, f"not JSON: {error}"
            continue
        yield line, row if isinstance(row, dict) else 'not a JSON object such as {"file": ..., "text": ...}'


def _json(path: Path, content: str) -> Rows:
    """One JSON value: docTR's object of texts by file, or a list of objects."""
    try:
        whole = parse_json(content)
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if isinstance(whole, list):
        for number, row in enumerate(whole, 1):
            yield number, row if isinstance(row, dict) else 'not a JSON object such as {"file": ..., "text": ...}'
        return
    if not isinstance(whole, dict):
        raise DataError(f'{path} holds no labels: there must be an object such as {{"x.jpg": "text"}}')
    first = next(iter(whole), "")
    # docTR keeps the pictures in a folder `images` beside the list.
    inside = "images/" if (path.parent / "images").is_dir() and not (path.parent / first).is_file() else ""
    for number, (file, text) in enumerate(whole.items(), 1):
        if isinstance(text, str):
            yield number, {"file": [inside + file], "text": text}
        else:
            yield number, f"the entry {file!r} is no text: labels for text detection have to be cut into words first"


def _table(path: Path, lines: Cells, columns: Iterable[str], file_column: str | None, *, several: bool = False) -> Rows:
    """Rows of a table by its header, or by file and text where it has none.

    With `several` a file may be a JSON array: several pictures of one text, each a row.
    """
    wanted = [*columns]
    header: list[str] | None = None
    for number, (line, cells) in enumerate(lines):
        if isinstance(cells, str):
            yield line, cells
        elif number == 0 and (header := _header(path, cells, wanted, file_column)) is not None:
            continue
        elif header and len(cells) != len(header):
            yield line, f"{_count(cells)} where the header has {len(header)} ({', '.join(header)})"
        elif len(cells) < 2:
            yield line, f"{_count(cells)} where there must be a file and a text"
        elif several and cells[0].startswith("["):
            yield from _each(line, cells)
        else:
            yield line, dict(zip(header or (FILE_COLUMNS[0], TEXT_COLUMNS[0]), cells, strict=False))


def _each(line: int, cells: list[str]) -> Rows:
    """Yield a row for each picture of a JSON array, all of the same text (PaddleOCR draws one of them each time)."""
    try:
        files = parse_json(cells[0])
    except ValueError as error:
        yield line, f"not a JSON array of files: {error}"
        return
    for file in files if isinstance(files, list) else [files]:
        yield line, {FILE_COLUMNS[0]: [file], TEXT_COLUMNS[0]: cells[1]}


def _header(path: Path, cells: list[str], wanted: list[str], file_column: str | None) -> list[str] | None:
    """Return the columns that a first line names; None where it is a row.

    Raises:
        DataError: It is neither a row nor a header that is known, or lacks a column.
    """
    names = [cell.strip() for cell in cells]
    if file_column is not None or any(name.lower() in FILE_COLUMNS for name in names):
        for column in [*([file_column] if file_column else []), *wanted]:
            if column not in names:
                raise DataError(f"{path} has no column {column!r}{did_you_mean(column, names)}; it has {_shown(names)}")
        return names
    if wanted:
        raise DataError(
            f"{path} has no header line (file, text, ...), so its columns cannot be chosen by name; "
            f"its first line is {_shown(names)}"
        )
    if len(names) > 1 and not _is_file(path.parent, names[0]):
        raise DataError(
            f"{path} begins with {_shown(names)}: that is neither a picture and its text, nor a header that is known "
            f"({FILE_COLUMNS[0]} and {TEXT_COLUMNS[0]}); say which columns they are: '{path}?file=COLUMN&text=COLUMN'"
        )
    return None


def _is_file(folder: Path, cell: str) -> bool:
    """Whether a cell names pictures: by their suffix, or because they are there."""
    if cell.startswith("["):
        return True
    parts = [part.strip() for part in cell.split(BETWEEN_VIEWS)]
    return all(not part or Path(part).suffix.lower() in PICTURES or _exists(folder / part) for part in parts)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _lines(content: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, each with its number; only a line feed ends one."""
    start, number = 0, 0
    while start < len(content):
        number += 1
        end = content.find("\n", start)
        end = len(content) if end < 0 else end
        line = content[start:end].removesuffix("\r")
        if line.strip():
            yield number, line
        start = end + 1


def _tsv_cells(content: str) -> Cells:
    return ((line, entry.split("\t")) for line, entry in _lines(content))


def _txt_cells(content: str, notes: list[str]) -> Cells:
    """Split a line into a file and a text: as in the lists of ICDAR, or with a tab or a space between."""
    first = next(_lines(content), (0, ""))[1]
    if "\t" in first:
        return _tsv_cells(content)
    if _ICDAR.fullmatch(first):
        notes.append('lines as word_1.png, "text"')
        return _cells(content, lambda line: list(found.groups()) if (found := _ICDAR.fullmatch(line)) else [line])
    notes.append("a space after the file")
    return _cells(content, lambda line: line.split(" ", 1))


def _cells(content: str, split: Callable[[str], list[str]]) -> Cells:
    return ((number, split(line)) for number, line in _lines(content))


def _separator(content: str) -> str:
    """Find the first comma, semicolon or tab outside quotes in the first line."""
    first = re.sub(r'"[^"]*"', "", next(_lines(content), (0, ""))[1])
    return next((character for character in first if character in _NAMES), ",")


def _csv_cells(reader: Any) -> Cells:
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


def _shown(names: list[str]) -> str:
    return ", ".join(name if len(name) < 60 else f"{name[:60]}..." for name in names[:20])
