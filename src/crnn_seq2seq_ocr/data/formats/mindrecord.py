"""MindRecord, the original's data format, as a source: read without MindSpore.

A set is some shards ``NAME0``, ``NAME1``, ... with an SQLite index ``NAME0.db`` each. A shard is an
8-byte little-endian length, a JSON header of it (schema, names of all shards, page size) and, from
``header_size`` on, pages. The index says for every row where its raw part (annotation, in msgpack)
and its blob part (pictures and arrays) lie in which page.
"""

import os
import re
import sqlite3
import struct
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgpack
import numpy as np

from crnn_seq2seq_ocr.data.combined import locate
from crnn_seq2seq_ocr.data.formats.format import Format
from crnn_seq2seq_ocr.data.mapped import MappedFile
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, RecordError
from crnn_seq2seq_ocr.system.parsing import parse_json
from crnn_seq2seq_ocr.text import normalize

FIRST_SHARD = re.compile(r".*\.(mindrecord|mindrecord0)")

LARGEST_HEADER = 1 << 28

IMAGE_NAMES = ("image", "img", "picture", "data")
TEXT_NAMES = ("annotation", "text", "label", "caption")

ROWS = """
    SELECT PAGE_ID_RAW, PAGE_OFFSET_RAW, PAGE_OFFSET_RAW_END, PAGE_ID_BLOB, PAGE_OFFSET_BLOB, PAGE_OFFSET_BLOB_END
    FROM INDEXES ORDER BY ROW_ID
"""
ROW = np.dtype([(name, np.int64) for name in ("raw_page", "raw", "raw_end", "blob_page", "blob", "blob_end")])


@dataclass(frozen=True)
class _Layout:
    """What the header of a set says, the same for all its shards."""

    header_size: int
    page_size: int
    shards: tuple[str, ...]
    image: str
    text: str
    blobs: tuple[str, ...]


class _Shard(NamedTuple):
    path: Path
    rows: np.ndarray
    data: MappedFile


