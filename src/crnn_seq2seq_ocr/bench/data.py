"""``bench data``: what each stage from a source to a batch costs, and batches with different numbers of workers."""

import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.bench.result import Benchmark, Measurement, compared
from crnn_seq2seq_ocr.bench.timing import Laps, Work, side_by_side
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.formats.fsns import find_shards
from crnn_seq2seq_ocr.data.formats.tfrecord import is_tfrecord
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.rules import encode_text
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.data.transforms import prepare
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.batches import MOST_REPLACEMENTS, Example, TrainingExamples
from crnn_seq2seq_ocr.training.data import batches_in_pool, batches_of, make_collate, make_examples
from crnn_seq2seq_ocr.training.finetune import resolve_charset
from crnn_seq2seq_ocr.training.order import shuffled

STAGE_UNITS = {
    "take a sample": "ms",
    "decode its pictures": "ms",
    "split and resize": "ms",
    "split, augment and resize": "ms",
    "encode the text": "ms",
    "put into a batch": "ms",
    "a sample in all": "ms",
}

BATCH_UNITS = {"batches": "samples/s", "first batch": "s"}

SEED = 1
"""Of the augmentation."""


class Stages:
    """The way of some samples from their source into batches, stage by stage, in one process.

    Args:
        examples: What a training would take; the samples are the first usable ones in its order.
        recipe: All settings.
        count: How many samples.

    Raises:
        DataError: No sample can be used.
    """

    def __init__(self, examples: TrainingExamples, recipe: Recipe, count: int) -> None:
        self._examples = examples
        self._recipe = recipe
        self._collate = replace(make_collate(recipe), batches=1)
        self._indices = _usable(examples, count)

    def __call__(self) -> dict[str, float]:
        """`STAGE_UNITS` of a sample, mean over all."""
        laps = Laps(torch.device("cpu"))
        examples = [self._example(index, laps) for index in self._indices]
        size = self._recipe.training.batch_size
        examples.sort(key=lambda example: example.views.shape[2])  # pictures of like width together, as in training
        laps.begin()
        for start in range(0, len(examples), size):
            self._collate([(example, []) for example in examples[start : start + size]])
        laps.end("put into a batch")
        found = {stage: 1000 * seconds / len(examples) for stage, seconds in laps.seconds.items()}
        # In training a sample is augmented or not, never both.
        beside = "split and resize" if self._recipe.augmentation else ""
        return found | {"a sample in all": sum(ms for stage, ms in found.items() if stage != beside)}

    def _example(self, index: int, laps: Laps) -> Example:
        settings, examples = self._recipe.preprocessing, self._examples
        laps.begin()
        sample = examples.source[index]
        laps.end("take a sample")
        pixels = tuple(decode_picture(picture, name=sample.name) for picture in sample.images)
        laps.end("decode its pictures")
        decoded = Sample(sample.name, pixels, sample.text, sample.views)
        views, view_mask = prepare(decoded, settings)
        laps.end("split and resize")
        if self._recipe.augmentation is not None:
            rng = np.random.default_rng([SEED, 0, index])
            laps.begin()
            views, view_mask = prepare(decoded, settings, augmentation=self._recipe.augmentation, rng=rng)
            laps.end("split, augment and resize")
        ids = encode_text(sample.text, examples.tokenizer, examples.max_length, name=sample.name)
        laps.end("encode the text")
        return Example(sample.name, views, view_mask, ids)


def _usable(examples: TrainingExamples, count: int) -> list[int]:
    """Return the first usable samples in the order of training, so many."""
    size = len(examples.source)
    chosen: list[int] = []
    reason: DataError | None = None
    for position in range(min(size, count + MOST_REPLACEMENTS)):
        index = shuffled(position, size, examples.seed)
        try:
            sample = examples.source[index]
            encode_text(sample.text, examples.tokenizer, examples.max_length, name=sample.name)
            prepare(sample, examples.preprocessing)
        except DataError as error:
            reason = error
        else:
            chosen.append(index)
        if len(chosen) == count:
            break
    if not chosen:
        raise DataError(f"no sample of {examples.source.description} can be used, the last because {reason}")
    return chosen


