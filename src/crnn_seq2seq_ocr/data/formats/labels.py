"""Lists of pictures and texts: who reads them, in which encoding, and which of their lines are wrong."""

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.data.formats.label_columns import Label, Labels, LabelsBuilder
from crnn_seq2seq_ocr.data.formats.label_rows import BETWEEN_VIEWS, FILE_COLUMNS, TEXT_COLUMNS, rows_of
from crnn_seq2seq_ocr.data.index_cache import load_index, store_index
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.text import normalize

__all__ = ["BETWEEN_VIEWS", "SUFFIXES", "Label", "decode", "read_labels"]

SUFFIXES = (".tsv", ".csv", ".jsonl", ".json", ".txt")

VIEWS_COLUMN = "views"

SHOWN = 5
"""Most bad lines that an error lists."""

MOST_BYTES = 8_000_000_000
"""Of a list."""

KEPT_FROM = 50_000
"""Lists of so many rows are kept in a file of columns, so that other processes need not read them again."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_labels(
    path: Path,
    *,
    file_column: str | None = None,
    text_column: str | None = None,
    only: Mapping[str, str] | None = None,
) -> Labels:
    """Read the lines of a list, blank ones left out.

    A header line is known by a column called ``file`` or one of its like (`FILE_COLUMNS`). Without
    one the first column is the file and the second the text. A column ``views`` says how many views of
    the picture are real.

    Args:
        path: A ``.tsv`` (unquoted), ``.csv`` (commas, semicolons or tabs), ``.txt`` (a tab or a space), ``.jsonl`` or
            ``.json`` file in UTF-8, UTF-16 or Windows-1252.
        file_column: The column of the files; else the first of `FILE_COLUMNS` that is there.
        text_column: The column of the texts; else the first of `TEXT_COLUMNS` that is there.
        only: Take only the lines with these values, by column.

    Raises:
        DataError: The file cannot be read, lines are wrong (the first are listed with their numbers), the header is
            not known, a column is not there or no line is left.
    """
    only = dict(only or {})
    key = json.dumps(["labels", file_column, text_column, sorted(only.items())])
    try:
        kept = load_index(path, key)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    if kept is not None:
        return Labels(kept)
    labels = _read(path, file_column, text_column, only)
    if len(labels) >= KEPT_FROM:
        store_index(path, key, labels.arrays)
        kept = load_index(path, key)
    return labels if kept is None else Labels(kept)


def _read(path: Path, file_column: str | None, text_column: str | None, only: dict[str, str]) -> Labels:
    content, notes = _decode_any(path)
    wanted = [*([text_column] if text_column else []), *only]
    labels, problems = LabelsBuilder(), []
    values: dict[str, set[str]] = {column: set() for column in only}
    for line, row in rows_of(path, content, wanted, file_column, notes):
        if isinstance(row, str):
            problems.append(f"{path}:{line}: {row}")
            continue
        for column, seen in values.items():
            seen.add(_as_text(row.get(column)))
        if all(_as_text(row.get(column)) == value for column, value in only.items()):
            found = _label(row, line, file_column, text_column)
            labels.add(found) if isinstance(found, Label) else problems.append(f"{path}:{line}: {found}")
    if problems:
        more = f"\nand {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise DataError("\n".join(problems[:SHOWN]) + more)
    if not len(labels):
        raise DataError(f"{path} lists no pictures" + "".join(_explain(only, values)))
    return labels.build(notes)


def decode(path: Path) -> str:
    """Return the text of a UTF-8 file, without its byte order mark.

    Raises:
        DataError: The file cannot be read or is not UTF-8 (line and byte are named).
    """
    data = _bytes(path).removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data, error) from None


def _decode_any(path: Path) -> tuple[str, list[str]]:
    """Return the text of a list in any encoding that tables are saved in, and what is unusual about it.

    Raises:
        DataError: The file cannot be read, or its encoding is not known.
    """
    data = _bytes(path)
    notes = []
    if data.startswith(_UTF16):
        try:
            return data.decode("utf-16"), ["UTF-16"]
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not whole UTF-16: {error.reason} at byte {error.start}") from None
    if data.startswith(codecs.BOM_UTF8):
        notes.append("a byte order mark")
        data = data.removeprefix(codecs.BOM_UTF8)
    try:
        content = data.decode()
    except UnicodeDecodeError as error:
        try:
            content = data.decode("cp1252")
        except UnicodeDecodeError:
            raise _not_utf8(path, data, error) from None
        notes.append("taken for Windows-1252, for it is not UTF-8")
    if "\r\n" in content[:100_000]:
        notes.append("Windows line ends")
    return content, notes


def _bytes(path: Path) -> bytes:
    try:
        return read_ordinary(path, most_bytes=MOST_BYTES)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def _not_utf8(path: Path, data: bytes, error: UnicodeDecodeError) -> DataError:
    before = data[: error.start]
    line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    return DataError(
        f"{path}:{line}: not UTF-8: byte {byte} of the line is 0x{data[error.start]:02X}; save the file as UTF-8"
    )


def _label(row: dict[str, Any], line: int, file_column: str | None, text_column: str | None) -> Label | str:
    """Return the file and the text of a row, or what is wrong with it."""
    known = {column.lower(): value for column, value in row.items()}
    files = _cell(row, known, file_column, FILE_COLUMNS)
    if isinstance(files, str):
        files = files.split(BETWEEN_VIEWS)
    if not (isinstance(files, list) and files and all(isinstance(file, str) and file.strip() for file in files)):
        return f"no file (a column {_either(file_column, FILE_COLUMNS)}); it has {', '.join(row)}"
    text = _cell(row, known, text_column, TEXT_COLUMNS)
    if not isinstance(text, str):
        return f"no text (a column {_either(text_column, TEXT_COLUMNS)}; any other by ?text=); it has {', '.join(row)}"
    try:
        text.encode()
        "".join(files).encode()
    except UnicodeEncodeError as error:
        return f"the file or the text holds half a character, {error.object[error.start]!a}"
    if text.startswith('[{"transcription"'):
        return "this is a list for text detection: cut the words out first, and list each with its text"
    views = str(known.get(VIEWS_COLUMN) or "").strip()
    if views and not (views.isdecimal() and len(views) < 10 and int(views) > 0):
        return f"{VIEWS_COLUMN} must be a whole number of 1 or more, not {views[:20]!r}"
    return Label(tuple(file.strip() for file in files), normalize(text), line, int(views) if views else None)


def _cell(row: dict[str, Any], known: dict[str, Any], column: str | None, usual: tuple[str, ...]) -> Any:
    return row.get(column) if column else next((known[name] for name in usual if name in known), None)


def _either(column: str | None, usual: tuple[str, ...]) -> str:
    return column or f"{', '.join(usual[:-1])} or {usual[-1]}"


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _explain(only: Mapping[str, str], values: Mapping[str, set[str]]) -> Iterator[str]:
    """Why no line is left: what the columns that choose hold."""
    for column, value in only.items():
        some = sorted(values[column])[:10]
        yield f" with {column} {value!r} (that column holds {', '.join(map(repr, some)) or 'nothing'})"
