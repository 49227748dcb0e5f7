"""What a training says of itself before its first step and after its last."""

from pathlib import Path

from accelerate import Accelerator

from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import SYNTHETIC
from crnn_seq2seq_ocr.training.learner import Learner, Progress
from crnn_seq2seq_ocr.training.log import TrainingLog


def introduction(
    recipe: Recipe, source: Source, validation: Source | None, learner: Learner, accelerator: Accelerator
) -> str:
    """Return what a training says before its first step: sizes, devices and data."""
    millions = sum(parameter.numel() for parameter in learner.recognizer.parameters()) / 1e6
    start = f"going on from step {learner.progress.step}" if learner.progress.step else "starting"
    return (
        f"{recipe.name}: {millions:.2f} million parameters on {accelerator.num_processes} x {accelerator.device.type} "
        f"({recipe.training.precision}), {start}\ntraining data: {source.description}\n"
        f"validation data: {_validated(recipe, validation)}"
    )


def _validated(recipe: Recipe, validation: Source | None) -> str:
    """Return what the scores of a training are scores of; a recipe's own data is easily taken for the user's."""
    if validation is None:
        return "none, there will be no scores"
    hint = "; the scores are of these, not of your pictures: set data.validation" if _of_others(recipe) else ""
    return validation.description + hint


def _of_others(recipe: Recipe) -> bool:
    """Whether scores are of drawn pictures only, though others are trained on."""
    drawn = (recipe.data.validation or "").startswith(SYNTHETIC)
    return drawn and not all(part.strip().startswith(SYNTHETIC) for part in recipe.data.train.split(" + "))


def end(log: TrainingLog, recipe: Recipe, progress: Progress, folder: Path, *, interrupted: bool) -> None:
    """Say how a training ended, and what comes next."""
    of = " (of drawn pictures, not of yours)" if _of_others(recipe) else ""
    best = f", best strict sequence accuracy {progress.best:.1%}{of}" if progress.best >= 0 else ""
    if interrupted:
        log.event("interrupted", progress.step, f"interrupted at step {progress.step} and saved; --resume goes on")
    else:
        log.event("end", progress.step, f"trained {progress.step} steps{best}; the model is in {folder}")
