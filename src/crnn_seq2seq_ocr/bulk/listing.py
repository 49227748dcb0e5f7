"""What is to be read: one entry for each text, as a list or the command line names it."""

import codecs
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crnn_seq2seq_ocr.bulk.shard import Shard
from crnn_seq2seq_ocr.data.formats.labels import BETWEEN_VIEWS
from crnn_seq2seq_ocr.errors import DataError


@dataclass(frozen=True)
class Listing:
    """The texts to read. Only their names are held: nothing is looked up on the disk.

    Attributes:
        entries: A file each, or the views of one text.
        folder: Of the list that names them: files stand relative to it, and ``|`` stands between views. None where
            each entry is one file, as it is.
    """

    entries: list[str]
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def part(self, shard: Shard) -> "Listing":
        """Return the entries of one shard."""
        return replace(self, entries=list(shard.take(self.entries)))

    def files(self, entry: str) -> list[str]:
        """Return the views of an entry."""
        if self.folder is None:
            return [entry]
        return [str(self.folder / file.strip()) for file in entry.split(BETWEEN_VIEWS)]


def read_listing(name: str) -> Listing:
    """Read a list of pictures: one text a line, its views joined by ``|``; blank lines are left out.

    Args:
        name: The file, whose folder is what relative names in it start from; ``-`` is standard input, where they
            start from the working folder.

    Raises:
        DataError: It cannot be read, lists nothing, or a line is no list of files.
    """
    if name == "-":
        return Listing(_entries(sys.stdin, "standard input"), Path())
    path = Path(name)
    try:
        # Names of files are bytes: those that are no UTF-8 are kept too.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            return Listing(_entries(lines, name), path.parent)
    except OSError as error:
        raise DataError(f"cannot read the list {path}: {error.strerror or error}") from None


def _entries(lines: Iterable[str], where: str) -> list[str]:
    entries = list(_checked(lines, where))
    if not entries:
        raise DataError(f"{where} lists no pictures: write one path a line")
    return entries


def _checked(lines: Iterable[str], where: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        entry = line.removeprefix(codecs.BOM_UTF8.decode()).strip()
        if not entry:
            continue
        if "\0" in entry:
            raise DataError(f"{where}:{number}: not a path: give a text file with one path a line")
        if not all(file.strip() for file in entry.split(BETWEEN_VIEWS)):
            raise DataError(f"{where}:{number}: a path is missing beside {BETWEEN_VIEWS!r} in {entry!r}")
        yield entry
