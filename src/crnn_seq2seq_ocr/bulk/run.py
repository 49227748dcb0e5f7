"""Reading all pictures of a listing into a file: only what is not in it yet, until it is done or asked to stop."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from crnn_seq2seq_ocr.bulk.listing import Entry, Listing
from crnn_seq2seq_ocr.bulk.marks import Marks
from crnn_seq2seq_ocr.bulk.results import Results, open_results, store_of
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.system.signals import StopRequest, stop_requests

Item = TypeVar("Item")


@dataclass(frozen=True)
class ReadingProgress:
    """How far it has come.

    Attributes:
        total: Texts of the listing.
        before: How many of them were in the file at the beginning.
        read: How many were read since, those that failed too.
        failed: How many in the file could not be read.
    """

    total: int
    before: int
    read: int
    failed: int

    @property
    def done(self) -> int:
        """How many are in the file."""
        return self.before + self.read

    @property
    def left(self) -> int:
        """How many are not in the file."""
        return self.total - self.done


def read_into(
    path: Path,
    listing: Listing,
    reader: Reader,
    *,
    batch_size: int = 32,
    beam: int = 1,
    lexicon: Constraint | None = None,
    workers: int = 4,
    retry_failed: bool = False,
    excel: bool = False,
    progress: Callable[[ReadingProgress], None] | None = None,
) -> ReadingProgress:
    """Read what a file does not hold yet of a listing, and add it there, in order.

    Ctrl-C and SIGTERM end it after what is being read; something is left then. A crash at any time costs the
    readings of the last second (a minute for Parquet), and the same call goes on.

    Args:
        path: See `results.open_results`.
        listing: What to read; a text that is listed twice is read twice.
        reader: The model.
        batch_size: Texts read together.
        beam: Width of the search.
        lexicon: The only allowed texts.
        workers: Threads that open and decode files.
        retry_failed: Read again what could not be read.
        excel: See `results.store_of`.
        progress: Told how far it has come, after each text.

    Raises:
        DataError: The file is of another listing, model or search, damaged, or being written to.
        StorageError: It cannot be written, or the disk is full.
    """
    with open_results(
        path, made_by(reader, beam, lexicon), retry_failed=retry_failed, store=store_of(path, excel=excel)
    ) as results:
        marks = Marks(listing, results.names(), path)
        so_far = ReadingProgress(marks.total, marks.done, 0, results.failed)
        with stop_requests() as stop:
            pending = until(stop, marks.pending())
            rows = read_entries(pending, reader, batch_size=batch_size, beam=beam, lexicon=lexicon, workers=workers)
            return keep(rows, results, so_far, progress)


def keep(
    rows: Iterable[dict[str, Any]],
    results: Results,
    so_far: ReadingProgress,
    progress: Callable[[ReadingProgress], None] | None,
) -> ReadingProgress:
    """Add what was read to a file, one after the other, and tell how far it has come."""
    for number, row in enumerate(rows, 1):
        results.append(row)
        so_far = replace(so_far, read=number, failed=results.failed)
        if progress:
            progress(so_far)
    return so_far


def read_entries(
    entries: Iterable[Entry], reader: Reader, *, batch_size: int, beam: int, lexicon: Constraint | None, workers: int
) -> Iterator[dict[str, Any]]:
    """Yield what `Reading.to_dict` gives for each entry, in order, under the entry's name; see `read_into`."""
    taken, names = itertools.tee(entries)
    readings = reader.read_stream(
        (entry.open() for entry in taken), batch_size=batch_size, beam=beam, lexicon=lexicon, workers=workers
    )
    for reading, entry in zip(readings, names, strict=False):
        yield replace(reading, name=entry.name).to_dict()


def until(stop: StopRequest, entries: Iterable[Item]) -> Iterator[Item]:
    """Entries, until it is asked to stop."""
    for entry in entries:
        if stop.requested:
            return
        yield entry


def made_by(reader: Reader, beam: int, lexicon: Constraint | None) -> dict[str, Any]:
    """Return what must be the same for all readings of a file; on which device, and in what batches, need not."""
    description = reader.description
    # What people are told of a model may be written anew; it reads the same.
    content = json.dumps(replace(description, about="", results=()).to_dict(), sort_keys=True).encode()
    digest = hashlib.sha256(content)
    for file in reader.files:
        digest.update(_digest(file))
    return {
        "model": description.name,
        "step": description.step,
        "fingerprint": digest.hexdigest()[:16],
        "beam": beam,
        "lexicon": lexicon and lexicon.fingerprint,
    }


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
