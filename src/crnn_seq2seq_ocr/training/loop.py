"""The steps of a training: step, report, evaluate, save, until the end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from crnn_seq2seq_ocr.checkpoint import folders, weights
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.config import Recipe, TrainingSettings
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import CrnnOcrError, TrainingError
from crnn_seq2seq_ocr.system.signals import StopRequest
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.batches import Batch
from crnn_seq2seq_ocr.training.learner import Learner, Progress
from crnn_seq2seq_ocr.training.log import Meter, TrainingLog
from crnn_seq2seq_ocr.training.validation import validate

SKIPPED_IN_A_ROW = 100
"""So many steps in a row that were not finite: the training goes nowhere."""


@dataclass
class Run:
    """A training on its way.

    Attributes:
        recipe: All settings.
        folder: Where checkpoints go.
        tokenizer: Of the network's ids.
        learner: What learns.
        accelerator: Devices and processes.
        log: Where it is told of.
        interrupted: Some process was asked to stop.
        stopped: A validation was good enough, or too many were not better.
        skipped_in_a_row: How many of the last steps were not finite.
    """

    recipe: Recipe
    folder: Path
    tokenizer: Tokenizer
    learner: Learner
    accelerator: Accelerator
    log: TrainingLog
    interrupted: bool = False
    stopped: bool = False
    skipped_in_a_row: int = 0

    def go(self, batches: Iterator[Batch], validation: Source | None, stop: StopRequest, *, samples: int) -> None:
        """Evaluate, save, step and report until the end; `samples` are an epoch."""
        settings, progress = self.recipe.training, self.learner.progress
        global_batch_size = settings.batch_size * settings.accumulate * self.accelerator.num_processes
        meter = Meter(progress.step, global_batch_size)
        made: list[_Made] = []
        saved = progress.step
        while True:
            # Also what an interrupted training had no time for.
            judged = None
            if validation is not None and _due(progress, settings) and not self.interrupted:
                judged = self._validate(validation)
                meter.restart(progress.step)
            end = self.interrupted or self.stopped or progress.step >= settings.steps
            if judged is not None or (progress.step > saved and (end or progress.step % settings.save_every == 0)):
                self._save(judged or _Judged({}, is_best=False))
                saved = progress.step
            if end:
                return
            try:
                made.append(self._step(batches, stop))
            except CrnnOcrError:  # in all processes at the same step
                self._save_before_the_end(made, meter, saved)
                raise
            # One step behind, for asking sooner would let the device wait; where it counts, all.
            while len(made) > (0 if self.interrupted or _counts(progress.step, settings) else 1):
                self._report(made.pop(0), meter)
            if progress.step % settings.log_every == 0 or progress.step == settings.steps:
                epoch = progress.step * global_batch_size / samples
                line = meter.values(progress.step, total=settings.steps, rate=self.learner.rate, epoch=epoch)
                self.log.training(progress.step, settings.steps, line)

    def _validate(self, validation: Source) -> "_Judged":
        """How good it is; notes whether that is enough."""
        settings, progress = self.recipe.training, self.learner.progress
        description = describe(self.recipe, self.tokenizer, progress.step, {})
        result = validate(
            self.learner.evaluated, description, validation, settings.validation_samples, self.accelerator
        )
        self.log.validation(progress.step, result.values, result.examples)
        score = result.values["sequence_accuracy"]
        # Of equals the later one has seen more.
        is_best = score >= progress.best or score > progress.best - settings.tolerance
        self.stopped = _judge(score, progress, self.recipe, self.log)
        return _Judged(result.values, is_best=is_best)

    def _save(self, judged: "_Judged") -> None:
        """Write a checkpoint; where that fails, all processes end."""
        failure: Exception | None = None
        if self.accelerator.is_main_process:
            progress = self.learner.progress
            description = describe(self.recipe, self.tokenizer, progress.step, judged.values)
            try:
                if not self.learner.is_finite():
                    raise TrainingError(
                        f"the weights are not finite any more at step {progress.step}, which is not saved: go on from "
                        f"the last checkpoint with --resume and a lower training.optimizer.learning_rate"
                    )
                saved = weights.save_checkpoint(self.folder, self.learner.evaluated, description, self.learner.state())
                if judged.is_best:
                    folders.mark_best(self.folder, saved, judged.values["sequence_accuracy"])
                folders.remove_old(self.folder, keep_last=self.recipe.training.keep_last)
            except (CrnnOcrError, OSError) as error:
                failure = error
        optimization.agree(self.accelerator, [], failure)

    def _save_before_the_end(self, made: list["_Made"], meter: Meter, saved: int) -> None:
        """Keep what was learnt until an error; steps up to `saved` are kept already."""
        for each in made:
            self._report(each, meter)
        step = self.learner.progress.step
        if step > saved:
            self._save(_Judged({}, is_best=False))
            self.log.event("saved", step, f"step {step} is saved; --resume goes on once the cause is mended")

    def _step(self, batches: Iterator[Batch], stop: StopRequest) -> "_Made":
        """One update, whose result nobody has waited for yet."""
        settings = self.recipe.training
        started = time.perf_counter()
        parts, failure = _next_parts(batches, settings.accumulate)
        waited = time.perf_counter() - started
        (divisor,) = optimization.agree(self.accelerator, [optimization.global_divisor(parts, settings)], failure)
        result = self.learner.learn(parts, divisor, stop)
        return _Made(self.learner.progress.step, result, parts, waited)

    def _report(self, made: "_Made", meter: Meter) -> None:
        """Wait for a step's result, and tell of it."""
        loss, finite, stops = made.result.tolist()
        meter.add(loss if finite else None, waited=made.waited)
        self.skipped_in_a_row = 0 if finite else self.skipped_in_a_row + 1
        if not finite:
            _report_skip(made, self.learner.progress, self.log, self.accelerator)
        if self.skipped_in_a_row == SKIPPED_IN_A_ROW:
            raise TrainingError(
                f"{SKIPPED_IN_A_ROW} steps in a row were not finite, up to {made.step}: look at the data with "
                f"`crnn-ocr data check`, lower training.optimizer.learning_rate, or go on from an earlier checkpoint"
            )
        _report_drops(made.parts, self.learner.progress, self.log)
        self.interrupted |= bool(stops)


