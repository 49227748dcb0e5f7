"""The network as one ONNX graph, with the loop over tokens in it.

PyTorch translates three pieces; here they are joined: the step becomes the body of a ``Loop``, which takes the
memory from the graph around it and ends when all texts have ended.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import onnx
import onnx.compose
import onnx_ir
import torch
from onnx import TensorProto, helper
from onnxscript import optimizer
from torch import Tensor, nn

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.export.graphs import (
    Carried,
    EncoderGraph,
    FinishGraph,
    Fixed,
    StepGraph,
    StepResult,
    likely_count,
)
from crnn_seq2seq_ocr.export.recurrent import OnnxLstm, with_lstms
from crnn_seq2seq_ocr.export.silence_warnings import silence_warnings
from crnn_seq2seq_ocr.model.outputs import FILE_OUTPUTS
from crnn_seq2seq_ocr.model.recognizer import Recognizer

OPSET = 20
INPUTS = ["images", "view_mask"]
_ANY = torch.export.Dim.DYNAMIC
_WHATEVER_ITS_SIZE = 2**40


@dataclass(frozen=True)
class Pieces:
    """The three pieces as ONNX models, which may be changed one by one before they are joined."""

    encoder: onnx.ModelProto
    step: onnx.ModelProto
    finish: onnx.ModelProto


def translate(recognizer: Recognizer, description: Description, *, keep_weights: bool = False) -> Pieces:
    """Translate a network in evaluation, on the CPU, into its pieces.

    Args:
        recognizer: The network.
        description: What it says of itself.
        keep_weights: Leave the weights of convolutions as they are; else the norms after them are worked into them.
    """
    changed = with_lstms(recognizer, OnnxLstm)
    if keep_weights:
        _set_norms_apart(changed.encoder)
    encoder, step, finish = EncoderGraph(changed), StepGraph(recognizer, description), FinishGraph(description)
    images, view_mask = example(description)
    with torch.no_grad():
        carried, fixed = EncoderGraph(recognizer)(images, view_mask)
        _, _, result = step(*carried, *fixed)
    cells = {} if description.model.encoder.mixes_views else {1: _ANY}
    coverage = {2: _ANY} if cells else {}
    return Pieces(
        _translated(
            encoder, (images, view_mask), any_size(description), INPUTS, [*_names("first", Carried), *Fixed._fields]
        ),
        _translated(
            step,
            (*carried, *fixed),
            [(*[{0: _ANY}] * 3, {0: _ANY} | coverage, *[{0: _ANY} | cells] * 3)],
            [*_names("before", Carried), *Fixed._fields],
            ["more", *_names("after", Carried), *_names("result", StepResult)],
        ),
        _translated(
            finish,
            tuple(torch.stack([each] * 3) for each in result),
            [({0: _ANY, 1: _ANY} | coverage, {0: _ANY, 1: _ANY}, {0: _ANY, 1: _ANY})],
            _names("all", StepResult),
            FILE_OUTPUTS,
        ),
    )


def example(description: Description, *, samples: int = 2) -> tuple[Tensor, Tensor]:
    """Grey images uint8 (N, V, 3, H, W) and view_mask (N, V) with all that the model takes."""
    size = description.preprocessing
    images = torch.full((samples, size.views, 3, size.height, size.width), 128, dtype=torch.uint8)
    return images, torch.ones(samples, size.views, dtype=torch.bool)


def any_size(description: Description) -> list[dict[int, Any]]:
    """Say which dimensions of images and view_mask may be of any size."""
    several = description.preprocessing.views > 1 and not description.model.encoder.mixes_views
    views = {1: _ANY} if several else {}
    width = {4: _ANY} if description.preprocessing.resize == "fit" else {}
    return [{0: _ANY} | views | width, {0: _ANY} | views]


def join(pieces: Pieces, description: Description) -> onnx.ModelProto:
    """Join the pieces to the whole network, its loop included."""
    encoder, step, finish = (
        onnx.compose.add_prefix_graph(piece.graph, f"{name}/", rename_inputs=False, rename_outputs=False)
        for name, piece in vars(pieces).items()
    )
    limit = helper.make_tensor("most_steps", TensorProto.INT64, (), [description.max_length + 1])
    go = helper.make_tensor("go", TensorProto.BOOL, (), [True])
    loop = helper.make_node(
        "Loop",
        [limit.name, go.name, *_names("first", Carried)],
        [*_names("final", Carried), *_names("all", StepResult)],
        name="tokens",
        body=_body(step),
    )
    graph = helper.make_graph(
        [*encoder.node, loop, *finish.node],
        "reader",
        _inputs(description),
        _outputs(description),
        [*encoder.initializer, limit, go, *finish.initializer],
    )
    opsets = {each.domain: each.version for piece in vars(pieces).values() for each in piece.opset_import}
    joined = helper.make_model(
        graph,
        ir_version=max(piece.ir_version for piece in vars(pieces).values()),
        opset_imports=[helper.make_opsetid(*each) for each in opsets.items()],
    )
    onnx.checker.check_model(joined)
    return joined


def _body(step: onnx.GraphProto) -> onnx.GraphProto:
    """Make a step the body of the loop: what is fixed comes from around it, under the same names."""
    inputs = {each.name: each for each in step.input}
    outputs = {each.name: each for each in step.output}
    for each in [*inputs.values(), *outputs.values()]:
        # The names of its sizes mean something only within the piece.
        for size in each.type.tensor_type.shape.dim:
            size.ClearField("dim_param")
    return helper.make_graph(
        step.node,
        "step",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, ()),
            helper.make_tensor_value_info("going", TensorProto.BOOL, ()),
            *(inputs[name] for name in _names("before", Carried)),
        ],
        [outputs[name] for name in ["more", *_names("after", Carried), *_names("result", StepResult)]],
        step.initializer,
    )


def _inputs(description: Description) -> list[onnx.ValueInfoProto]:
    images, view_mask = (list(each.shape) for each in example(description))
    names = {0: "batch", 1: "views", 4: "width"}
    sizes: list[list[int | str]] = [
        [names[place] if place in varying else size for place, size in enumerate(shape)]
        for shape, varying in zip((images, view_mask), any_size(description), strict=True)
    ]
    return [
        helper.make_tensor_value_info("images", TensorProto.UINT8, sizes[0]),
        helper.make_tensor_value_info("view_mask", TensorProto.BOOL, sizes[1]),
    ]


def _outputs(description: Description) -> list[onnx.ValueInfoProto]:
    texts: list[int | str] = ["batch", "length"]
    likely = likely_count(description)
    return [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, texts),
        helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, texts),
        helper.make_tensor_value_info("lengths", TensorProto.INT64, texts[:1]),
        helper.make_tensor_value_info("attention", TensorProto.FLOAT, [*texts, *_grid_sizes(description)]),
        helper.make_tensor_value_info("likely", TensorProto.INT64, [*texts, likely]),
        helper.make_tensor_value_info("likely_log_probs", TensorProto.FLOAT, [*texts, likely]),
    ]


def _grid_sizes(description: Description) -> list[int | str]:
    """Sizes of the attention's views, rows and columns, names where they vary."""
    encoder = description.model.encoder
    rows, columns = encoder.cells(description.preprocessing)
    several = description.preprocessing.views > 1 and not encoder.mixes_views
    return ["views" if several else 1, rows, "columns" if description.preprocessing.resize == "fit" else columns]


