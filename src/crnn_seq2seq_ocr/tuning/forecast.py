"""How long a training will take: some of its steps, measured."""

import time
from itertools import islice
from pathlib import Path

import torch

from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.signals import StopRequest
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.data import batches_in_pool, batches_of, make_examples, training_source
from crnn_seq2seq_ocr.training.finetune import PretrainedModel, resolve_charset
from crnn_seq2seq_ocr.training.learner import Learner

STEPS = 3
"""Measured, after one that warms up."""


def seconds_of(recipe: Recipe, *, initial: Path | None) -> float:
    """Seconds that the steps of a training will take at most, from the first few; validations are not counted.

    Pictures are prepared by other processes meanwhile: the slower of the two counts.

    Raises:
        DataError: The data cannot be used.
    """
    settings = recipe.training
    source = training_source(recipe)
    start = PretrainedModel.load(initial) if initial is not None else None
    tokenizer = Tokenizer(resolve_charset(recipe.text, source, start))
    torch.manual_seed(settings.seed)
    recognizer = Recognizer(recipe.model, recipe.preprocessing, len(tokenizer))
    accelerator = optimization.make_accelerator(settings)
    learner = Learner(recognizer, settings, accelerator)
    began = time.perf_counter()
    made = batches_of(recipe, make_examples(recipe, source, tokenizer), workers=0)
    batches = list(islice(made, (STEPS + 1) * settings.accumulate))
    made.close()
    prepared = (time.perf_counter() - began) / _made_at_once(recipe, len(batches))
    stop = StopRequest()
    for number in range(STEPS + 1):
        if number == 1:
            began = time.perf_counter()
        parts = batches[number * settings.accumulate : (number + 1) * settings.accumulate]
        (divisor,) = optimization.agree(accelerator, [optimization.global_divisor(parts, settings)])
        learner.learn(parts, divisor, stop).tolist()
    step = (time.perf_counter() - began) / STEPS
    return settings.steps * max(step, prepared * settings.accumulate / max(1, recipe.data.workers))


def _made_at_once(recipe: Recipe, taken: int) -> int:
    """Batches that were made for those taken: whole pools."""
    pool = batches_in_pool(recipe)
    return -(-taken // pool) * pool
