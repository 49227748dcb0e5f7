"""Writing a trained model as one ONNX file that is a reader by itself, checked before it is there."""

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console

from crnn_seq2seq_ocr.checkpoint.digests import sign_onnx
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.data.transforms import Prepared, readable
from crnn_seq2seq_ocr.errors import DataError, ExportError
from crnn_seq2seq_ocr.export import check, measure
from crnn_seq2seq_ocr.export.graph import Pieces, join, translate
from crnn_seq2seq_ocr.export.metadata import describe
from crnn_seq2seq_ocr.export.output_file import prepare_output, write
from crnn_seq2seq_ocr.export.quantize import halved, quantized
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.onnx_constraint import constrained
from crnn_seq2seq_ocr.inference.onnx_steps import steps_of
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.constraint import Constraint, check_length
from crnn_seq2seq_ocr.model.lexicon import read_lexicon
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import Tokenizer

Precision = Literal["int8", "fp16"]

CALIBRATION = 32
"""So many pictures tell the ranges of numbers for int8."""


@dataclass(frozen=True)
class Exported:
    """What was found of a file that was written; measured only where it is smaller than the whole one."""

    checked: check.Checked
    measured: tuple[measure.Measured, ...] = ()


def export_onnx(
    model: Path,
    out: Path,
    *,
    precision: Precision | None = None,
    data: str | None = None,
    calibration: str | None = None,
    limit: int | None = None,
    allow: str | None = None,
    pattern: str | None = None,
    lexicon: Path | None = None,
    console: Console | None = None,
) -> Exported:
    """Write a model as an ONNX file; one that is there is replaced when the new one has been checked.

    Args:
        model: A released name, a model folder or a training run.
        out: The file.
        precision: ``int8`` products and convolutions, or ``fp16`` weights; None keeps fp32.
        data: Name of a data set to measure the smaller file on. Only fp16 of a model whose weights are kept in fp16,
            as those of released models are, needs none: it is exactly that model.
        calibration: Name of a data set such as will be read, whose first pictures tell the ranges of int8; None
            draws some.
        limit: Most samples of `data`.
        allow: The only characters that the file reads, see `Reader.constraint`; None as the model itself does.
        pattern: A regular expression that every text it reads matches; None as the model itself does.
        lexicon: A file of the only texts that it reads, one a line; not beside `allow` or `pattern`.
        console: Where to show progress; None shows nothing.

    Raises:
        CheckpointError: There is no such model.
        DataError: A data set cannot be used, or nothing that the model reads is allowed.
        ExportError: `data` is missing; or what was exported reads otherwise than the model in PyTorch, and lies
            beside `out` to be looked at.
        StorageError: The file cannot be written.
    """
    source = None if data is None else open_source(data)
    backend = TorchBackend.load(model, device="cpu", precision="fp32")
    description, within = _constraint(backend.description, allow=allow, pattern=pattern, lexicon=lexicon)
    if precision == "fp16" and source is None and is_half(backend.recognizer):
        prepare_output(out, suffix=".onnx")
        content, checked = exactly_half(backend, out, description=description, within=within)
        write(out, content)
        return Exported(checked)
    if precision is not None and source is None:
        raise ExportError(f"{precision} changes what is read: name data to measure by how much (--data)")
    prepare_output(out, suffix=".onnx")
    pictures = _calibration(calibration, description) if precision == "int8" else []
    pieces = translate(backend.recognizer, description)
    whole = _content(pieces, description, "fp32")
    checked = _checked(backend, _content(pieces, description, "fp32", within=within), description, out, within)
    checks = check.to_metadata(checked)
    if precision is None or source is None:
        write(out, _content(pieces, description, "fp32", checked=checks, within=within))
        return Exported(checked)
    pieces = halved(pieces) if precision == "fp16" else quantized(pieces, pictures)
    files = {"fp32": whole, precision: _content(pieces, description, precision)}
    measured = measure.measure(files, source, limit=limit, console=console)
    told = measure.to_metadata(measured, data or "")
    write(out, _content(pieces, description, precision, checked=checks, measured=told, within=within))
    return Exported(checked, measured)


