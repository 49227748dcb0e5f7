"""Parquet and Arrow files, in which Hugging Face data sets are kept: a column of pictures and one of texts.

A picture is ``{bytes, path}`` as ``datasets.Image`` keeps it (a path without bytes is a file beside), or bytes
alone. Rows are read in groups (those of Parquet, in parts where they are large; batches of Arrow), and the last groups
are kept.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from crnn_seq2seq_ocr.data.combined import locate
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.sample import Picture, Sample
from crnn_seq2seq_ocr.errors import DataError, RecordError, did_you_mean
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.files import read_ordinary, replacing
from crnn_seq2seq_ocr.text import normalize

IMAGE_COLUMNS = ("image", "img", "picture", "jpg", "png", "image_bytes", "bytes")
TEXT_COLUMNS = ("text", "label", "transcription", "words", "txt", "ground_truth")
VIEWS_COLUMN = "views"

PARQUET, ARROW = ".parquet", ".arrow"

PICTURE_GROUPS = 4
"""Groups of pictures that a process keeps, or parts of large ones (`LARGE_GROUP`)."""

TEXT_GROUPS = 256

LARGE_GROUP = 64_000_000
"""Bytes of a group of Parquet that is read whole; a larger one is read in parts of that size.

A page of it, which PyArrow writes for every 1,024 rows, is in memory besides.
"""

PARQUET_BUFFER = 1 << 20
"""Bytes of a file that are read at a time."""

ROWS_OF_GROUP = 100
"""Rows of one group that we write: few, for a single row cannot be read without its group."""

_SHARD = re.compile(r"(?P<part>.+)-\d+-of-\d+")

Row = TypeVar("Row")


class _File(Protocol):
    """A file of rows in groups."""

    sizes: list[int]
    schema: Any

    def column(self, group: int, name: str) -> Any:
        """One column of a group: an Arrow array."""
        ...


class _Part(NamedTuple):
    """Some rows of a group of Parquet: the number of the part among those of its group, and how many rows it has."""

    group: int
    number: int
    rows: int


class _ParquetFile:
    """Groups, the large ones in parts: a part is found by reading those before it, and the next one comes at once."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet

        self._file = pyarrow.parquet.ParquetFile(path, buffer_size=PARQUET_BUFFER, pre_buffer=False)
        metadata = self._file.metadata
        groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
        self._parts = [part for number, group in enumerate(groups) for part in _parts(number, group)]
        self.sizes = [part.rows for part in self._parts]
        self.schema = self._file.schema_arrow
        self._next: dict[str, tuple[_Part, Iterator[Any]]] = {}
        """By column, the part that comes next, and what yields it."""

    def column(self, group: int, name: str) -> Any:
        part = self._parts[group]
        if part.rows == self._file.metadata.row_group(part.group).num_rows:
            return self._file.read_row_group(part.group, columns=[name]).column(name)
        following, columns = self._next.pop(name, (None, iter(())))  # taken out, so that two threads share none
        if following is None or following.group != part.group or following.number > part.number:
            first = self._parts[group - part.number]
            following, columns = first, _columns(self._file, part.group, name, first.rows)
        column = next(islice(columns, part.number - following.number, None))
        self._next[name] = part._replace(number=part.number + 1), columns
        return column


