"""The original network's reference weights, pictures and tokens, made anew from their names and places.

Every weight is a pure function of its name and shape; the reference outputs in ``tests/fixtures/golden``
are what the original (MindSpore) made of them.
"""

import math
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FIXTURES = Path(__file__).parent.parent / "fixtures" / "golden"
CONVOLUTIONS = {  # name: channels in, channels out, side of the kernel
    "convRelu1": (3, 64, 3), "convRelu2": (64, 128, 3), "convBNRelu1": (128, 256, 3), "convRelu3": (256, 256, 3),
    "convBNRelu2": (256, 384, 3), "convRelu4": (384, 384, 3), "convBNRelu3": (384, 384, 3),
    "convRelu5": (384, 384, 3), "convBNRelu4": (384, 384, 3), "convRelu6": (384, 384, 3), "convBNRelu5": (384, 0, 2),
}  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """One of the two networks that were run, always with a batch of 2 and 4 views."""

    name: str
    width: int  # of the whole strip
    features: int  # channels of all views together
    hidden: int
    classes: int
    length: int  # steps, and columns of the memory

    def load(self) -> dict[str, Array]:
        """The reference outputs."""
        with np.load(FIXTURES / f"golden_{self.name}.npz") as arrays:
            return dict(arrays)


FULL = Sizes("full", width=512, features=128, hidden=128, classes=10000, length=64)
SMALL = Sizes("small", width=128, features=32, hidden=16, classes=50, length=16)


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter, the LSTMs' in Torch's way with one bias."""
    found: dict[str, tuple[int, ...]] = {}
    for layer, (before, after, side) in CONVOLUTIONS.items():
        after = after or sizes.features // 4
        found[f"encoder.cnn.{layer}.conv.weight"] = (after, before, side, side)
        if "BN" in layer:
            for part in ("moving_mean", "moving_variance", "gamma", "beta"):
                found[f"encoder.cnn.{layer}.bn.{part}"] = (after,)
    h = sizes.hidden
    for lstm, before in (("lstm1", sizes.features), ("lstm2", h)):
        for part, shape in (("weight_ih_l0", (4 * h, before)), ("weight_hh_l0", (4 * h, h)), ("bias_l0", (4 * h,))):
            found[f"encoder.{lstm}.rnn.{part}"] = found[f"encoder.{lstm}.rnn.{part}_reverse"] = shape
        found[f"encoder.{lstm}.embedding.weight"] = (h, 2 * h)
        found[f"encoder.{lstm}.embedding.bias"] = (h,)
    dense = {"attn": (sizes.length, 2 * h), "attn_combine": (h, 2 * h), "out": (sizes.classes, h)}
    found["decoder.decoder.embedding.embedding_table"] = (sizes.classes, h)
    for layer, size in dense.items():
        found[f"decoder.decoder.{layer}.weight"] = size
        found[f"decoder.decoder.{layer}.bias"] = size[:1]
    for part in ("ih", "hh"):
        found[f"decoder.decoder.gru.weight_{part}_l0"] = (3 * h, h)
        found[f"decoder.decoder.gru.bias_{part}_l0"] = (3 * h,)
    return found


@cache
def weight(name: str, shape: tuple[int, ...]) -> Array:
    """Normal numbers seeded by the name, scaled by the kind of parameter; read-only."""
    numbers = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(math.prod(shape)).reshape(shape)
    part = name.split(".")[-1]
    root = math.sqrt(math.prod(shape[1:]))  # of the fan-in
    if part == "gamma":
        numbers = 1 + 0.1 * numbers
    elif part == "moving_variance":
        numbers = 1 + 0.3 * np.abs(numbers)
    elif "bias" in part or part in {"beta", "moving_mean", "tail"}:
        numbers = 0.1 * numbers
    elif name.endswith("conv.weight"):
        numbers = math.sqrt(2 / math.prod(shape[1:])) * numbers
    elif part == "embedding_table":
        numbers = 1.5 * numbers
    elif part == "weight":  # dense layers
        numbers = (6 if ".out." in name else 3) / root * numbers
    else:
        numbers = 2 / root * numbers
    weights = numbers.astype(np.float32)
    weights.flags.writeable = False
    return weights


def parameters(sizes: Sizes) -> dict[str, Array]:
    """Every parameter, under the names of `shapes`."""
    return {name: weight(name, shape) for name, shape in shapes(sizes).items()}


def flat_layout(sizes: Sizes) -> dict[str, Array]:
    """As a checkpoint of a CPU holds them: each bidirectional LSTM in one tensor, with an unused tail."""
    found = parameters(sizes)
    for lstm in ("lstm1", "lstm2"):
        prefix = f"encoder.{lstm}.rnn."
        parts = [found.pop(f"{prefix}{part}{direction}").ravel()
                 for part in ("weight_ih_l0", "weight_hh_l0", "bias_l0") for direction in ("", "_reverse")]  # fmt: skip
        tail = weight(f"{prefix}weight.tail", (8 * sizes.hidden,))
        found[f"{prefix}weight"] = np.concatenate([*parts, tail]).reshape(-1, 1, 1)
    return found


def ascend_layout(sizes: Sizes) -> dict[str, Array]:
    """As a checkpoint of an Ascend device holds them: transposed, gates i, candidate, f, o."""
    found = parameters(sizes)
    h = sizes.hidden
    order = np.concatenate([np.arange(gate * h, (gate + 1) * h) for gate in (0, 2, 1, 3)])
    for lstm in ("lstm1", "lstm2"):
        prefix = f"encoder.{lstm}.rnn."
        for suffix, direction in (("", "fw"), ("_reverse", "bw")):
            matrices = [found.pop(f"{prefix}weight_{part}_l0{suffix}") for part in ("ih", "hh")]
            found[f"{prefix}weight_{direction}0"] = np.concatenate(matrices, 1)[order].T
            found[f"{prefix}bias_{direction}0"] = found.pop(f"{prefix}bias_l0{suffix}")[order]
    return found


def strips(sizes: Sizes) -> Array:
    """(N, 3, 128, width) float32 in [-1, 1], four views side by side."""
    n, c, y, x = np.meshgrid(*map(np.arange, (2, 3, 128, sizes.width)), indexing="ij")
    waves = np.sin(0.05 * y * (c + 1) + 0.031 * x + 1.7 * n) * np.cos(0.017 * x * (n + 1) - 0.023 * y + 0.4 * c)
    pixels = np.floor(127.5 * (1 + waves) + 0.5).astype(np.uint8)
    return (2 * (pixels / 255) - 1).astype(np.float32)


def targets(sizes: Sizes) -> Array:
    """(N, L) int64: some ids, the end, padding."""
    rows = np.zeros((2, sizes.length), np.int64)
    for n in range(2):
        i = np.arange(5 + 7 * n % (sizes.length - 7))
        rows[n, : len(i)] = 4 + (37 * i * i + 131 * i + 977 * n + 11) % (sizes.classes - 4)
        rows[n, len(i)] = 2
    return rows


def fed_tokens(sizes: Sizes) -> Array:
    """(N, 12) int64: begin and the ids fed in the evaluation pass."""
    n, i = np.meshgrid(np.arange(2), np.arange(12), indexing="ij")
    rows = 4 + (53 * i * i + 17 * i + 389 * n + 5) % (sizes.classes - 4)
    rows[:, 0] = 1
    return rows
