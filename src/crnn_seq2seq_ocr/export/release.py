"""Making of a trained model what can be handed out: half the size, for both backends, checked and measured."""

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from crnn_seq2seq_ocr.checkpoint.metadata import Description, Result
from crnn_seq2seq_ocr.checkpoint.weights import save_model
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import CheckpointError, DataError, StorageError
from crnn_seq2seq_ocr.evaluation.calibrate import calibrate
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, evaluate
from crnn_seq2seq_ocr.export.onnx_file import exactly_half
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend

LEAST_AGREEMENT = 0.99
"""Share of texts that a model must read in fp16 as it does in fp32: only those that are on the edge may fall."""


def release(
    model: Path,
    folder: Path,
    data: Sequence[str],
    *,
    name: str,
    about: str,
    calibration: str | None = None,
    limit: int | None = None,
    batch_size: int = 32,
    device: str = "auto",
    console: Console | None = None,
) -> Description:
    """Write a model to hand out: matrices in fp16, without the state of its training, with its results.

    It is written for PyTorch, with what training alone uses of the network, so that others can go on from it; and as
    an ONNX file, which reads without PyTorch.

    Args:
        model: The model, or a training run.
        folder: The folder to write; it must not be there yet.
        data: Names of data sets; what is read of them is its results, under the names given here.
        name: What it is called.
        about: What it is for, in a sentence.
        calibration: Name of a data set, none of `data`, whose texts tell how sure it may be; None leaves that as it is.
        limit: Most samples of each data set.
        batch_size: Samples at a time.
        device: Where to read.
        console: Where to show progress; None shows nothing.

    Raises:
        CheckpointError: There is no model, or in fp16 it reads other texts than in fp32.
        DataError: A data set cannot be used, or none of it can be read; or `calibration` is one of `data`.
        ExportError: The ONNX file reads otherwise than the model in PyTorch.
        StorageError: The folder is there already, or cannot be written.
    """
    if folder.exists():
        raise StorageError(f"{folder} is there already: name a new folder")
    if calibration in data:
        raise DataError(f"{calibration} cannot tell how well it is calibrated itself: measure on other data")
    sources = [open_source(each) for each in data]
    whole = Reader.load(model, device=device, backend="torch")
    if calibration is not None:
        _calibrate(whole, open_source(calibration), console)
    with tempfile.TemporaryDirectory() as place:
        save_model(whole.recognizer, whole.description, Path(place) / "half", half=True)
        half = Reader.load(Path(place) / "half", device=device, backend="torch")
    results = []
    for given, source in zip(data, sources, strict=True):
        expected, found = (
            evaluate(reader, source, limit=limit, batch_size=batch_size, shown=0, console=console)
            for reader in (whole, half)
        )
        _check_agreement(given, expected, found)
        results.append(_result(given, found))
    description = replace(whole.description, name=name, about=about, results=tuple(results))
    backend = TorchBackend(half.recognizer.cpu(), description)
    onnx, _ = exactly_half(backend, folder.with_name(f"{folder.name}.onnx"), description=backend.description)
    save_model(half.recognizer, description, folder, half=True, onnx=onnx)
    return description


def _calibrate(reader: Reader, source: Source, console: Console | None) -> None:
    with console.status("calibrating") if console else contextlib.nullcontext():
        temperature = calibrate(reader.recognizer, reader.description, source)
    if console:
        console.print(f"calibrated with {source.description}: logits divided by {temperature:.2f}", soft_wrap=True)


def _check_agreement(data: str, expected: Evaluation, found: Evaluation) -> None:
    pairs = list(zip(expected.lines, found.lines, strict=True))
    others = [(one, other) for one, other in pairs if one.prediction != other.prediction]
    if len(others) > (1 - LEAST_AGREEMENT) * len(pairs):
        one, other = others[0]
        raise CheckpointError(
            f"in fp16 the model reads {len(others)} of {len(pairs)} texts of {data} otherwise, such as "
            f"{other.prediction!r} for {one.prediction!r} in {one.name}: hand out the model as it is"
        )


def _result(data: str, evaluation: Evaluation) -> Result:
    report = evaluation.report
    strict, folded = report.scores["strict"], report.scores["folded"]
    if not report.evaluated or strict["cer"] is None:
        raise DataError(f"none of {data} can be read, or no text has a character: name data to measure the model on")
    return Result(
        data=data,
        samples=report.evaluated,
        sequence_accuracy=strict["sequence_accuracy"] or 0.0,
        folded_accuracy=folded["sequence_accuracy"] or 0.0,
        cer=strict["cer"],
        calibration_error=report.calibration_error or 0.0,
    )