class _Judged(NamedTuple):
    """What a validation found, and whether it is the best so far."""

    values: dict[str, float]
    is_best: bool


class _Made(NamedTuple):
    """A step that was made: its number, what `Learner.learn` gave, its batches, and seconds of waiting for them."""

    step: int
    result: Tensor
    parts: list[Batch]
    waited: float


def describe(recipe: Recipe, tokenizer: Tokenizer, step: int, values: dict[str, float]) -> Description:
    """Return what a checkpoint says of itself; `values` of its validation, empty if it had none."""
    return Description(
        charset=tokenizer.charset,
        max_length=recipe.text.max_length,
        preprocessing=recipe.preprocessing,
        model=recipe.model,
        name=recipe.name,
        step=step,
        metrics={f"validation_{name}": value for name, value in values.items()},
        allow=recipe.text.allow,
        pattern=recipe.text.pattern,
    )


def _due(progress: Progress, settings: TrainingSettings) -> bool:
    """Whether a validation belongs after this step and has not been made."""
    last = progress.step == settings.steps
    return progress.step > progress.validated and (last or progress.step % settings.evaluate_every == 0)


def _next_parts(batches: Iterator[Batch], count: int) -> tuple[list[Batch], CrnnOcrError | None]:
    """Return the batches of one update, or what is wrong with the data or a worker: all processes must hear of it."""
    try:
        return list(islice(batches, count)), None
    except CrnnOcrError as error:
        return [], error


def _judge(score: float, progress: Progress, recipe: Recipe, log: TrainingLog) -> bool:
    """Note a validation's score; whether training should stop."""
    settings = recipe.training
    progress.validated = progress.step
    better = score > progress.best - settings.tolerance
    progress.validations_since_best = 0 if better else progress.validations_since_best + 1
    progress.best = max(progress.best, score)
    if settings.stop_at is not None and score >= settings.stop_at:
        log.event("stop", progress.step, f"stopped: strict sequence accuracy reached {score:.1%}")
        return True
    if settings.patience is not None and progress.validations_since_best >= settings.patience:
        log.event("stop", progress.step, f"stopped: {settings.patience} validations without a better one")
        return True
    return False


def _counts(step: int, settings: TrainingSettings) -> bool:
    """Whether the log, a validation or a checkpoint after this step needs its result."""
    every = (settings.log_every, settings.evaluate_every, settings.save_every)
    return step == settings.steps or any(step % number == 0 for number in every)


def _report_skip(made: _Made, progress: Progress, log: TrainingLog, accelerator: Accelerator) -> None:
    progress.skipped_steps += 1
    names = [name for part in made.parts for name in part.names]
    if accelerator.num_processes > 1:
        names = gather_object(names)
    log.event("skipped", made.step, f"step {made.step} was not finite and is skipped", samples=names)


def _report_drops(parts: list[Batch], progress: Progress, log: TrainingLog) -> None:
    for part in parts:
        for dropped in part.dropped:
            progress.dropped_samples += 1
            if progress.dropped_samples <= 5:
                log.event("dropped", progress.step, f"dropped and replaced: {dropped.reason}")
            elif progress.dropped_samples == 6:
                log.event("dropped", progress.step, "more samples are dropped; `crnn-ocr data check` lists all")
