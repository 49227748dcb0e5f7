"""Training: build, restore, then step, report, evaluate, save."""

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml
from accelerate import Accelerator
from accelerate.utils import gather_object
from pydantic import ValidationError
from rich.console import Console
from torch import Tensor

from crnn_seq2seq_ocr import checkpoint, engine, model_folders
from crnn_seq2seq_ocr.allocator import keep_freed_memory
from crnn_seq2seq_ocr.config import Recipe, TrainingSettings
from crnn_seq2seq_ocr.data.batches import Batch, Collate, Positions, TrainingExamples, training_batches
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.description import Description
from crnn_seq2seq_ocr.errors import CheckpointError, CrnnOcrError, DataError, RecipeError
from crnn_seq2seq_ocr.initial import Initial, resolve_charset
from crnn_seq2seq_ocr.interrupts import StopRequest, stop_requests
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.report.training import Meter, TrainingLog
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.validation import validate

RECIPE = "recipe.yaml"
POOL = 16
"""Batches that are cut out of one pool of samples where pictures have different widths."""


@dataclass
class Progress:
    """Where a training stands; all of it is in a checkpoint."""

    step: int = 0
    validated: int = 0
    best: float = -1.0
    validations_since_best: int = 0
    skipped_steps: int = 0
    dropped_samples: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        folder: The run's folder.
        step: Steps made in all.
        best: The best validation's strict sequence accuracy, -1 without validation.
        interrupted: A signal ended it; ``resume`` goes on.
    """

    folder: Path
    step: int
    best: float
    interrupted: bool


def train(
    recipe: Recipe,
    *,
    folder: Path,
    resume: bool = False,
    initial: Path | None = None,
    console: Console | None = None,
) -> Outcome:
    """Train a recogniser.

    Args:
        recipe: All settings.
        folder: Where checkpoints and logs go.
        resume: Go on from the folder's last checkpoint.
        initial: A model whose weights to start from; its sizes must be the recipe's, and its characters count by
            ``text.charset_policy``. One that is resumed does not need it.
        console: Where to show progress; None shows nothing.

    Raises:
        RecipeError, DataError, CharsetError, CheckpointError, StorageError: Each says what to do.
    """
    settings = recipe.training
    keep_freed_memory()
    accelerator = engine.make_accelerator(settings)
    main = accelerator.is_main_process
    _check_folder(recipe, folder, resume=resume)
    last = model_folders.last_checkpoint(folder) if resume else None
    start = Initial.load(initial) if initial is not None and last is None else None

    # Build.
    source = _training_source(recipe)
    validation = open_source(recipe.data.validation) if recipe.data.validation else None
    tokenizer = Tokenizer(_charset(recipe, source, last, start))
    torch.manual_seed(settings.seed)
    recognizer = Recognizer(recipe.model, recipe.preprocessing, len(tokenizer))
    taken_over = start.hand_over(recognizer, tokenizer) if start is not None else None
    if settings.channels_last:
        recognizer = recognizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if settings.compile:
        recognizer.encoder.compile()
    optimizer = engine.make_optimizer(recognizer, settings.optimizer, device=accelerator.device)
    model, optimizer = accelerator.prepare(recognizer, optimizer)
    recognizer = accelerator.unwrap_model(model)
    average = engine.WeightAverage(recognizer, settings.optimizer.average) if settings.optimizer.average else None
    evaluated: Recognizer = average.module if average is not None else recognizer  # type: ignore[assignment]

    # Restore.
    progress = Progress()
    if last is not None:
        progress = _restore(checkpoint.load_state(last), recognizer, optimizer, average, accelerator)
    log = TrainingLog(folder, total=settings.steps, active=main, console=console)
    if main:
        _write_recipe(recipe, folder)
    log.message(_introduction(recipe, source, recognizer, accelerator, progress))
    if taken_over is not None:
        log.message(taken_over)

    def save(values: dict[str, float], *, is_best: bool) -> None:
        failure: Exception | None = None
        if main:
            try:
                state = _state(progress, recognizer, optimizer, average, accelerator)
                description = describe(recipe, tokenizer, progress.step, values)
                saved = checkpoint.save_checkpoint(folder, evaluated, description, state)
                if is_best:
                    model_folders.mark_best(folder, saved, progress.best)
                model_folders.remove_old(folder, keep_last=settings.keep_last)
            except (CrnnOcrError, OSError) as error:
                failure = error
        engine.agree(accelerator, [], failure)

    global_batch_size = settings.batch_size * settings.accumulate * accelerator.num_processes
    made: list[_Made] = []
    batches = _batches(recipe, source, tokenizer, accelerator, progress.step)
    meter = Meter(progress.step, global_batch_size)
    saved_step, interrupted, stopped = progress.step, False, False
    # Closing the batches ends their workers.
    with stop_requests() as stop, contextlib.closing(log), contextlib.closing(batches):
        while True:
            # Evaluate: also what an interrupted training had no time for.
            values: dict[str, float] = {}
            is_best = False
            if validation is not None and _due(progress, settings) and not interrupted:
                description = describe(recipe, tokenizer, progress.step, {})
                found = validate(evaluated, description, validation, settings.validation_samples, accelerator)
                log.validation(progress.step, found.values, found.examples)
                meter.restart(progress.step)
                values = found.values
                is_best = values["sequence_accuracy"] > progress.best
                stopped = _judge(values["sequence_accuracy"], progress, recipe, log)

            # Save.
            end = interrupted or stopped or progress.step >= settings.steps
            if values or (progress.step > saved_step and (end or progress.step % settings.save_every == 0)):
                save(values, is_best=is_best)
                saved_step = progress.step
            if end:
                break

            # Step.
            started = time.perf_counter()
            parts, failure = _next_parts(batches, settings.accumulate)
            waited = time.perf_counter() - started
            (divisor,) = engine.agree(accelerator, [engine.global_divisor(parts, settings)], failure)
            rate = engine.learning_rate(progress.step, settings.optimizer, settings.steps)
            engine.set_learning_rate(optimizer, rate)
            # After the data: starting the workers draws from the same generator.
            engine.seed_step(settings.seed, progress.step, accelerator.process_index)
            result = _step(model, parts, divisor, settings, progress.step, accelerator, optimizer, stop)
            if average is not None:
                average.update(recognizer, finite=result[1])
            progress.step += 1
            made.append(_Made(progress.step, result, parts, waited))

            # Report: one step behind, for asking sooner would let the device wait; where it counts, all.
            behind = 0 if _counts(progress.step, settings) else 1
            while len(made) > behind:
                interrupted |= _report_step(made.pop(0), meter, progress, log, accelerator)
                behind = 0 if interrupted else behind
            if progress.step % settings.log_every == 0 or progress.step == settings.steps:
                epoch = progress.step * global_batch_size / len(source)
                line = meter.values(progress.step, total=settings.steps, rate=rate, epoch=epoch)
                log.training(progress.step, settings.steps, line)
        _say_end(log, progress, folder, interrupted=interrupted)
    accelerator.end_training()
    return Outcome(folder, progress.step, progress.best, interrupted)


def describe(recipe: Recipe, tokenizer: Tokenizer, step: int, values: dict[str, float]) -> Description:
    """What a checkpoint says of itself; `values` of its validation, empty if it had none."""
    return Description(
        charset=tokenizer.charset,
        max_length=recipe.text.max_length,
        preprocessing=recipe.preprocessing,
        model=recipe.model,
        name=recipe.name,
        step=step,
        metrics={f"validation_{name}": value for name, value in values.items()},
    )


def _due(progress: Progress, settings: TrainingSettings) -> bool:
    """Whether a validation belongs after this step and has not been made."""
    last = progress.step == settings.steps
    return progress.step > progress.validated and (last or progress.step % settings.evaluate_every == 0)


def _next_parts(batches: Iterator[Batch], count: int) -> tuple[list[Batch], DataError | None]:
    """The batches of one update, or what is wrong with the data: all processes must hear of it."""
    try:
        return list(islice(batches, count)), None
    except DataError as error:
        return [], error


def _step(
    model: torch.nn.Module,
    parts: list[Batch],
    divisor: float,
    settings: TrainingSettings,
    step: int,
    accelerator: Accelerator,
    optimizer: Any,
    stop: StopRequest,
) -> Tensor:
    """One update, left to the device: (3,) the loss, 1 if it was finite (else the model is as before), stops wanted."""
    model.train()
    if settings.freeze_norm:
        engine.freeze_norms(model)
    running = [(buffer, buffer.clone()) for buffer in model.buffers()]
    total = torch.zeros((), device=accelerator.device)
    for number, part in enumerate(parts):
        forced = engine.forced_tokens(tuple(part.targets.shape), settings.teacher_forcing, step / settings.steps)  # type: ignore[arg-type]
        last = number == len(parts) - 1
        with contextlib.nullcontext() if last else accelerator.no_sync(model):
            loss = engine.batch_loss(model, part, forced, settings) / divisor
            # Gradients are averaged over the processes: the factor makes it their sum.
            accelerator.backward(loss * accelerator.num_processes)
        total += loss.detach()
    most = settings.optimizer.clip if settings.optimizer.clip is not None else float("inf")
    norm = accelerator.clip_grad_norm_(model.parameters(), most)
    wanted = torch.tensor(float(stop.requested)).to(accelerator.device, non_blocking=True)
    result: Tensor = accelerator.reduce(torch.stack([total, wanted]), reduction="sum")
    finite = torch.isfinite(result[0]) & torch.isfinite(norm)
    engine.update_weights(optimizer, finite, precision=settings.precision)
    for buffer, before in running:
        buffer.copy_(torch.where(finite, buffer, before))
    optimizer.zero_grad()
    return torch.stack([result[0], finite.float(), result[1]])


def _training_source(recipe: Recipe) -> Source:
    source = open_source(recipe.data.train)
    if recipe.data.train_samples is not None:
        from crnn_seq2seq_ocr.data.sources import Subset

        source = Subset(source, range(min(recipe.data.train_samples, len(source))))
    if len(source) == 0:
        raise DataError(f"{recipe.data.train} holds no samples")
    return source


def _batches(
    recipe: Recipe, source: Source, tokenizer: Tokenizer, accelerator: Accelerator, first_step: int
) -> Generator[Batch, None, None]:
    settings = recipe.training
    pool = POOL if recipe.preprocessing.resize == "fit" else 1
    examples = TrainingExamples(
        source,
        tokenizer,
        recipe.preprocessing,
        augmentation=recipe.augmentation,
        max_length=recipe.text.max_length,
        seed=settings.seed,
    )
    collate = Collate(
        # The original's rows hold begin, up to max_length characters, end: so many steps are counted.
        target_length=recipe.text.max_length + 2 if settings.loss.padding == "counted" else None,
        trim_views=recipe.model.encoder.views == "memory",
        batches=pool,
    )
    positions = Positions(
        batch_size=settings.batch_size,
        accumulate=settings.accumulate,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
        first_step=first_step,
        pool=pool,
    )
    pin_memory = accelerator.device.type == "cuda"
    return training_batches(examples, collate, positions, workers=recipe.data.workers, pin_memory=pin_memory)


def _charset(recipe: Recipe, source: Source, last: Path | None, start: Initial | None) -> str:
    """Of the checkpoint to resume from, whatever it began with; else as the settings say."""
    if last is not None:
        return model_folders.load_description(last).charset
    return resolve_charset(recipe.text, source, start)


def _check_folder(recipe: Recipe, folder: Path, *, resume: bool) -> None:
    if not resume:
        if model_folders.checkpoints(folder):
            raise RecipeError(f"{folder} holds a run already: resume it, or name another folder with --out")
        return
    if model_folders.last_checkpoint(folder) is None:
        raise CheckpointError(f"{folder} holds no checkpoint to resume from: start without --resume")
    try:
        before = Recipe.model_validate(yaml.safe_load((folder / RECIPE).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise CheckpointError(
            f"{folder / RECIPE} is missing, damaged or of another version: {error}\nput the recipe of this run there"
        ) from None
    changed = [
        section
        for section in ("text", "preprocessing", "model")
        if before.model_dump()[section] != recipe.model_dump()[section]
    ]
    if changed:
        raise RecipeError(f"{folder} was trained with other settings of {', '.join(changed)}: start anew with --out")


def _write_recipe(recipe: Recipe, folder: Path) -> None:
    text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    model_folders.write_whole(folder / RECIPE, text)


def _state(
    progress: Progress, recognizer: Recognizer, optimizer: Any, average: Any, accelerator: Accelerator
) -> dict[str, Any]:
    return {
        "progress": vars(progress).copy(),
        "model": recognizer.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.state_dict() if average is not None else None,
        "scaler": accelerator.scaler.state_dict() if accelerator.scaler is not None else None,
    }


def _restore(
    state: dict[str, Any], recognizer: Recognizer, optimizer: Any, average: Any, accelerator: Accelerator
) -> Progress:
    try:
        recognizer.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        if average is not None and state["average"] is not None:
            average.load_state_dict(state["average"])
        if accelerator.scaler is not None and state["scaler"] is not None:
            accelerator.scaler.load_state_dict(state["scaler"])
        return Progress(**state["progress"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"the checkpoint to resume from does not fit this recipe: {error}") from None


def _judge(score: float, progress: Progress, recipe: Recipe, log: TrainingLog) -> bool:
    """Note a validation's score; whether training should stop."""
    settings = recipe.training
    progress.validated = progress.step
    if score > progress.best:
        progress.best, progress.validations_since_best = score, 0
    else:
        progress.validations_since_best += 1
    if settings.stop_at is not None and score >= settings.stop_at:
        log.event("stop", progress.step, f"stopped: strict sequence accuracy reached {score:.1%}")
        return True
    if settings.patience is not None and progress.validations_since_best >= settings.patience:
        log.event("stop", progress.step, f"stopped: {settings.patience} validations without a better one")
        return True
    return False