def take_batches(examples: TrainingExamples, recipe: Recipe, *, workers: int, count: int) -> dict[str, float]:
    """`BATCH_UNITS` of batches that nobody works on: as fast as they come, from when all workers are busy.

    At least so many batches, and whole pools where batches are made in pools.

    Raises:
        DataError: The data cannot be used.
    """
    pool = batches_in_pool(recipe)
    with contextlib.closing(batches_of(recipe, examples, workers=workers)) as batches:
        started = time.perf_counter()
        next(batches)
        first = time.perf_counter()
        for _ in islice(batches, pool - 1 + workers * pool):  # the first of each worker come together
            pass
        busy = time.perf_counter()
        samples = sum(len(batch.names) for batch in islice(batches, -(-count // pool) * pool))
        ended = time.perf_counter()
    return {"batches": samples / (ended - busy), "first batch": first - started}


def bench_opening(spec: str, *, repeats: int) -> list[Measurement]:
    """Milliseconds to open a source; of TFRecord shards also without the index that is kept beside them."""
    opened: Work = partial(_opening, spec)
    found = side_by_side({"": opened}, repeats=repeats)[""]
    measured = [Measurement("open the source", "", "ms", found["open"])]
    if shards := _shards(spec):
        indexing = side_by_side({"": partial(index_cost, shards)}, repeats=repeats)[""]
        measured += [Measurement(what, "", "ms", spread) for what, spread in indexing.items()]
    return measured


def _opening(spec: str) -> dict[str, float]:
    started = time.perf_counter()
    open_source(spec)
    return {"open": 1000 * (time.perf_counter() - started)}


def index_cost(shards: Sequence[Path]) -> dict[str, float]:
    """Milliseconds to open shards twice under names that no index is kept for."""
    with tempfile.TemporaryDirectory() as folder:
        for number, shard in enumerate(shards):
            (Path(folder) / f"{number:05d}.tfrecord").symlink_to(shard.absolute())
        first, second = (_opening(folder)["open"] for _ in range(2))
    return {"open, and make the index": first, "open with that index": second}


def _shards(spec: str) -> list[Path]:
    """Return the TFRecord shards that a source is made of, as far as its name tells."""
    place = Path(spec.partition("?")[0]).expanduser()
    try:
        if place.is_dir():
            return find_shards(place)
        return [place] if place.is_file() and is_tfrecord(place) else []
    except DataError:
        return []


def bench_data(
    recipe: Recipe, spec: str, *, workers: Sequence[int], samples: int, batches: int, repeats: int
) -> Benchmark:
    """All of it.

    Args:
        recipe: How samples are prepared, and how many make a batch.
        spec: The source, as `open_source` takes it.
        workers: Numbers of processes to compare; the first is what the others are compared to.
        samples: Whose stages are timed.
        batches: That are taken with each number of workers.
        repeats: Rounds.

    Raises:
        CrnnOcrError: The source cannot be used.
    """
    circumstances = Circumstances()
    source = open_source(spec)
    examples = make_examples(recipe, source, Tokenizer(resolve_charset(recipe.text, source)))
    measured = bench_opening(spec, repeats=repeats)
    stages = side_by_side({"": Stages(examples, recipe, samples)}, repeats=repeats)
    taking: dict[str, Work] = {
        f"workers {count}": partial(take_batches, examples, recipe, workers=count, count=batches) for count in workers
    }
    taken = side_by_side(taking, repeats=repeats)
    measured += compared(stages, {what: unit for what, unit in STAGE_UNITS.items() if what in stages[""]})
    measured += compared(taken, BATCH_UNITS)
    settings = {
        "source": examples.source.description,
        "samples": samples,
        "batches": batches,
        "batch_size": recipe.training.batch_size,
        "repeats": repeats,
        "recipe": recipe.model_dump(mode="json"),
    }
    return Benchmark(f"data: {spec} for recipe {recipe.name}", settings, measured, circumstances)
