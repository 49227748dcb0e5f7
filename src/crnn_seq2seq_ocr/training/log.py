"""What people and programs see of a training run: a live line, JSON lines, trackers such as TensorBoard."""

import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from accelerate.tracking import GeneralTracker
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crnn_seq2seq_ocr.system.files import writing


class TrainingLog:
    """Write ``log.jsonl`` into a run's folder, tell trackers, and show the progress on a terminal.

    Args:
        folder: The run's folder.
        total: Steps of the whole training.
        active: False for all processes but the first, which then write and show nothing.
        console: Where to show; None shows nothing.
        trackers: That are told the numbers, as `training.trackers.start_trackers` gives them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        total: int,
        active: bool,
        console: Console | None,
        trackers: Sequence[GeneralTracker] = (),
    ) -> None:
        self._trackers = trackers
        self._console = console if active else None
        self._file: TextIO | None = None
        self._progress: Progress | None = None
        if not active:
            return
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / "log.jsonl").open("a", encoding="utf-8")
        self._folder = folder
        if self._console is not None and self._console.is_terminal:
            columns = (BarColumn(30), TextColumn("{task.description}"), TimeRemainingColumn())
            self._progress = Progress(*columns, console=self._console)
            self._task = self._progress.add_task("starting", total=total)
            self._progress.start()

    def message(self, text: str) -> None:
        """Print a line for people."""
        if self._console is not None:
            self._console.print(text, markup=False, highlight=False)

    def training(self, step: int, total: int, values: dict[str, float]) -> None:
        """Numbers of some training steps: epoch, loss, learning_rate, pictures_per_second, data_wait, seconds_left."""
        self._write("training", step, values)
        line = (
            f"step {step}/{total}  epoch {values['epoch']:.2f}  loss {values['loss']:.3f}  "
            f"lr {values['learning_rate']:.2e}  {values['pictures_per_second']:.0f} pictures/s  "
            f"data wait {values['data_wait']:.0%}"
        )
        if self._progress is not None:
            self._progress.update(self._task, completed=step, description=line)
        else:
            self.message(f"{line}  {_duration(values['seconds_left'])} left")

    def validation(self, step: int, values: dict[str, float], examples: list[tuple[str, str]]) -> None:
        """Numbers of a validation and some (reference, prediction) pairs."""
        self._write("validation", step, values, examples=[list(pair) for pair in examples])
        self.message(
            f"step {step}: validation on {values['samples']:.0f} samples: strict sequence accuracy "
            f"{values['sequence_accuracy']:.1%}, cer {values['cer']:.1%}"
        )
        for reference, prediction in examples:
            self.message(f"    {'=' if reference == prediction else 'x'} {reference!r} read as {prediction!r}")

    def event(self, kind: str, step: int, text: str, **details: Any) -> None:
        """Something worth telling: skipped steps, dropped samples, the end."""
        self._write_line({"kind": kind, "step": step, "time": time.time(), "message": text, **details})
        self.message(text)

    def close(self) -> None:
        """Flush and end the live line."""
        if self._progress is not None:
            self._progress.stop()
        if self._file is not None:
            # All lines are on the disk or have raised an error: how closing goes changes nothing.
            with contextlib.suppress(OSError):
                self._file.close()
        for tracker in self._trackers:
            with contextlib.suppress(OSError):
                tracker.finish()

    def _write(self, kind: str, step: int, values: dict[str, float], **details: Any) -> None:
        self._write_line({"kind": kind, "step": step, "time": time.time(), **values, **details})
        for tracker in self._trackers:
            with writing(self._folder / tracker.name):
                tracker.log({f"{kind}/{name}": value for name, value in values.items()}, step=step)

    def _write_line(self, content: dict[str, Any]) -> None:
        if self._file is None:
            return
        with writing(self._folder / "log.jsonl"):
            self._file.write(json.dumps(content, ensure_ascii=False) + "\n")
            self._file.flush()


class Meter:
    """Means between two lines of the log.

    Args:
        step: The step that the training stands at.
        pictures: Pictures of one step, of all processes.
    """

    def __init__(self, step: int, pictures: int) -> None:
        self._pictures = pictures
        self.restart(step)

    def restart(self, step: int) -> None:
        """Forget what was measured: what comes next counts from here."""
        self._first_step, self._since = step, time.perf_counter()
        self._waited, self._loss, self._finite = 0.0, 0.0, 0

    def add(self, loss: float | None, *, waited: float) -> None:
        """One step: its loss (None if it was skipped), and seconds of waiting for data."""
        self._waited += waited
        if loss is not None:
            self._loss += loss
            self._finite += 1

    def values(self, step: int, *, total: int, rate: float, epoch: float) -> dict[str, float]:
        """Return what `TrainingLog.training` shows; the next line counts from here. Loss 0: no step was made."""
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        steps = max(1, step - self._first_step)
        values = {
            "epoch": epoch,
            "loss": self._loss / max(1, self._finite),
            "learning_rate": rate,
            "pictures_per_second": steps * self._pictures / elapsed,
            "data_wait": self._waited / elapsed,
            "seconds_left": (total - step) * elapsed / steps,
        }
        self.restart(step)
        return values


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