class _Made(NamedTuple):
    """A step that was made: its number, what `_step` gave, its batches, and seconds of waiting for them."""

    step: int
    result: Tensor
    parts: list[Batch]
    waited: float


def _counts(step: int, settings: TrainingSettings) -> bool:
    """Whether the log, a validation or a checkpoint after this step needs its result."""
    every = (settings.log_every, settings.evaluate_every, settings.save_every)
    return step == settings.steps or any(step % number == 0 for number in every)


def _report_step(
    made: _Made, meter: Meter, progress: Progress, log: TrainingLog, accelerator: Accelerator
) -> bool:
    """Wait for a step's result and tell of it; whether any process wants to stop."""
    loss, finite, stops = made.result.tolist()
    meter.add(loss if finite else None, waited=made.waited)
    if not finite:
        _report_skip(made, progress, log, accelerator)
    _report_drops(made.parts, progress, log)
    return bool(stops)


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


def _introduction(
    recipe: Recipe, source: Source, recognizer: Recognizer, accelerator: Accelerator, progress: Progress
) -> str:
    millions = sum(parameter.numel() for parameter in recognizer.parameters()) / 1e6
    start = f"going on from step {progress.step}" if progress.step else "starting"
    return (
        f"{recipe.name}: {millions:.2f} million parameters on {accelerator.num_processes} x {accelerator.device.type} "
        f"({recipe.training.precision}), {start}\ntraining data: {source.description}"
    )


def _say_end(log: TrainingLog, progress: Progress, folder: Path, *, interrupted: bool) -> None:
    best = f", best strict sequence accuracy {progress.best:.1%}" if progress.best >= 0 else ""
    if interrupted:
        log.event("interrupted", progress.step, f"interrupted at step {progress.step} and saved; --resume goes on")
    else:
        log.event("end", progress.step, f"trained {progress.step} steps{best}; the model is in {folder}")
