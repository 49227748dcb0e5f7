"""The file that readings are kept in: what is in it already, who may write to it, and writing now and then."""

import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from crnn_seq2seq_ocr.bulk.lines import Csv, JsonLines, Lines, Row, one_line, to_disk
from crnn_seq2seq_ocr.bulk.parquet_store import ParquetStore
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import writing
from crnn_seq2seq_ocr.system.parsing import parse_json

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""Between the cells of a table, by the end of its name."""


class Store(Protocol):
    """Readings on the disk; what a crash leaves of a write is no harm to the ones before."""

    every: float
    most: int

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are there."""
        ...

    def drop_failed(self) -> None:
        """Leave out the rows that failed."""
        ...

    def write(self, readings: Iterable[dict[str, Any]]) -> None:
        """Add readings; when this returns they are on the disk."""
        ...


class Results:
    """Readings in a store, written when some time has passed or many wait.

    Attributes:
        failed: How many in the store could not be read; known once `names` has come to its end.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[dict[str, Any]] = []
        self._written = time.monotonic()
        self.failed = 0

    def names(self) -> Iterator[str]:
        """Yield what is in the store, row by row; asked for once, to the end, before anything is added."""
        for row in self._store.rows():
            self.failed += row.failed
            yield one_line(row.name)

    def append(self, reading: dict[str, Any]) -> None:
        """Add what `Reading.to_dict` gives."""
        self.failed += "error" in reading
        self._waiting.append(reading)
        if len(self._waiting) >= self._store.most or time.monotonic() - self._written >= self._store.every:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []  # what half a write has left must not come once more
        if waiting:
            self._store.write(waiting)
        self._written = time.monotonic()


@contextlib.contextmanager
def open_results(
    path: Path, made_by: dict[str, Any], *, retry_failed: bool = False, store: Store | None = None
) -> Iterator[Results]:
    """Open a file of readings to go on with, or a new one; all that was added is on the disk at the end.

    Beside it lies a note, ``NAME.meta``, of what it is made by.

    Args:
        path: ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet`` (a folder of parts). Folders are made.
        made_by: What must be the same for all readings of a file.
        retry_failed: Leave out what could not be read, so that it is read again.
        store: How the file is written; None is what the end of its name means.

    Raises:
        DataError: It is of another kind, was made by something else, is damaged, or is being written to.
        DependencyError: PyArrow is not installed.
        StorageError: It cannot be written.
    """
    store = store or store_of(path)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path, made_by):
            if retry_failed and path.exists():
                store.drop_failed()
            results = Results(store)
            try:
                yield results
            finally:
                results.flush()


def store_of(path: Path, *, excel: bool = False) -> Store:
    """Return the store that the end of a name means; `excel` is for .csv and .tsv alone, see `lines.Csv`.

    Raises:
        DataError: It means none.
        DependencyError: PyArrow is not installed.
    """
    match path.suffix:
        case ".csv" | ".tsv":
            return Lines(path, Csv(DELIMITERS[path.suffix], excel=excel))
        case ".jsonl" if not excel:
            return Lines(path, JsonLines())
        case ".parquet" if not excel:
            return ParquetStore(path)
    raise unknown_output(path, excel=excel)


def unknown_output(path: Path, *, excel: bool) -> DataError:
    """Say what is wrong with a name that means no store."""
    ends = ".csv or .tsv" if excel else ".jsonl, .csv, .tsv or .parquet"
    return DataError(f"readings cannot be written to {path}: its name must end in {ends}")


@contextlib.contextmanager
def _claimed(path: Path, made_by: dict[str, Any]) -> Iterator[None]:
    """Keep the file for this process alone, and see that what is in it was made in the same way."""
    place = path.with_name(f"{path.name}.meta")
    if path.exists() and not place.exists():
        raise _foreign(path)  # and nothing is left beside it
    with place.open("a+", encoding="utf-8") as note:
        if not _lock(note):
            raise DataError(
                f"{path} is being written by another process: give each one its part with --shard, or wait for it"
            )
        if path.exists():
            _compare(path, place.read_bytes(), made_by)
        else:
            note.truncate(0)
            note.write(json.dumps(made_by, ensure_ascii=False) + "\n")
            to_disk(note)  # before the first reading: after a power failure it must say whose they are
        yield


def _lock(file: IO[str]) -> bool:
    """Whether this process has the file for itself until it is closed, as far as system and disk can tell."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass  # they have no such locks
    return True


def _foreign(path: Path) -> DataError:
    return DataError(
        f"{path} is there already, and was not made by `crnn-ocr read --output` (nothing says so in "
        f"{path.name}.meta): name another output"
    )


def _compare(path: Path, noted: bytes, made_by: dict[str, Any]) -> None:
    try:
        before = parse_json(noted)
    except ValueError:
        raise _foreign(path) from None
    if before != made_by:
        raise DataError(
            f"{path} holds readings made by {_told(before)}, which do not mix with those of {_told(made_by)}: "
            "name another output, or delete it to begin anew"
        )


def _told(made_by: Any) -> str:
    if not isinstance(made_by, dict):
        return repr(made_by)
    return ", ".join(f"{key} {value}" for key, value in made_by.items())
