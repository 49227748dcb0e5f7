"""Reading shared by processes that come and go: each takes the next part of a listing, through the output folder alone.

A part is written to a file of its process first, in JSON lines, and takes its name in the output when it is whole. So
the output has each part once, however many have read it; what a process that was ended leaves is gone on with.
"""

import contextlib
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.bulk.leases import Leases
from crnn_seq2seq_ocr.bulk.lines import JsonLines, Lines, one_line, to_disk
from crnn_seq2seq_ocr.bulk.listing import Entries
from crnn_seq2seq_ocr.bulk.marks import Marks
from crnn_seq2seq_ocr.bulk.results import Results, store_of
from crnn_seq2seq_ocr.bulk.run import made_by, read_entries, until
from crnn_seq2seq_ocr.bulk.table import import_pyarrow, to_table
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.system.files import writing
from crnn_seq2seq_ocr.system.parsing import parse_json
from crnn_seq2seq_ocr.system.signals import StopRequest, stop_requests

WORK = ".work"
"""Folder of leases and of parts that are not whole, in the output: what reads tables leaves out such names."""

PAUSE = 1.0
"""Seconds between two looks for parts, while others have all that are left."""


@dataclass(frozen=True)
class SharedProgress:
    """How far it has come.

    Attributes:
        total: Parts of the listing.
        done: Parts in the output, whoever read them.
        read: Texts that this process has read.
        failed: How many of them could not be read.
    """

    total: int
    done: int
    read: int = 0
    failed: int = 0


def share_into(
    folder: Path,
    entries: Entries,
    reader: Reader,
    *,
    part_size: int,
    batch_size: int = 32,
    beam: int = 1,
    lexicon: Constraint | None = None,
    workers: int = 4,
    excel: bool = False,
    progress: Callable[[SharedProgress], None] | None = None,
) -> SharedProgress:
    """Read parts of a listing that nobody reads or has read, until none is left or it is asked to stop.

    It ends when all parts are in the output: where others read the last ones, it waits, and takes over what they leave.

    Args:
        folder: The output; its name says how its parts are written, see `results.store_of`.
        entries: What to read, the same for all processes.
        reader: The model.
        part_size: Texts of a part.
        batch_size: Texts read together.
        beam: Width of the search.
        lexicon: The only allowed texts.
        workers: Threads that open and decode files.
        excel: See `results.store_of`.
        progress: Told how far it has come, after each text and while it waits.

    Raises:
        DataError: The folder is of another listing, model or search, or of something else.
        StorageError: It cannot be written, or the disk is full.
    """
    parts = entries.split(part_size)
    work = folder / WORK
    with writing(folder), stop_requests() as stop:
        work.mkdir(parents=True, exist_ok=True)
        leases = Leases(work)
        made = made_by(reader, beam, lexicon) | {"list": _digest(entries), "part_size": part_size}
        _claim(folder, made, leases.token)
        so_far = SharedProgress(len(parts), 0)

        def tell(reading: dict[str, Any]) -> None:
            nonlocal so_far
            so_far = replace(so_far, read=so_far.read + 1, failed=so_far.failed + ("error" in reading))
            if progress:
                progress(so_far)

        while True:
            there = set(os.listdir(folder))
            left = [number for number in range(len(parts)) if _place(folder, number).name not in there]
            so_far = replace(so_far, done=len(parts) - len(left))
            if progress:
                progress(so_far)
            if not left or stop.requested:
                return so_far
            number = next((each for each in left if leases.take(_name(each))), None)
            if number is None:
                time.sleep(PAUSE)
                continue
            with leases.held(_name(number)):
                if not _place(folder, number).exists():  # as it is now that nobody else has it
                    part = _Part(parts[number], _name(number), work / f"{_name(number)}.{leases.token}.jsonl")
                    readings = part.read(
                        reader, stop, tell, batch_size=batch_size, beam=beam, lexicon=lexicon, workers=workers
                    )
                    if readings is not None:
                        whole = work / f"whole.{leases.token}{folder.suffix}"
                        _write(readings, whole, _place(folder, number), excel=excel)
                    if _place(folder, number).exists():  # be it by another, while this process stood still
                        part.tidy()


