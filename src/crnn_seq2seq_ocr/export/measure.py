"""What a smaller file costs and gains: accuracy on an evaluation set, and speed, side by side with the whole one."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from rich.console import Console

from crnn_seq2seq_ocr.bench.timing import side_by_side
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.transforms import Prepared, readable
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, evaluate
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.reader import Reader

TIMED = 32
"""Most pictures that are read to take the time, and how many at a time where it is many."""

ROUNDS = 5


@dataclass(frozen=True)
class Measured:
    """One of several files of the same network.

    Attributes:
        precision: Of the weights: fp32, fp16, int8.
        megabytes: Size of the file.
        samples: How many were read.
        sequence_accuracy: Share of whole texts right by the profile ``strict``.
        cer: Character error rate by the profile ``strict``.
        agreement: Share of texts that are read as the first file reads them.
        one: Milliseconds of a picture read alone, without its preparation.
        many: The same in batches of up to 32 pictures.
        one_ratio: How many times as fast as the first file alone, median of rounds side by side.
        many_ratio: The same in batches.
    """

    precision: str
    megabytes: float
    samples: int
    sequence_accuracy: float
    cer: float
    agreement: float
    one: float
    many: float
    one_ratio: float
    many_ratio: float


def measure(
    files: Mapping[str, bytes], source: Source, *, limit: int | None = None, console: Console | None = None
) -> tuple[Measured, ...]:
    """Read a data set with each of some ONNX files, by precision; the first is what the others are compared to.

    Raises:
        DataError: None of it can be read.
    """
    backends = {name: OnnxBackend.of(content, where=name) for name, content in files.items()}
    found = {
        name: evaluate(Reader(backend), source, limit=limit, shown=0, console=console)
        for name, backend in backends.items()
    }
    first = next(iter(found.values()))
    if not first.report.evaluated:
        raise DataError(f"none of {source.description} can be read: name data to measure the model on")
    preprocessing = next(iter(backends.values())).description.preprocessing
    pictures = [each for _, each in islice(readable(source, preprocessing), min(TIMED, limit or TIMED))]
    works = {name: partial(_timed, backend, pictures) for name, backend in backends.items()}
    times = side_by_side(works, repeats=ROUNDS)
    base = times[next(iter(times))]
    return tuple(
        Measured(
            precision=name,
            megabytes=len(files[name]) / 1e6,
            samples=evaluation.report.evaluated,
            sequence_accuracy=evaluation.report.scores["strict"]["sequence_accuracy"] or 0.0,
            cer=evaluation.report.scores["strict"]["cer"] or 0.0,
            agreement=_agreement(first, evaluation),
            one=times[name]["one"].median,
            many=times[name]["many"].median,
            one_ratio=base["one"].over(times[name]["one"]).median,
            many_ratio=base["many"].over(times[name]["many"]).median,
        )
        for name, evaluation in found.items()
    )


def to_metadata(measured: tuple[Measured, ...], data: str) -> dict[str, Any]:
    """For the file's metadata."""
    return {"data": data, "files": [asdict(each) for each in measured]}


def _agreement(first: Evaluation, other: Evaluation) -> float:
    pairs = [(one.prediction, two.prediction) for one, two in zip(first.lines, other.lines, strict=True)]
    return sum(one == two for one, two in pairs) / len(pairs)


def _timed(backend: OnnxBackend, pictures: list[Prepared]) -> dict[str, float]:
    """Milliseconds of a picture, ``one`` by one and ``many`` together."""
    alike: dict[int, list[Prepared]] = {}
    for each in pictures:
        alike.setdefault(each[0].shape[2], []).append(each)
    batches = {"one": [[each] for each in pictures], "many": list(alike.values())}
    seconds = {}
    for name, groups in batches.items():
        started = time.perf_counter()
        for group in groups:
            backend.read(np.stack([views for views, _ in group]), np.stack([mask for _, mask in group]))
        seconds[name] = time.perf_counter() - started
    return {name: 1000 * each / len(pictures) for name, each in seconds.items()}
