"""The folder of a run: whether a training may begin there, and that no other does meanwhile."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import yaml
from accelerate import Accelerator
from pydantic import ValidationError

from crnn_seq2seq_ocr.checkpoint import folders
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.errors import CheckpointError, CrnnOcrError, RecipeError
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.system.locks import sole_writer
from crnn_seq2seq_ocr.system.parsing import parse_yaml
from crnn_seq2seq_ocr.training.optimization import agree

RECIPE = "recipe.yaml"


@contextlib.contextmanager
def only_here(folder: Path, accelerator: Accelerator) -> Iterator[None]:
    """Have the folder of a run to this training; the first process looks after it for all.

    Raises:
        StorageError: Another training has it.
    """
    failure: Exception | None = None
    with contextlib.ExitStack() as stack:
        if accelerator.is_main_process:
            try:
                stack.enter_context(sole_writer(folder))
            except CrnnOcrError as error:
                failure = error
        agree(accelerator, [], failure)
        yield


def check_folder(recipe: Recipe, folder: Path, *, resume: bool) -> None:
    """Look whether a run may begin, or go on, in a folder; nothing is written.

    Raises:
        RecipeError: Another run is there, or it was made with other settings.
        CheckpointError: There is nothing to go on from.
    """
    if folder.exists() and not folder.is_dir():
        raise RecipeError(f"{folder} is a file: name a folder with --out")
    if not resume:
        if folders.checkpoints(folder):
            raise RecipeError(f"{folder} holds a run already: resume it, or name another folder with --out")
        return
    if folders.last_checkpoint(folder) is None:
        raise CheckpointError(f"{folder} holds no checkpoint to resume from: start without --resume")
    try:
        before = Recipe.model_validate(parse_yaml((folder / RECIPE).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
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


def write_recipe(recipe: Recipe, folder: Path) -> None:
    """Keep the settings of a run in its folder."""
    text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_whole(folder / RECIPE, text)
