"""A long conversion in parts: each is noted as it is completed, so that an interrupted one goes on."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crnn_seq2seq_ocr.data.parallel import in_order
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import replacing, writing

_CHUNK = 16
"""Samples that a worker process converts in one go."""

Progress = Callable[[int, int], None]


class Failure(NamedTuple):
    """A sample that could not be converted."""

    name: str
    reason: str


@dataclass(frozen=True)
class Conversion:
    """What came of a conversion.

    Attributes:
        samples: How many the source has.
        failures: Those that could not be converted, in the source's order.
        paths: The shards, or the list of labels.
    """

    samples: int
    failures: list[Failure]
    paths: list[Path]

    @property
    def written(self) -> int:
        """How many samples were converted."""
        return self.samples - len(self.failures)


@dataclass
class Job:
    """A conversion in parts, which are noted in a hidden folder as they are completed.

    Attributes:
        block: Samples of each part; None makes the parts equal.
        targets: What must not be there before a first run.
    """

    source: Source
    folder: Path
    name: str
    settings: dict[str, Any]
    parts: int
    resume: bool
    targets: list[Path]
    block: int | None = None
    _notes: Path = field(init=False)

    def __post_init__(self) -> None:
        self._notes = self.folder / f".conversion-{self.name}"

    def run(
        self,
        convert: Callable[[range], list[Any]],
        write: Callable[[int, Iterator[Any]], list[Any]],
        workers: int,
        progress: Progress | None,
    ) -> None:
        """Convert and write the parts that are not complete.

        Args:
            convert: What processes do with a few samples: for each what is to be written, or a `Failure`.
            write: Writes one part and returns the rows to note of it.
            workers: Number of processes that convert.
            progress: Called with the number of samples done, and of all.
        """
        with writing(self.folder):
            self._begin()
            pending = [number for number in range(self.parts) if not self._note(number).exists()]
            chunks = {number: list(_chunks(self._samples(number))) for number in pending}
            done = len(self.source) - sum(len(self._samples(number)) for number in pending)
            results = in_order(convert, chain.from_iterable(chunks.values()), workers)
            for number in pending:
                failures: list[Failure] = []
                mine = chain.from_iterable(islice(results, len(chunks[number])))
                counted = _counted(mine, done, len(self.source), progress)
                rows = write(number, _without(counted, failures))
                with replacing(self._note(number)) as temporary:
                    temporary.write_text(json.dumps({"rows": rows, "failures": failures}), encoding="utf-8")
                done += len(self._samples(number))

    def result(self, paths: list[Path]) -> Conversion:
        """Return what came of it.

        Raises:
            DataError: Nothing was written.
        """
        failures = [Failure(*each) for note in self._read_notes() for each in note["failures"]]
        result = Conversion(len(self.source), failures, paths)
        if not result.written:
            shutil.rmtree(self._notes)
            for path in self.targets:
                path.unlink(missing_ok=True)
            first = "\n".join(f"  {each.name}: {each.reason}" for each in failures[:5])
            raise DataError(f"not one of {len(self.source)} samples could be converted, the first are\n{first}")
        return result

    def rows(self, parts: int | None = None) -> Iterator[list[str]]:
        """Yield what `write` has returned for the first parts, or all, in order."""
        for note in self._read_notes(parts):
            yield from note["rows"]

    def _begin(self) -> None:
        """Make the folders; refuse to mix with what is there.

        Raises:
            DataError: The folder holds something else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {"source": self.source.description, "content": _fingerprint(self.source), **self.settings}
        state = self._notes / "settings.json"
        if not self.resume:
            shutil.rmtree(self._notes, ignore_errors=True)
        elif state.exists():
            if json.loads(state.read_text(encoding="utf-8")) != wanted:
                raise DataError(
                    f"{self.folder} holds a conversion of another source or with other settings: choose another "
                    "folder, or redo it without resuming (--redo)"
                )
            self._forget_lost_parts()
            return
        elif existing := [path for path in self.targets if path.exists()]:
            raise DataError(
                f"{existing[0]} exists and is not of this conversion: choose another folder, or redo it without "
                "resuming (--redo), which replaces it"
            )
        self._notes.mkdir()
        with replacing(state) as temporary:
            temporary.write_text(json.dumps(wanted), encoding="utf-8")

    def _forget_lost_parts(self) -> None:
        """Parts whose shard was deleted since are not complete."""
        if self.block is None:
            for number, path in enumerate(self.targets):
                if not path.exists():
                    self._note(number).unlink(missing_ok=True)

    def _note(self, number: int) -> Path:
        return self._notes / f"{number:05d}.json"

    def _read_notes(self, parts: int | None = None) -> Iterator[dict[str, Any]]:
        for number in range(self.parts if parts is None else parts):
            yield json.loads(self._note(number).read_text(encoding="utf-8"))

    def _samples(self, number: int) -> range:
        """Indexes of the samples of a part."""
        total = len(self.source)
        if self.block is not None:
            return range(number * self.block, min((number + 1) * self.block, total))
        return range(number * total // self.parts, (number + 1) * total // self.parts)


def _chunks(samples: range) -> Iterator[range]:
    return (samples[start : start + _CHUNK] for start in range(0, len(samples), _CHUNK))


def _counted(results: Iterable[Any], done: int, total: int, progress: Progress | None) -> Iterator[Any]:
    for number, result in enumerate(results, done + 1):
        yield result
        if progress:
            progress(number, total)


def _without(results: Iterable[Any], failures: list[Failure]) -> Iterator[Any]:
    """Yield the results that are no failures, and put those aside."""
    for result in results:
        if isinstance(result, Failure):
            failures.append(result)
        else:
            yield result


def _fingerprint(source: Source) -> str:
    """Tells sources apart that describe themselves alike: their size and texts from all over."""
    places = np.linspace(0, len(source) - 1, min(len(source), 32)).astype(int)
    texts: list[str | None] = []
    for place in places:
        try:
            texts.append(source.text(int(place)))
        except DataError:
            texts.append(None)
    return hashlib.sha256(json.dumps([len(source), texts]).encode()).hexdigest()
