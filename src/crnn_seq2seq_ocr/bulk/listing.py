"""What is to be read: one entry for each text, from a list or the command line, as often as it is asked for."""

import codecs
import hashlib
import os
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from crnn_seq2seq_ocr.bulk.shard import Shard
from crnn_seq2seq_ocr.data.formats.labels import BETWEEN_VIEWS
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.system.addresses import is_remote
from crnn_seq2seq_ocr.system.stores import local_copy

_BOM = codecs.BOM_UTF8


class Entry(NamedTuple):
    """One text that is to be read.

    Attributes:
        name: As its list or the command line names it.
        open: What `Reader.read_stream` takes: the files of its views, or what lies in a packed file.
    """

    name: str
    open: Callable[[], list[str] | Sample | Reading]


class Entries(Protocol):
    """Entries in order, the same whenever they are asked for; they are not held."""

    def __iter__(self) -> Iterator[Entry]: ...

    def split(self, size: int) -> "list[Entries]":
        """ParquetStore one after the other, each of `size` entries but the last; a packed file is a part of its own."""
        ...

    def identity(self) -> list[str]:
        """Return what tells these entries from others, wherever they lie: the same on every machine."""
        ...


@dataclass(frozen=True)
class Listing:
    """The texts to read, or the part of one process.

    Attributes:
        entries: All of them.
        shard: Which of them are meant.
    """

    entries: Entries
    shard: Shard = field(default=Shard(1, 1))

    def __iter__(self) -> Iterator[Entry]:
        return self.shard.take(self.entries)

    def part(self, shard: Shard) -> "Listing":
        """Return the entries of one shard."""
        return replace(self, shard=shard)


@dataclass(frozen=True)
class Names:
    """Names that are held: files of the command line, or pages.

    Attributes:
        names: A file each.
    """

    names: Sequence[str]

    def __iter__(self) -> Iterator[Entry]:
        return (Entry(name, partial(_single, name)) for name in self.names)

    def split(self, size: int) -> list[Entries]:
        """See `Entries`."""
        return [Names(self.names[start : start + size]) for start in range(0, len(self.names), size)]

    def identity(self) -> list[str]:
        """See `Entries`."""
        return list(self.names)


def _single(name: str) -> list[str]:
    return [name]


class ListFile:
    """The lines of a list: one text a line, its views joined by ``|``; blank lines are left out.

    Args:
        opened: Opens the list; what it gives is closed again.
        where: What messages call it.
        folder: What relative names in it start from.
        start: Where in the file these lines begin.
        count: How many entries there are from there; None are all.
    """

    def __init__(
        self,
        opened: Callable[[], BufferedReader],
        where: str,
        folder: Path,
        *,
        start: int = 0,
        count: int | None = None,
    ) -> None:
        self._opened, self._where, self._folder = opened, where, folder
        self._start, self._count = start, count

    def __iter__(self) -> Iterator[Entry]:
        with self._opened() as file:
            file.seek(self._start)
            for line in islice(_checked(file, self._where), self._count):
                yield Entry(line, partial(_files, line, self._folder))

    def split(self, size: int) -> list[Entries]:
        """See `Entries`."""
        starts = array("q")
        entries = place = 0
        with self._opened() as file:
            for line in file:
                if line.removeprefix(_BOM).strip():
                    if entries % size == 0:
                        starts.append(place)
                    entries += 1
                place += len(line)
        return [ListFile(self._opened, self._where, self._folder, start=start, count=size) for start in starts]

    def identity(self) -> list[str]:
        """See `Entries`."""
        with self._opened() as file:
            file.seek(0)
            return [hashlib.file_digest(file, "sha256").hexdigest()]


def _files(entry: str, folder: Path) -> list[str]:
    """Return the views of an entry of a list: files, or addresses in an object store."""
    files = map(str.strip, entry.split(BETWEEN_VIEWS))
    return [file if is_remote(file) else str(folder / file) for file in files]


def read_listing(name: str) -> Listing:
    """Look through a list of pictures; its lines are not held.

    Args:
        name: The file, whose folder is what relative names in it start from; ``-`` is standard input, which is kept
            in a temporary file, and where they start from the working folder. Of one in an object store the whole
            folder is fetched.

    Raises:
        DataError: It cannot be read, lists nothing, or a line is no list of files.
    """
    if name == "-":
        entries = ListFile(_kept(sys.stdin), "standard input", Path())
    else:
        path = local_copy(name, whole_folder=True)
        entries = ListFile(partial(_open, path), name, path.parent)
    if not sum(1 for _ in entries):
        raise DataError(f"{'standard input' if name == '-' else name} lists no pictures: write one path a line")
    return Listing(entries)


def listed_files(name: str) -> Iterator[str]:
    """Yield the files that a list names, the views of a text one by one; see `read_listing`."""
    for entry in read_listing(name):
        files = entry.open()
        assert isinstance(files, list)
        yield from files


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read the list {path}: {error.strerror or error}") from None


def _kept(lines: Iterable[str]) -> Callable[[], BufferedReader]:
    """Lines in a file that goes with the process, to be opened again and again."""
    with tempfile.TemporaryFile() as file:
        # Names of files are bytes: those that are no UTF-8 are kept too.
        file.writelines(line.encode(errors="surrogateescape") for line in lines)
        file.flush()
        number = os.dup(file.fileno())  # never closed: the file goes with the process

    def again() -> BufferedReader:
        file = os.fdopen(os.dup(number), "rb")
        file.seek(0)
        return file

    return again


def _checked(lines: Iterable[bytes], where: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        entry = line.removeprefix(_BOM).decode(errors="surrogateescape").strip()
        if not entry:
            continue
        if "\0" in entry:
            raise DataError(f"{where}:{number}: not a path: give a text file with one path a line")
        if BETWEEN_VIEWS in entry and not all(file.strip() for file in entry.split(BETWEEN_VIEWS)):
            raise DataError(f"{where}:{number}: a path is missing beside {BETWEEN_VIEWS!r} in {entry!r}")
        yield entry