def _parts(number: int, group: Any) -> Iterator[_Part]:
    """Cut a group by the bytes that its columns say they have."""
    rows = group.num_rows
    size = max(1, rows * LARGE_GROUP // max(group.total_byte_size, LARGE_GROUP))
    for part, start in enumerate(range(0, rows, size)):
        yield _Part(number, part, min(size, rows - start))


def _columns(file: Any, group: int, name: str, size: int) -> Iterator[Any]:
    """Yield a column of a group in parts of so many rows, the last one shorter."""
    import pyarrow

    chunks: list[Any] = []
    for batch in file.iter_batches(batch_size=size, row_groups=[group], columns=[name]):
        chunks.append(batch.column(name))
        while sum(map(len, chunks)) >= size:
            kept = pyarrow.chunked_array(chunks)
            yield kept.slice(0, size)
            # An empty chunk would hold what it was cut from.
            chunks = [chunk for chunk in kept.slice(size).chunks if len(chunk)]
    if chunks:
        yield pyarrow.chunked_array(chunks)


class _ArrowFile:
    def __init__(self, path: Path) -> None:
        import pyarrow

        data = pyarrow.memory_map(str(path))
        try:  # `save_to_disk` writes a stream, other tools a file
            batches = list(pyarrow.ipc.open_stream(data))
        except pyarrow.ArrowInvalid:
            data.seek(0)
            reader = pyarrow.ipc.open_file(data)
            batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        self._batches = batches
        self.sizes = [batch.num_rows for batch in batches]
        self.schema = batches[0].schema if batches else pyarrow.schema([])

    def column(self, group: int, name: str) -> Any:
        column = self._batches[group].column(name)
        # What the file says of its own offsets is not believed: reading would go beyond them.
        column.validate(full=True)
        return column


def _open_file(path: Path) -> _File:
    """Open a file by what its name says it is.

    Raises:
        RecordError: It is damaged or of another format.
    """
    with needing(f"reading {path.name}"):
        import pyarrow
    try:
        return _ArrowFile(path) if path.suffix.lower() == ARROW else _ParquetFile(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise RecordError(f"cannot read {path}: {error}") from None


class ArrowSamples:
    """Rows of Parquet or Arrow files as samples, one file after the other.

    Pickles by its paths; files are opened when first needed, in each process for itself.

    Args:
        paths: The files, in order.
        image: The column of the pictures; else the first that is known or the only one that may be it.
        text: The column of the texts; else likewise.
        labelled: Whether there must be texts; without, they are empty.

    Raises:
        DataError: A column is not there, or it is not clear which it is.
        RecordError: A file is damaged.
        DependencyError: PyArrow is not installed.
    """

    def __init__(
        self, paths: list[Path], *, image: str | None = None, text: str | None = None, labelled: bool = True
    ) -> None:
        self.paths = paths
        files = [_open_file(path) for path in paths]
        self._image = _find_column(paths[0], files[0].schema, image, IMAGE_COLUMNS, "image", _is_picture)
        self._text = ""
        if labelled:
            self._text = _find_column(paths[0], files[0].schema, text, TEXT_COLUMNS, "text", _is_text)
        self._has_views = VIEWS_COLUMN in files[0].schema.names
        for path, file in zip(paths, files, strict=True):
            if not {self._image, self._text or self._image} <= set(file.schema.names):
                raise DataError(f"{path} has other columns than {paths[0]}: {', '.join(file.schema.names)}")
        self._groups = [(number, group) for number, file in enumerate(files) for group in range(len(file.sizes))]
        self._ends = np.cumsum([size for file in files for size in file.sizes], dtype=np.int64)
        self._begins = np.concatenate([np.cumsum([0, *file.sizes[:-1]]) for file in files])
        if not len(self):
            raise DataError(f"{paths[0]} holds no rows")
        self._open()

    def _open(self) -> None:
        self._file = functools.lru_cache(64)(lambda number: _open_file(self.paths[number]))
        self._pictures = functools.lru_cache(PICTURE_GROUPS)(lambda group: self._column(group, self._image))
        self._texts = functools.lru_cache(TEXT_GROUPS)(self._column)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_file", "_pictures", "_texts")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        kind = "Arrow" if self.paths[0].suffix.lower() == ARROW else "Parquet"
        return f"{kind} {self.paths[0]}{more}, columns {self._image} and {self._text}: {len(self):,} samples"

    @property
    def faults(self) -> list[str]:
        """Nothing: a file that is not whole does not open."""
        return []

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> Sample:
        """Read a sample.

        Raises:
            DataError: The row has no picture or text, or its picture is a file that is not there.
        """
        group, row = locate(self._ends, index, "row")
        name = self._name(group, row)
        picture = self._pictures(group)[row].as_py()
        views = self._texts(group, VIEWS_COLUMN)[row].as_py() if self._has_views else None
        return Sample(name, (self._picture(picture, name),), self.text(index), views)

    def name(self, index: int) -> str:
        """Return the name of a sample, without reading anything of it."""
        return self._name(*locate(self._ends, index, "row"))

    def text(self, index: int) -> str:
        """Return the text of a sample, without reading its picture."""
        if not self._text:
            return ""
        group, row = locate(self._ends, index, "row")
        text = self._texts(group, self._text)[row].as_py()
        if text is None:
            raise RecordError(f"{self._name(group, row)}: the row has no {self._text}")
        return normalize(text)

    def _name(self, group: int, row: int) -> str:
        number, _ = self._groups[group]
        return f"{self.paths[number].name}#{int(self._begins[group]) + row}"

    def _column(self, group: int, name: str) -> Any:
        import pyarrow

        number, inner = self._groups[group]
        try:
            return self._file(number).column(inner, name)
        except (pyarrow.ArrowException, OSError, KeyError, StopIteration) as error:
            raise RecordError(f"{self.paths[number]}: its column {name} is damaged ({error}): fetch it again") from None

    def _picture(self, picture: bytes | dict[str, Any] | None, name: str) -> Picture:
        if isinstance(picture, bytes):
            return picture
        fields = picture or {}
        data, path = fields.get("bytes"), fields.get("path")
        if data is not None:
            return bytes(data)
        if not path:
            raise RecordError(f"{name}: the row has no picture")
        place = self.paths[0].parent / path
        try:
            return read_ordinary(place)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{name}: cannot read the picture {place}: {reason}") from None


def write_parquet(path: Path, rows: Iterable[tuple[bytes, str, str, int | None]]) -> None:
    """Write a Parquet file as Hugging Face's ``datasets`` reads it: columns image, text and views.

    Args:
        path: The file; it appears only when it is complete.
        rows: Each the picture, the name of its file, the text, and how many views are real where that is known.
    """
    with needing("writing Parquet"):
        import pyarrow
        import pyarrow.parquet
    features = {"image": {"_type": "Image"}, "text": {"dtype": "string", "_type": "Value"},
                "views": {"dtype": "int32", "_type": "Value"}}  # fmt: skip
    schema = pyarrow.schema(
        [
            ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
            ("text", pyarrow.string()),
            ("views", pyarrow.int32()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    with replacing(path) as partial, pyarrow.parquet.ParquetWriter(partial, schema) as writer:
        for group in batched(rows, ROWS_OF_GROUP):
            writer.write_table(
                pyarrow.table(
                    {
                        "image": [{"bytes": picture, "path": name} for picture, name, _, _ in group],
                        "text": [text for _, _, text, _ in group],
                        "views": [views for _, _, _, views in group],
                    },
                    schema=schema,
                )
            )


def batched(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in lists of a size, the last one shorter."""
    rest = iter(rows)
    while group := list(islice(rest, size)):
        yield group


def _is_picture(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(kind.field(number).name == "bytes" for number in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _find_column(path: Path, schema: Any, wanted: str | None, usual: tuple[str, ...], what: str, fits: Any) -> str:
    """Find the column that is asked for, or usual, or the only one that fits."""
    columns = ", ".join(f"{field.name} ({field.type})" for field in schema)
    if wanted is not None:
        if wanted not in schema.names:
            raise DataError(f"{path} has no column {wanted!r}{did_you_mean(wanted, schema.names)}; it has {columns}")
        if not fits(schema.field(wanted).type):
            raise DataError(f"{path}: the column {wanted!r} holds no {what}; there are {columns}")
        return wanted
    fitting = [field.name for field in schema if fits(field.type)]
    found = next((name for name in usual if name in fitting), None)
    if found is None and len(fitting) == 1:
        found = fitting[0]
    if found is None:
        raise DataError(f"{path} has no column that is known as {what}: name it with ?{what}=COLUMN; it has {columns}")
    return str(found)


def part_of(name: str) -> str | None:
    """Return the part of a data set that a file such as ``train-00000-of-00002.parquet`` belongs to; None for others.

    Older data sets of the hub have a hash behind the numbers.
    """
    found = _SHARD.match(name)
    return found["part"] if found else None


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _open_samples(paths: list[Path], options: Options) -> ArrowSamples:
    place = paths[0]
    if place.is_dir():
        paths = [path for path in sorted(place.iterdir()) if _suffix(path.name) in (PARQUET, ARROW)]
        paths = [path for path in paths if not path.name.startswith((".", "cache-"))]
        if len({path.suffix.lower() for path in paths}) > 1:
            raise DataError(f"{place} holds Parquet and Arrow files: name those to read, as in '{place}/*{PARQUET}'")
        splits = sorted({part for path in paths if (part := part_of(path.name))})
        if len(splits) > 1:
            raise DataError(
                f"{place} holds several parts ({', '.join(splits)}): name one, as in '{place}/{splits[0]}-*'"
            )
    return ArrowSamples(paths, image=options.get("image"), text=options.get("text"))


FORMAT = Format(
    name="Parquet or Arrow files",
    accepted="Parquet or Arrow files of pictures and texts (Hugging Face data sets)",
    marks=lambda name: _suffix(name) in (PARQUET, ARROW),
    reads=lambda path: _suffix(path.name) in (PARQUET, ARROW),
    open=_open_samples,
    options=("image", "text"),
    shard="a Parquet or Arrow file",
)
