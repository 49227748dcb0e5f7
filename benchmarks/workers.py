"""The coordinator's side of a comparison: a tool in a process of its own, asked in JSON lines (see tools/serve.py)."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DEATHS = 3
"""How often a worker may die before it is not started again."""

Answer = dict[str, Any]


class DeadWorkerError(Exception):
    """The process of a tool has ended before it answered."""


class UnreadyError(Exception):
    """A worker cannot begin.

    Attributes:
        kind: `absent` (something must be installed), `unfit` (other pictures are its business) or `error`.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Worker:
    """A tool that reads.

    Args:
        command: Starts it.
        threads: What its libraries are told to use.
        log: Where what it prints goes.
        patience: Seconds it may take for a picture, or for a batch; then it is ended and counts as dead.

    Attributes:
        ready: What it told of itself.
        memory: The most that it has held, bytes.
        deaths: How often it has died.

    Raises:
        UnreadyError: It cannot begin.
    """

    def __init__(self, command: Sequence[str], *, threads: int, log: Path, patience: float) -> None:
        self._command = command
        self._threads = threads
        self._log = log
        self.patience = patience
        self.memory = 0
        self.deaths = 0
        self.ready = self._start()

    def read_alone(self, samples: Sequence[Sequence[str]]) -> list[Answer]:
        """For each sample its `text` and `ms`, or an `error`, one read after the other."""
        answers: list[Answer] = []
        while len(answers) < len(samples):
            try:
                self._ask(samples[len(answers) :], 1)
                while len(answers) < len(samples):
                    answers.append(self._answer())
            except DeadWorkerError as died:
                answers.append({"error": str(died)})
        return answers

    def read_together(self, samples: Sequence[Sequence[str]], size: int) -> Answer:
        """The `texts` of samples that were read so many at a time and the `ms` of all, or an `error`."""
        try:
            self._ask(samples, size)
            return self._answer()
        except DeadWorkerError as died:
            return {"error": str(died)}

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with contextlib.suppress(OSError):  # what it has not taken any more
                pipe.close()

    def _start(self) -> Answer:
        counts = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, encoding="utf-8",
                env={**os.environ, **dict.fromkeys(counts, str(self._threads))},
            )  # fmt: skip
        try:
            answer = self._answer()
        except DeadWorkerError as died:
            raise UnreadyError("error", str(died)) from None
        if "ready" in answer:
            ready: Answer = answer["ready"]
            return ready
        self.close()
        kind, reason = next(iter(answer.items()))
        raise UnreadyError(kind, reason)

    def _ask(self, samples: Sequence[Sequence[str]], size: int) -> None:
        if self._process.poll() is not None:
            self._start_again()
        try:
            assert self._process.stdin
            self._process.stdin.write(json.dumps({"pictures": samples, "batch": size}) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None

    def _start_again(self) -> None:
        if self.deaths >= DEATHS:
            raise DeadWorkerError(f"it had died {self.deaths} times and was not started again")
        try:
            self._start()
        except UnreadyError as unready:
            raise DeadWorkerError(f"it could not be started again: {unready}") from None

    def _answer(self) -> Answer:
        """The next line; a worker that keeps silent is ended."""
        timer = threading.Timer(self.patience, self._process.kill)
        timer.start()
        try:
            assert self._process.stdout
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            raise self._died()
        answer: Answer = json.loads(line)
        self.memory = max(self.memory, answer.get("memory", 0))
        return answer

    def _died(self) -> DeadWorkerError:
        self.deaths += 1
        self.close()
        lines = [line.strip() for line in self._log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
        last = f": {lines[-1]}" if lines else ""
        return DeadWorkerError(f"its process ended with {self._process.returncode}{last}")
