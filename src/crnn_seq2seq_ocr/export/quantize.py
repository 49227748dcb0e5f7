"""The pieces with fewer bits: weights in fp16, or products and convolutions in int8."""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crnn_seq2seq_ocr.data.transforms import Prepared
from crnn_seq2seq_ocr.export.graph import Pieces
from crnn_seq2seq_ocr.export.silence_warnings import silence_warnings


def halved(pieces: Pieces, *, exactly: bool = False) -> Pieces:
    """Matrices kept in fp16, half the size; computed in fp32 as before, for which each is made fp32 again on loading.

    Processors without fp16 convolutions, which are most, would only lose time with more of it in fp16.

    Args:
        pieces: In fp32.
        exactly: Leave matrices as they are that would lose digits.
    """
    encoder, step = (_halved(piece, exactly=exactly) for piece in (pieces.encoder, pieces.step))
    return replace(pieces, encoder=encoder, step=step)


def _halved(piece: onnx.ModelProto, *, exactly: bool) -> onnx.ModelProto:
    changed = onnx.ModelProto()
    changed.CopyFrom(piece)
    casts = []
    for weight in changed.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) < 2:
            continue
        whole, name = numpy_helper.to_array(weight), weight.name
        with np.errstate(over="ignore"):
            half = whole.astype(np.float16)
        if exactly and (half != whole).any():
            continue
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}_fp16"))
        casts.append(helper.make_node("Cast", [weight.name], [name], name=f"{name}_fp32", to=TensorProto.FLOAT))
    nodes = [*casts, *changed.graph.node]
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    return changed


def quantized(pieces: Pieces, pictures: Iterable[Prepared]) -> Pieces:
    """Convolutions in int8 by the range that their inputs have on some pictures; LSTMs and products as they come.

    Weights take 7 of 8 bits, because processors without VNNI would add up products of 8 bits wrongly.

    Args:
        pieces: In fp32.
        pictures: Some such as will be read.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    settings = {"per_channel": True, "reduce_range": True, "weight_type": QuantType.QInt8}
    with tempfile.TemporaryDirectory() as folder, silence_warnings():
        encoder, step = Path(folder) / "encoder.onnx", Path(folder) / "step.onnx"
        # Through files: the tool changes the models that it is given.
        onnx.save(pieces.encoder, encoder)
        onnx.save(pieces.step, step)
        quantize_static(
            encoder,
            encoder,
            _Calibration(pictures),
            op_types_to_quantize=["Conv", "MaxPool"],
            activation_type=QuantType.QUInt8,
            **settings,
        )
        quantize_dynamic(encoder, encoder, op_types_to_quantize=["LSTM", "MatMul"], **settings)
        quantize_dynamic(step, step, op_types_to_quantize=["MatMul"], **settings)
        return replace(pieces, encoder=onnx.load(encoder), step=onnx.load(step))


class _Calibration:
    """Pictures one by one, as ONNX Runtime's tool asks for them."""

    def __init__(self, pictures: Iterable[Prepared]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next, None after the last."""
        for views, view_mask in self._pictures:
            return {"images": np.ascontiguousarray(views[None].transpose(0, 1, 4, 2, 3)), "view_mask": view_mask[None]}
        return None
