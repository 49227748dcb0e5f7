"""Training: what it needs is built and restored; `loop` goes through the steps."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from rich.console import Console

from crnn_seq2seq_ocr.checkpoint import folders, weights
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.allocator import keep_freed_memory
from crnn_seq2seq_ocr.system.signals import stop_requests
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training import messages, optimization
from crnn_seq2seq_ocr.training.data import batches_of, make_examples, training_source, validation_source
from crnn_seq2seq_ocr.training.finetune import PretrainedModel, resolve_charset
from crnn_seq2seq_ocr.training.learner import Learner
from crnn_seq2seq_ocr.training.log import TrainingLog
from crnn_seq2seq_ocr.training.loop import Run
from crnn_seq2seq_ocr.training.peers import watched_peers
from crnn_seq2seq_ocr.training.run_folder import check_folder, only_here, write_recipe
from crnn_seq2seq_ocr.training.trackers import start_trackers


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
    recipe = optimization.with_precision(recipe)
    keep_freed_memory()
    accelerator = optimization.make_accelerator(recipe.training)
    check_folder(recipe, folder, resume=resume)
    with watched_peers(accelerator), only_here(folder, accelerator):
        check_folder(recipe, folder, resume=resume)  # as it is now that nobody else writes there
        outcome = _train(recipe, accelerator, folder=folder, resume=resume, initial=initial, console=console)
        # The model first: one that is the last to hold the connections waits for their threads, and these for the
        # interpreter, which it keeps from them for ever.
        accelerator.free_memory()
        accelerator.end_training()
        return outcome


def _train(
    recipe: Recipe,
    accelerator: Accelerator,
    *,
    folder: Path,
    resume: bool,
    initial: Path | None,
    console: Console | None,
) -> Outcome:
    settings = recipe.training
    last = folders.last_checkpoint(folder) if resume else None
    start = PretrainedModel.load(initial) if initial is not None and last is None else None

    source = training_source(recipe)
    validation = validation_source(recipe)
    tokenizer = Tokenizer(_charset(recipe, source, last, start))
    Pattern(tokenizer, allow=recipe.text.allow, expression=recipe.text.pattern)  # a wrong one is said now
    torch.manual_seed(settings.seed)
    recognizer = Recognizer(recipe.model, recipe.preprocessing, len(tokenizer))
    taken_over = start.load_into(recognizer, tokenizer) if start is not None else None
    learner = Learner(recognizer, settings, accelerator)
    if last is not None:
        learner.restore(weights.load_state(last))

    if accelerator.is_main_process:
        write_recipe(recipe, folder)
    main = accelerator.is_main_process
    trackers = start_trackers(recipe, folder) if main else []
    log = TrainingLog(folder, total=settings.steps, active=main, console=console, trackers=trackers)
    log.message(messages.introduction(recipe, source, validation, learner, accelerator))
    if taken_over is not None:
        log.message(taken_over)
    batches = batches_of(
        recipe,
        make_examples(recipe, source, tokenizer),
        workers=recipe.data.workers,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
        first_step=learner.progress.step,
        pin_memory=accelerator.device.type == "cuda",
    )
    run = Run(recipe, folder, tokenizer, learner, accelerator, log)
    # Closing the batches ends their workers.
    with stop_requests() as stop, contextlib.closing(log), contextlib.closing(batches):
        run.go(batches, validation, stop, samples=len(source))
        messages.end(log, recipe, learner.progress, folder, interrupted=run.interrupted)
    return Outcome(folder, learner.progress.step, learner.progress.best, run.interrupted)


def _charset(recipe: Recipe, source: Source, last: Path | None, start: PretrainedModel | None) -> str:
    """Of the checkpoint to resume from, whatever it began with; else as the settings say."""
    if last is not None:
        return folders.load_description(last).charset
    return resolve_charset(recipe.text, source, start)
