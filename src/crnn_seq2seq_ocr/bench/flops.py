"""How much arithmetic some work takes, and how fast the machine can do arithmetic at all."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from crnn_seq2seq_ocr.bench.timing import Laps

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

Shape = Sequence[int]


def count_flops(work: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and convolutions in some work, forwards and backwards.

    A multiplication and its addition are two. What is done value by value is not counted, nor what a
    compiled module does.
    """
    with FlopCounterMode(display=False, custom_mapping=_recurrent_layers()) as counter:
        work()
    return int(counter.get_total_flops())


def _recurrent_layers() -> dict[Any, Callable[..., int]]:
    """Recurrent layers are one operation to PyTorch on the CPU and on CUDA, and one that its counter leaves out."""
    operations = torch.ops.aten
    return {
        operations.mkldnn_rnn_layer: _one_direction,
        operations.mkldnn_rnn_layer_backward: lambda *shapes, **rest: 2 * _one_direction(*shapes, **rest),
        operations._cudnn_rnn: _all_directions,
        operations._cudnn_rnn_backward: lambda *shapes, **rest: 2 * _all_directions(*shapes, **rest),
    }


def _one_direction(inputs: Shape, input_weights: Shape, hidden_weights: Shape, *_: Any, **__: Any) -> int:
    return 2 * math.prod(inputs[:-1]) * (math.prod(input_weights) + math.prod(hidden_weights))


def _all_directions(inputs: Shape, weights: Sequence[Shape], *_: Any, **__: Any) -> int:
    return 2 * math.prod(inputs[:-1]) * sum(math.prod(weight) for weight in weights if len(weight) == 2)


CPU_ROWS, ACCELERATOR_ROWS = 1024, 8192
"""Rows of the square matrices that keep a device busy."""


class MatrixProduct:
    """Products of two square matrices: the most that can be asked of a device's arithmetic.

    Args:
        device: Where.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        size: Rows; None takes `CPU_ROWS` or `ACCELERATOR_ROWS`.
        count: Products that are timed together.
    """

    def __init__(self, device: torch.device, precision: str, *, size: int | None = None, count: int = 8) -> None:
        self._size = size or (CPU_ROWS if device.type == "cpu" else ACCELERATOR_ROWS)
        self._count = count
        generator = torch.Generator().manual_seed(0)
        self._left, self._right = (
            torch.randn(self._size, self._size, generator=generator).to(device, DTYPES[precision]) for _ in range(2)
        )

    def __call__(self) -> dict[str, float]:
        """TFLOP/s, as ``product``."""
        laps = Laps(self._left.device)
        for _ in range(self._count):
            torch.mm(self._left, self._right)
        laps.end("product")
        return {"product": 2 * self._size**3 * self._count / laps.seconds["product"] / 1e12}