def exactly_half(
    backend: TorchBackend, out: Path, *, description: Description, within: Constraint | None = None
) -> tuple[bytes, check.Checked]:
    """Make the ONNX file of a network whose matrices are kept in fp16: they stay what they are, computed in fp32.

    Args:
        backend: The network, on the CPU.
        out: The file, for messages; what failed the check is written beside it.
        description: What the file says of itself.
        within: A constraint that becomes part of the file.

    Raises:
        ExportError: What was exported reads otherwise than the network in PyTorch.
    """
    pieces = halved(translate(backend.recognizer, description, keep_weights=True), exactly=True)
    checked = _checked(backend, _content(pieces, description, "fp16", within=within), description, out, within)
    return _content(pieces, description, "fp16", checked=check.to_metadata(checked), within=within), checked


def is_half(recognizer: Recognizer) -> bool:
    """Whether fp16 can hold all matrices as they are."""
    matrices = (each for each in recognizer.state_dict().values() if each.ndim > 1)
    return all(bool((each.half().float() == each).all()) for each in matrices)


@dataclass(frozen=True)
class _Within:
    """A network that reads within a constraint, as what is exported does."""

    backend: TorchBackend
    constraint: Constraint | None

    def read(self, images: np.ndarray, view_mask: np.ndarray) -> Outputs:
        return self.backend.read(images, view_mask, lexicon=self.constraint)


def _constraint(
    description: Description, *, allow: str | None, pattern: str | None, lexicon: Path | None
) -> tuple[Description, Constraint | None]:
    """Return what the file says of itself, and the constraint that becomes part of it: its reader adds none."""
    tokenizer = Tokenizer(description.charset)
    found: Constraint
    if lexicon is not None:
        if allow is not None or pattern is not None:
            raise DataError("a lexicon says all that is allowed: leave out allow and pattern, or the lexicon")
        found = read_lexicon(lexicon, tokenizer)
    else:
        if allow is None and pattern is None:
            allow, pattern = description.allow, description.pattern
        if allow is None and pattern is None:
            return description, None
        found = Pattern(tokenizer, allow=allow, expression=pattern)
    check_length(found, description.max_length)
    return replace(description, allow=None, pattern=None), found


def _checked(
    backend: TorchBackend, content: bytes, description: Description, out: Path, within: Constraint | None
) -> check.Checked:
    try:
        return check.check(_Within(backend, within), OnnxBackend.of(content, where=str(out)), description)
    except ExportError as error:
        failed = out.with_name(f"{out.stem}.failed.onnx")
        prepare_output(failed, suffix=".onnx")
        write(failed, content)
        raise ExportError(f"{error}. It lies in {failed}, {out} is as it was: please report it") from None


def _content(
    pieces: Pieces,
    description: Description,
    precision: str,
    *,
    checked: dict[str, object] | None = None,
    measured: dict[str, object] | None = None,
    within: Constraint | None = None,
) -> bytes:
    joined = join(pieces, description)
    told = within.description if within else None
    describe(joined, description, precision=precision, checked=checked, measured=measured, within=told)
    content = joined.SerializeToString()
    return sign_onnx(constrained(content, *steps_of(within)) if within else content)


def _calibration(name: str | None, description: Description) -> list[Prepared]:
    """Return the first pictures of a data set that can be read, drawn ones without a name."""
    source = open_source(name or f"{check.drawn_source(description)}?count={CALIBRATION}&seed=21")
    pictures = [each for _, each in islice(readable(source, description.preprocessing), CALIBRATION)]
    if not pictures:
        raise DataError(f"none of {source.description} can be read: name other pictures to calibrate with")
    return pictures
