"""Writing a trained model as a program of ``torch.export``, for those who stay in PyTorch but without this package.

N batch, V views, H x W pixels, L the most tokens.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.export.check import Checked, check
from crnn_seq2seq_ocr.export.graph import any_size, example
from crnn_seq2seq_ocr.export.graphs import CARRIED, EncoderGraph, FinishGraph, StepGraph, StepResult, likely_count
from crnn_seq2seq_ocr.export.metadata import usage, written
from crnn_seq2seq_ocr.export.output_file import prepare_output, write
from crnn_seq2seq_ocr.export.recurrent import ScannedLstm, with_lstms
from crnn_seq2seq_ocr.export.silence_warnings import silence_warnings
from crnn_seq2seq_ocr.inference.onnx_backend import DESCRIPTION_KEY
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.torch_private import while_loop


def export_torch(model: Path, out: Path) -> Checked:
    """Write a model as a ``.pt2`` file; one that is there is replaced when the new one has been checked.

    Its inputs and outputs are those of the ONNX file, except that all texts have as many tokens as the longest may
    have. The description is its extra file ``crnn-seq2seq-ocr.json``.

    Args:
        model: A released name, a model folder or a training run.
        out: The file.

    Raises:
        CheckpointError: There is no such model.
        ExportError: What was exported reads otherwise than the model; nothing is written.
        StorageError: The file cannot be written.
    """
    prepare_output(out, suffix=".pt2")
    backend = TorchBackend.load(model, device="cpu", precision="fp32")
    description = backend.description
    whole = _Whole(with_lstms(backend.recognizer, ScannedLstm), description).eval()
    extra = {f"{DESCRIPTION_KEY}.json": written(description.to_dict()), "usage.json": written(usage(description))}
    content = io.BytesIO()
    with silence_warnings(), torch.no_grad():
        torch.compiler.reset()  # else it refuses the sizes of what was exported before
        program = torch.export.export(whole, example(description), dynamic_shapes=tuple(any_size(description)))
        _forget_origins(program.graph_module)
        torch.export.save(program, content, extra_files=extra)
        content.seek(0)
        loaded = torch.export.load(content).module()
    checked = check(backend, _Program(loaded), description)
    write(out, content.getbuffer())
    return checked


class _Whole(nn.Module):
    """All of it: images uint8 (N, V, 3, H, W) and view_mask (N, V) to the outputs, L of all texts."""

    def __init__(self, recognizer: Recognizer, description: Description) -> None:
        super().__init__()
        self.encoder, self.step, self.finish = (
            EncoderGraph(recognizer),
            StepGraph(recognizer, description),
            FinishGraph(description),
        )
        self.longest = description.max_length + 1
        self.likely = likely_count(description)

    def forward(self, images: Tensor, view_mask: Tensor) -> tuple[Tensor, ...]:
        carried, fixed = self.encoder(images, view_mask)
        samples, cells = fixed.mask.shape
        results = (
            torch.zeros(self.longest, samples, cells),
            torch.zeros(self.longest, samples, self.likely, dtype=torch.long),
            torch.zeros(self.longest, samples, self.likely),
        )

        def going(place: Tensor, more: Tensor, *_: Tensor) -> Tensor:
            return more & (place[0] < self.longest)

        def step(place: Tensor, _: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
            before, kept = values[:CARRIED], values[CARRIED:]
            more, after, now = self.step(*before, *fixed)
            filled = (old.index_copy(0, place, new[None]) for old, new in zip(kept, now, strict=True))
            # No output of a loop may be another output.
            return place + 1, more, *(each.clone() for each in after), *filled

        start = (torch.zeros(1, dtype=torch.long), torch.ones((), dtype=torch.bool), *carried, *results)
        results = while_loop(going, step, start)[-len(StepResult._fields) :]  # type: ignore[no-untyped-call]
        return tuple(self.finish(*results))


def _forget_origins(program: nn.Module) -> None:
    """Leave out from which file and line of this machine each operator was traced, in the loop too."""
    for part in program.modules():
        if isinstance(part, GraphModule):
            for node in part.graph.nodes:
                node.meta.pop("stack_trace", None)


class _Program:
    """A backend of a program."""

    def __init__(self, program: Callable[..., Any]) -> None:
        self._program = program

    @torch.no_grad()
    def read(self, images: np.ndarray, view_mask: np.ndarray) -> Outputs:
        pictures = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 1, 4, 2, 3)))
        outputs = Outputs(*(each.numpy() for each in self._program(pictures, torch.from_numpy(view_mask))))
        longest = outputs.lengths.max()
        return Outputs(
            *(each if each is outputs.lengths else each[:, :longest] for each in outputs if each is not None)
        )
