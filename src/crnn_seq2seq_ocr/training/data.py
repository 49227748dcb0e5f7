"""From a recipe to the batches of its training: where the samples come from, in which order, put together how."""

from collections.abc import Generator

from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.combined import Subset
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.batches import Batch, Collate, Positions, TrainingExamples, training_batches

POOL = 16
"""Batches that are cut out of one pool of samples where pictures have different widths."""


def training_source(recipe: Recipe) -> Source:
    """Return what is trained on.

    Raises:
        DataError: It cannot be opened, or holds nothing.
    """
    source = _open("data.train", recipe.data.train)
    if recipe.data.train_samples is not None:
        source = Subset(source, range(min(recipe.data.train_samples, len(source))))
    if len(source) == 0:
        raise DataError(f"{recipe.data.train} holds no samples")
    return source


def validation_source(recipe: Recipe) -> Source | None:
    """Return what a training is measured on, if anything.

    Raises:
        DataError: It cannot be opened.
    """
    return _open("data.validation", recipe.data.validation) if recipe.data.validation else None


def _open(setting: str, spec: str) -> Source:
    """Open a source that a setting names, which may be the recipe's own choice: messages begin with the setting."""
    try:
        return open_source(spec)
    except DataError as error:
        raise type(error)(f"{setting}: {error}") from None


def batches_of(
    recipe: Recipe,
    examples: TrainingExamples,
    *,
    workers: int,
    process: int = 0,
    processes: int = 1,
    first_step: int = 0,
    pin_memory: bool = False,
) -> Generator[Batch, None, None]:
    """Return the batches of one process of a training from a step on, without end; closing them ends the workers.

    Raises:
        DataError: A hundred samples in a row cannot be used.
    """
    positions = Positions(
        batch_size=recipe.training.batch_size,
        accumulate=recipe.training.accumulate,
        process=process,
        processes=processes,
        first_step=first_step,
        pool=batches_in_pool(recipe),
    )
    return training_batches(examples, make_collate(recipe), positions, workers=workers, pin_memory=pin_memory)


def make_examples(recipe: Recipe, source: Source, tokenizer: Tokenizer) -> TrainingExamples:
    """Return the samples of a source as a training takes them."""
    return TrainingExamples(
        source,
        tokenizer,
        recipe.preprocessing,
        augmentation=recipe.augmentation,
        max_length=recipe.text.max_length,
        seed=recipe.training.seed,
        order=recipe.data.order,
    )


def make_collate(recipe: Recipe) -> Collate:
    """Return what puts examples together."""
    return Collate(
        # The original's rows hold begin, up to max_length characters, end: so many steps are counted.
        target_length=recipe.text.max_length + 2 if recipe.training.loss.padding == "counted" else None,
        trim_views=not recipe.model.encoder.mixes_views,
        batches=batches_in_pool(recipe),
    )


def batches_in_pool(recipe: Recipe) -> int:
    """How many batches are made at a time."""
    return POOL if recipe.preprocessing.resize == "fit" else 1