@dataclass(frozen=True)
class _Part:
    """A part that this process reads.

    Attributes:
        entries: Of it.
        name: Of it.
        path: Where this process alone writes its readings.
    """

    entries: Entries
    name: str
    path: Path

    def read(
        self,
        reader: Reader,
        stop: StopRequest,
        tell: Callable[[dict[str, Any]], None],
        **how: Any,
    ) -> list[dict[str, Any]] | None:
        """Read what is not read yet; all readings, or None where it was asked to stop or disturbed."""
        store = Lines(self.path, JsonLines())
        left = max((list(_readings(path)) for path in self._files()), key=len, default=[])
        self.path.unlink(missing_ok=True)
        store.write(left)
        results = Results(store)
        try:
            marks = Marks(self.entries, (one_line(each["name"]) for each in left), self.path)
            for reading in read_entries(until(stop, marks.pending()), reader, **how):
                results.append(reading)
                tell(reading)
        finally:
            results.flush()
        found = list(_readings(self.path))
        whole = Counter(one_line(entry.name) for entry in self.entries)
        return found if Counter(one_line(each["name"]) for each in found) == whole else None

    def tidy(self) -> None:
        """Remove what processes have left of it."""
        for path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.path.parent.glob(f"{self.name}.*.jsonl"))


def _readings(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the readings of a file, up to what a process that was ended has left half written."""
    with contextlib.suppress(FileNotFoundError, ValueError), path.open("rb") as file:
        for line in file:
            reading = parse_json(line)
            if not line.endswith(b"\n") or not isinstance(reading, dict) or not isinstance(reading.get("name"), str):
                return
            yield reading


def _write(readings: list[dict[str, Any]], path: Path, place: Path, *, excel: bool) -> None:
    """Write a part to a path, then give it its name in the output: it is whole there or not there."""
    path.unlink(missing_ok=True)
    if place.suffix == ".parquet":
        with path.open("wb") as file:
            import_pyarrow().parquet.write_table(to_table(readings), file, compression="zstd")
            to_disk(file)
    else:
        store_of(path, excel=excel).write(readings)
    os.replace(path, place)


def _claim(folder: Path, made: dict[str, Any], token: str) -> None:
    """See that what is in the folder is made in the same way; the first process says how."""
    note, ours = folder / WORK / "made_by.json", folder / WORK / f"made_by.{token}.json"
    if not note.exists() and _has_content(folder):
        raise DataError(f"{folder} is there already, and was not made by `crnn-ocr read --share`: name another output")
    ours.write_text(json.dumps(made, ensure_ascii=False) + "\n", encoding="utf-8")
    try:
        os.link(ours, note)  # the first one stays
    except FileExistsError:
        pass
    except OSError:  # a disk that knows no links
        if not note.exists():
            os.replace(ours, note)
    ours.unlink(missing_ok=True)
    try:
        before = parse_json(note.read_bytes())
    except ValueError:
        before = None
    if before != made:
        known = before if isinstance(before, dict) else {}
        others = ", ".join(key for key in made if known.get(key) != made[key])
        raise DataError(f"{folder} was made with another {others}: name another output, or give the command as before")


def _has_content(folder: Path) -> bool:
    return any(each.name != WORK for each in folder.iterdir())


def _digest(entries: Entries) -> str:
    return hashlib.sha256(json.dumps(entries.identity()).encode()).hexdigest()[:16]


def _name(number: int) -> str:
    return f"part-{number:06d}"


def _place(folder: Path, number: int) -> Path:
    return folder / f"{_name(number)}{folder.suffix}"