def _names(role: str, parts: Any) -> list[str]:
    return [f"{role}_{field}" for field in parts._fields]


def _translated(
    piece: nn.Module, arguments: tuple[Any, ...], shapes: Any, inputs: Any, outputs: Any
) -> onnx.ModelProto:
    """Translate a piece into an ONNX model, with all that is constant in it computed."""
    with silence_warnings():
        program = torch.onnx.export(
            piece.eval(),
            arguments,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=tuple(shapes),
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
        assert program is not None
        folded = optimizer.optimize(
            program.model, input_size_limit=_WHATEVER_ITS_SIZE, output_size_limit=_WHATEVER_ITS_SIZE
        )
    model: onnx.ModelProto = onnx_ir.to_proto(folded)
    del model.graph.value_info[:]
    _forget_origins(model.graph)
    return model


def _forget_origins(graph: onnx.GraphProto) -> None:
    """Leave out from which file and line of this machine each part was translated."""
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.ClearField("doc_string")


def _set_norms_apart(encoder: nn.Module) -> None:
    """Put products and sums in place of the norms right after convolutions; ONNX Runtime joins them on loading."""
    for layers in [module for module in encoder.modules() if isinstance(module, nn.Sequential)]:
        for place, (before, norm) in enumerate(itertools.pairwise(list(layers)), 1):
            if isinstance(before, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                layers[place] = _Affine(norm)


class _Affine(nn.Module):
    """Batch normalisation in evaluation: (N, C, H, W) times a scale plus a shift of each channel."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
        self.scale = nn.Parameter(scale[:, None, None])  # (C, 1, 1)
        self.shift = nn.Parameter((norm.bias.detach() - norm.running_mean * scale)[:, None, None])

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.scale + self.shift