class MindRecords:
    """The samples of a MindRecord set: shard after shard, each in the order of its row ids.

    That is the order in which MindSpore reads without shuffling. Any schema with one picture (bytes)
    and one text (string) will do; names such as ``image`` and ``annotation`` are preferred where
    there are several. Pickles by its path; files are opened when first needed, in each process for itself.

    Args:
        path: A folder with one set, or any shard of a set.

    Raises:
        DataError: There is no set, or several, or a shard or index is missing.
        RecordError: A header or index is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._shards: list[_Shard] | None
        self._layout, self._shards = _open_set(self.path)
        self._ends = np.cumsum([len(shard.rows) for shard in self._shards])
        if not len(self):
            raise DataError(f"the MindRecord set {self.path} has no rows")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_shards": None}

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        shards = len(self._ends)
        return f"MindRecord {self.path}: {len(self):,} samples in {shards} shard{'s' if shards > 1 else ''}"

    @property
    def faults(self) -> list[str]:
        """Nothing: a set that is not whole does not open."""
        return []

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Sample:
        """Read a sample.

        Raises:
            RecordError: The row is damaged.
        """
        shard, row, name = self._find(index)
        image = _blobs(self._part(shard, row, "blob", name), self._layout.blobs, name)[self._layout.image]
        return Sample(name, (image,), self._text(shard, row, name))

    def text(self, index: int) -> str:
        """Return the text of a sample, without reading its picture."""
        return self._text(*self._find(index))

    def _find(self, index: int) -> tuple[_Shard, np.void, str]:
        number, row = locate(self._ends, index, "row")
        if self._shards is None:
            self._shards = _open_set(self.path)[1]
        shard = self._shards[number]
        if row >= len(shard.rows):
            raise RecordError(f"{shard.path} has changed since it was opened: start again")
        return shard, shard.rows[row], f"{shard.path.name}#{row}"

    def _part(self, shard: _Shard, row: np.void, part: str, name: str) -> memoryview:
        """Return the raw or the blob part of a row, without its length."""
        page, start, end = (int(row[column]) for column in (f"{part}_page", part, f"{part}_end"))
        base = self._layout.header_size + page * self._layout.page_size
        if page < 0 or not 0 <= start <= end - 8 or base + end > len(shard.data):
            raise RecordError(
                f"{name}: the index of {shard.path} points outside the file (page {page}, bytes {start} "
                f"to {end}): one of the two is damaged or cut off, fetch or convert both again"
            )
        data = shard.data.view(base + start, end - start)
        if int.from_bytes(data[:8], "little") != len(data) - 8:
            raise RecordError(
                f"{name}: {shard.path} does not fit its index at byte {base + start:,}: "
                "one of the two is damaged, fetch or convert both again"
            )
        return data[8:]

    def _text(self, shard: _Shard, row: np.void, name: str) -> str:
        raw = self._part(shard, row, "raw", name)
        try:
            fields = msgpack.unpackb(raw)
            text = fields[self._layout.text]
        except (ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
            raise RecordError(f"{name}: the row has no {self._layout.text!r} that can be read: {error!r}") from None
        if not isinstance(text, str):
            raise RecordError(f"{name}: {self._layout.text!r} is not text but {type(text).__name__}")
        return normalize(text)


def is_mindrecord(path: Path) -> bool:
    """Whether a file is a shard of a set, by its index beside it."""
    return path.with_name(f"{path.name}.db").is_file()


FORMAT = Format(
    name="a MindRecord set",
    accepted="a MindRecord set (NAME.mindrecord0)",
    marks=lambda name: FIRST_SHARD.fullmatch(name) is not None,
    reads=lambda path: is_mindrecord(path) or FIRST_SHARD.fullmatch(path.name) is not None,
    open=lambda paths, options: MindRecords(paths[0]),
)


def _open_set(path: Path) -> tuple[_Layout, list[_Shard]]:
    first = _first_shard(path) if path.is_dir() else path
    layout = _read_layout(first)
    return layout, [_open_shard(first.with_name(name)) for name in layout.shards]


def _first_shard(folder: Path) -> Path:
    found = sorted(path for path in folder.iterdir() if FIRST_SHARD.fullmatch(path.name))
    if not found:
        raise DataError(f"{folder} holds no MindRecord set (files such as NAME.mindrecord0 and NAME.mindrecord0.db)")
    if len(found) > 1:
        raise DataError(
            f"{folder} holds several MindRecord sets ({', '.join(path.name for path in found)}): "
            f"name the one to read, as in '{found[0]}'"
        )
    return found[0]


def _open_shard(path: Path) -> _Shard:
    """Open the rows of a shard in the order of their ids, and its bytes, memory-mapped."""
    index = path.with_name(f"{path.name}.db")
    for file in (path, index):
        if not file.is_file():
            raise DataError(f"{file} is missing: a MindRecord set needs all its shards, each with its .db beside it")
    address = f"file:{quote(str(index.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            _allow_tables_only(connection, index.stat().st_size)
            rows = np.fromiter(connection.execute(ROWS), ROW)
    except (sqlite3.Error, OverflowError, TypeError, ValueError) as error:
        raise RecordError(f"{index} is not the index of a MindRecord shard, or damaged: {error}") from None
    try:
        return _Shard(path, rows, MappedFile(path))
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror or error}") from None


def _allow_tables_only(connection: sqlite3.Connection, size: int) -> None:
    """Let a database of `size` bytes answer from its table of rows alone, in bounded steps: a view may never end.

    Raises:
        ValueError: What is called INDEXES is no table.
    """
    connection.execute("PRAGMA trusted_schema=OFF")
    steps_left = [1000 + size]

    def spent() -> bool:
        steps_left[0] -= 1
        return steps_left[0] < 0

    # A row takes some dozen steps and at least as many bytes.
    connection.set_progress_handler(spent, 100)
    kinds = connection.execute("SELECT type FROM sqlite_master WHERE name = 'INDEXES' COLLATE NOCASE").fetchall()
    if kinds != [("table",)]:
        raise ValueError("it has no table INDEXES")


def _read_layout(path: Path) -> _Layout:
    header = _read_header(path)
    try:
        schema = header["schema"][0]
        fields = {name: field["type"] for name, field in schema["schema"].items()}
        blobs = tuple(schema["blob_fields"])
        sizes = int(header["header_size"]), int(header["page_size"])
        shards = tuple(Path(name).name for name in header["shard_addresses"])
        if not all(0 < len(os.fsencode(name)) < 256 and "\0" not in name for name in shards):
            raise ValueError("names of shards that no file can have")
        if not shards or min(sizes) < 0 or max(sizes) > sys.maxsize:
            raise ValueError("no shards, or sizes that cannot be")
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise RecordError(f"{path} is not a MindRecord shard, its header lacks what one has: {error!r}") from None
    images = [name for name, kind in fields.items() if kind == "bytes" and name in blobs]
    texts = [name for name, kind in fields.items() if kind == "string"]
    return _Layout(
        *sizes,
        shards,
        _choose(images, IMAGE_NAMES, path, "a picture (bytes)"),
        _choose(texts, TEXT_NAMES, path, "a text (string)"),
        blobs,
    )


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= LARGEST_HEADER:
                raise ValueError(f"a header of {length:,} bytes")
            header = parse_json(file.read(length))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise RecordError(f"{path} is not a MindRecord shard, or its beginning is damaged: {error}") from None
    if not isinstance(header, dict):
        raise RecordError(f"{path} is not a MindRecord shard: its header is not a JSON object")
    return header


def _choose(found: list[str], preferred: tuple[str, ...], path: Path, what: str) -> str:
    for name in preferred:
        if name in found:
            return name
    if len(found) != 1:
        raise DataError(
            f"{path} has {len(found)} fields that could be {what} ({', '.join(found) or 'none'}): "
            f"there must be one, or one called {' or '.join(preferred)}"
        )
    return found[0]


def _blobs(data: memoryview, names: tuple[str, ...], name: str) -> dict[str, bytes]:
    """Return the blob fields of a row: each an 8-byte big-endian length and so many bytes."""
    blobs, place = {}, 0
    for field in names:
        try:
            (length,) = struct.unpack_from(">Q", data, place)
        except struct.error:
            length = -1
        place += 8
        if not 0 <= length <= len(data) - place:
            raise RecordError(f"{name}: the field {field!r} does not fit its row: the shard is damaged")
        blobs[field] = bytes(data[place : place + length])
        place += length
    return blobs
