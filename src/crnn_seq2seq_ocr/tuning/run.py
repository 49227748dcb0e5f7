"""A tuning from its plan to a released model, with what it read before and after."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console

from crnn_seq2seq_ocr.checkpoint.folders import last_checkpoint
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.config import Recipe, load_recipe
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.evaluation.calibrate import LEAST, calibrate
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, evaluate, write_report
from crnn_seq2seq_ocr.export.release import release
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.training.run_folder import RECIPE
from crnn_seq2seq_ocr.training.train import train
from crnn_seq2seq_ocr.tuning.blend import blend
from crnn_seq2seq_ocr.tuning.card import Measured, card
from crnn_seq2seq_ocr.tuning.plan import Plan

RUN, MODEL, REPORT, CARD = "run", "model", "report", "card.md"
"""What a tuning leaves in its folder."""


@dataclass(frozen=True)
class Tuned:
    """How a tuning ended.

    Attributes:
        model: Folder of the released model; None where it was interrupted.
        own: What was read of the held-out part, before and after.
        known: The same of what the model knew before; None where nothing is known of it.
    """

    model: Path | None
    own: Measured | None = None
    known: Measured | None = None


def tune(plan: Plan, *, folder: Path, resume: bool = False, console: Console | None = None) -> Tuned:
    """Train by a plan, keep the best, set its confidence right, release and measure it.

    Args:
        plan: See `tuning.plan.make_plan`.
        folder: Where ``run`` (the training), ``model``, ``report`` and ``card.md`` go.
        resume: Go on from what is there.
        console: Where to show progress; None shows nothing.

    Raises:
        StorageError: The folder holds a model already, or cannot be written.
        RecipeError, DataError, CheckpointError, ExportError: Each says what to do.
    """
    if (folder / MODEL).exists():
        raise StorageError(f"{folder / MODEL} is there already: it is ready to use; for another, name a new --out")
    going_on = resume and last_checkpoint(folder / RUN) is not None
    plan.request.save(folder)
    recipe = load_recipe(str(folder / RUN / RECIPE)) if going_on else plan.recipe
    initial = None if plan.request.from_scratch else Path(plan.request.model)
    outcome = train(recipe, folder=folder / RUN, resume=going_on, initial=initial, console=console)
    if outcome.interrupted:
        return Tuned(None)
    share, temperature = _release(plan, recipe, folder, console)
    after = Reader.load(folder / MODEL)
    before = Reader.load(plan.request.model)
    own = _measure(before, after, plan.split.check, f"{recipe.name} on the held-out part", console)
    known = _measure(before, after, plan.known, "what it knew before", console) if plan.known else None
    write_report(own.after, folder / REPORT)
    write_whole(folder / CARD, card(plan, recipe, own=own, known=known, share=share, temperature=temperature))
    return Tuned(folder / MODEL, own, known)


def _release(plan: Plan, recipe: Recipe, folder: Path, console: Console | None) -> tuple[float, float | None]:
    """Write ``model``.

    Returns:
        The share of the tuned weights in it, and the temperature of its confidence: None where texts were too few.
    """
    recognizer, description = load_model(folder / RUN)
    share = 1.0
    if plan.calibration and not plan.request.from_scratch:
        own, known = open_source(plan.split.check), open_source(plan.calibration)
        share = blend(recognizer, description, Path(plan.request.model), own=own, known=known)
    calibration = [plan.split.check, *([plan.calibration] if plan.calibration else [])]
    source = open_source(" + ".join(calibration))
    temperature = calibrate(recognizer, description, source) if plan.checked >= LEAST else None
    _round(recognizer)
    with tempfile.TemporaryDirectory() as place:
        save_model(recognizer, description, Path(place) / MODEL)
        release(
            Path(place) / MODEL,
            folder / MODEL,
            [plan.split.check, *([plan.known] if plan.known else [])],
            name=recipe.name,
            about=_about(plan),
            console=console,
        )
    return share, temperature


def _about(plan: Plan) -> str:
    start = "from nothing" if plan.request.from_scratch else f"from {plan.request.model}"
    return f"Tuned {start} with {plan.learnt} samples of {plan.request.data}."


def _round(recognizer: Recognizer) -> None:
    """Round matrices as a released model keeps them: what is measured is what is handed out, to the bit."""
    with torch.no_grad():
        for parameter in recognizer.parameters():
            if parameter.ndim > 1:
                parameter.copy_(parameter.half().float())


def _measure(before: Reader, after: Reader, data: str, title: str, console: Console | None) -> Measured:
    source = open_source(data)
    first = evaluate(before, source, shown=0, console=console)
    second = evaluate(after, source, title=title, console=console)
    facts = (*second.report.facts, ("before", _told(first, before)))
    return Measured(data, first, Evaluation(replace(second.report, facts=facts), second.lines))


def _told(evaluation: Evaluation, reader: Reader) -> str:
    strict = evaluation.report.scores["strict"]
    return f"{reader.description.name} read {strict['sequence_accuracy'] or 0:.1%} right, CER {strict['cer'] or 0:.1%}"


def next_commands(folder: Path, tuned: Tuned, pictures: Sequence[str] = ("PICTURE",)) -> list[str]:
    """Return what to type after a tuning."""
    if tuned.model is None:
        return [f"crnn-ocr tune --resume --out {folder}"]
    return [f"crnn-ocr read {tuned.model} {' '.join(pictures)}", f"crnn-ocr serve {tuned.model}"]
