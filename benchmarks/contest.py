"""The measuring of a comparison: tools read the same pictures in turns, alone and in batches."""

import contextlib
import itertools
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import packages_size, python_of, tool_named
from benchmarks.pictures import Data
from benchmarks.workers import UnreadyError, Worker

CHUNK = 256
"""The most pictures that one tool reads before it is the next one's turn."""

WARMUP = 4
"""Pictures that are read before it counts."""


@dataclass(frozen=True)
class Rules:
    """How tools are measured.

    Attributes:
        tools: Those that are asked to take part, as on the command line.
        environments: Folder of their environments.
        threads: And cores of each.
        batch: Pictures read together, beside one at a time.
        rounds: The fewest.
        patience: Seconds until a silent tool is ended.
    """

    tools: Sequence[str]
    environments: Path
    threads: int
    batch: int
    rounds: int
    patience: float


@dataclass
class Row:
    """What one tool did with one set of data.

    Attributes:
        data: Name of the data.
        tool: The tool, as on the command line.
        title: What it calls itself.
        versions: Of its packages.
        texts: What it read; None for failures.
        errors: Of the failures, by index of the sample.
        ms_alone: Milliseconds a picture, one at a time: means of the rounds.
        ms_together: The same in batches; empty if it has none.
        other_in_batches: Texts that differ when read in batches.
        batch_errors: Why batches failed.
        models: Bytes of the models on the disk.
        packages: Bytes of the packages.
        memory_alone: The most that the process held until it had read its first pictures one at a time, bytes.
        memory: The most that it held at all, bytes.
    """

    data: str
    tool: str
    title: str
    versions: str
    models: int
    packages: int
    texts: list[str | None] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    ms_alone: list[float] = field(default_factory=list)
    ms_together: list[float] = field(default_factory=list)
    other_in_batches: int = 0
    batch_errors: list[str] = field(default_factory=list)
    memory_alone: int = 0
    memory: int = 0


@dataclass
class Contest:
    """Tools on one set of data.

    Attributes:
        data: The data.
        rules: The same for all.
        folder: For logs.
        absent: Why tools could not take part, by tool; shared by all sets.
    """

    data: Data
    rules: Rules
    folder: Path
    absent: dict[str, str]

    def rows(self) -> list[Row]:
        """What each tool did; in rounds, so that whatever else the machine does falls on all of them alike."""
        with contextlib.ExitStack() as stack:
            entrants = [entrant for spec in self.rules.tools for entrant in self._entrants(spec, stack)]
            for worker, samples, _ in entrants:
                worker.read_alone(samples[:WARMUP])
            for turn, chunk in enumerate(self._chunks()):
                print(f"{self.data.name}: pictures {chunk.start + 1} to {chunk.stop}", file=sys.stderr)
                first = turn % len(entrants) if entrants else 0
                for worker, samples, row in (*entrants[first:], *entrants[:first]):
                    self._read(worker, [samples[place] for place in chunk], row, chunk.start)
        return [row for _, _, row in entrants]

    def _entrants(self, spec: str, stack: contextlib.ExitStack) -> Iterator[tuple[Worker, list[list[str]], Row]]:
        """The tool's worker, its samples and its row, if it can take part."""
        tool, name, variant = tool_named(spec)
        environments, threads = self.rules.environments, self.rules.threads
        python = python_of(name, environments)
        how = f"`python -m benchmarks.compare --install --tools {name} --environments FOLDER`"
        if not python.exists():
            self._leave_out(spec, f"not installed: {how}")
            return
        command = [str(python), str(tool.script), variant, self.data.kind, str(threads)]
        log = self.folder / f"{len(list(self.folder.iterdir()))}.log"
        try:
            worker = Worker(command, threads=threads, log=log, patience=self.rules.patience)
        except UnreadyError as unready:
            if unready.kind != "unfit":
                what = "not installed" if unready.kind == "absent" else "failed"
                self._leave_out(spec, f"{what}: {unready}")
            return
        stack.callback(worker.close)
        packages = packages_size(name, environments)
        told = worker.ready
        row = Row(self.data.name, spec, told["title"], told["versions"], told["models"], packages)
        yield worker, self.data.whole if tool.strips else self.data.views, row

    def _leave_out(self, spec: str, reason: str) -> None:
        """Say at once, and in the table, why a tool cannot take part."""
        if spec not in self.absent:
            print(f"{spec} takes no part: {reason}", file=sys.stderr)
        self.absent[spec] = reason

    def _chunks(self) -> Iterator[range]:
        """Which samples to read in each round; where there are few, they are read several times."""
        count = len(self.data.references)
        size = max(self.rules.batch, min(CHUNK, -(-count // self.rules.rounds)))
        chunks = [range(start, min(count, start + size)) for start in range(0, count, size)]
        return itertools.islice(itertools.cycle(chunks), max(len(chunks), self.rules.rounds))

    def _read(self, worker: Worker, samples: list[list[str]], row: Row, start: int) -> None:
        """One round of one tool: a chunk one by one, and what could be read of it once more in batches."""
        answers = worker.read_alone(samples)
        row.memory_alone = row.memory_alone or worker.memory
        good = [place for place, answer in enumerate(answers) if "error" not in answer]
        new = start == len(row.texts)
        if new:
            row.texts += [answer.get("text") for answer in answers]
            row.errors |= {start + place: answer["error"] for place, answer in enumerate(answers) if "error" in answer}
        if not good:
            return
        row.memory = worker.memory
        row.ms_alone.append(statistics.mean(answers[place]["ms"] for place in good))
        if not worker.ready["batches"]:
            return
        size = self.rules.batch
        filled = list(itertools.islice(itertools.cycle(good), max(len(good), size)))
        together = worker.read_together([samples[place] for place in filled], size)
        row.memory = worker.memory
        if "error" in together:
            row.batch_errors.append(together["error"])
            return
        row.ms_together.append(together["ms"] / len(filled))
        if new:
            pairs = zip(good, together["texts"], strict=False)  # those that only fill the batch are left out
            row.other_in_batches += sum(answers[place]["text"] != text for place, text in pairs)
