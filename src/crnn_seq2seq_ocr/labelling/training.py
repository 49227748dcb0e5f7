"""A training on the labels of a page: the command ``crnn-ocr tune``, run by the page, and how far it is."""

import shlex
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.system.files import make_folder, read_ordinary, writing

OUTPUT = "output.txt"
"""What the command said, in the folder of the results."""

_TOLD = 12
"""Lines of it that are shown."""

_SECONDS_TO_END = 20.0


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        state: Whether one runs, or how the last one ended.
        lines: What the command said last.
        model: The folder of the model; None before it is there.
    """

    state: Literal["none", "running", "done", "failed"]
    lines: tuple[str, ...] = ()
    model: str | None = None


class Training:
    """Run ``crnn-ocr tune`` on a folder of labels, one at a time, in a process of its own.

    Args:
        model: The model to go on from.
        folder: The pictures with ``labels.tsv``.
        results: Where the folders of results go: ``FOLDER``, ``FOLDER-2``, ... for each training.
        python: What runs the command.
    """

    def __init__(
        self, model: str, folder: Path, *, results: Path = Path("runs"), python: tuple[str, ...] = (sys.executable,)
    ) -> None:
        self._model, self._folder, self._results, self._python = model, folder, results, python
        self._out: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @property
    def command(self) -> str:
        """What to type for the same."""
        return shlex.join(["crnn-ocr", "tune", self._model, str(self._folder)])

    def start(self) -> Progress:
        """Begin.

        Raises:
            CrnnOcrError: One is running.
            StorageError: The results cannot be written.
        """
        with self._lock:
            if self._running():
                raise CrnnOcrError("a training is running already: wait for its end")
            self._out = self._free()
            make_folder(self._out)
            arguments = [*self._python, "-m", "crnn_seq2seq_ocr", "tune", self._model, str(self._folder)]
            with writing(self._out / OUTPUT), (self._out / OUTPUT).open("w", encoding="utf-8") as output:
                self._process = self._begin([*arguments, "--out", str(self._out)], output)
        return self.progress()

    def progress(self) -> Progress:
        """Return how far it is."""
        process, out = self._process, self._out
        if process is None or out is None:
            return Progress("none")
        lines = read_ordinary(out / OUTPUT).decode("utf-8", "replace").splitlines()
        told = tuple(line for line in lines if line.strip())[-_TOLD:]
        status = process.poll()
        if status is None:
            return Progress("running", told)
        return Progress("done", told, str(out / "model")) if status == 0 else Progress("failed", told)

    def stop(self) -> None:
        """End what runs; it saves where it stands."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _free(self) -> Path:
        name = self._folder.resolve().name or "labels"
        number = 1
        while (found := self._results / (name if number == 1 else f"{name}-{number}")).exists():
            number += 1
        return found

    @staticmethod
    def _begin(arguments: list[str], output: TextIO) -> "subprocess.Popen[str]":
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True)
