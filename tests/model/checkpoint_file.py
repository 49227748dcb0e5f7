"""A writer of MindSpore's checkpoint files, to test the reader with."""

from pathlib import Path

import numpy as np

from tests.model.original import Array

TYPES = {"float32": "Float32", "float16": "Float16", "int32": "Int32", "int64": "Int64", "bool": "Bool"}


def varint(number: int) -> bytes:
    digits = []
    while True:
        number, digit = number >> 7, number & 127
        digits.append(digit | (128 if number else 0))
        if not number:
            return bytes(digits)


def field(number: int, content: bytes) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def value(name: str, kind: str, dims: tuple[int, ...], content: bytes) -> bytes:
    """One value of a checkpoint."""
    sizes = b"".join(varint(1 << 3) + varint(size) for size in dims)
    return field(1, field(1, name.encode()) + field(2, sizes + field(2, kind.encode()) + field(3, content)))


def checkpoint(tensors: dict[str, Array], *, most_bytes: int = 1 << 29) -> bytes:
    """A checkpoint; tensors of more bytes are split over several values of the same name."""
    found = []
    for name, tensor in tensors.items():
        content = np.ascontiguousarray(tensor).tobytes()
        kind = TYPES[tensor.dtype.name]
        pieces = [content[start : start + most_bytes] for start in range(0, len(content), most_bytes)]
        found += [value(name, kind, tensor.shape, piece) for piece in pieces]
    return b"".join(found)


def training_checkpoint(parameters: dict[str, Array]) -> dict[str, Array]:
    """What the original's training saves: everything prefixed, and the optimiser's tensors."""
    found: dict[str, Array] = {f"network.{name}": tensor for name, tensor in parameters.items()}
    found["global_step"] = np.array([12], np.int32)
    for name in ("learning_rate", "beta1_power", "beta2_power"):
        found[name] = np.array(0.5, np.float32)
    for name in list(parameters)[:3]:
        found[f"moment1.network.{name}"] = np.ones_like(parameters[name])
        found[f"moment2.network.{name}"] = np.ones_like(parameters[name])
    return found


def write_checkpoint(path: Path, tensors: dict[str, Array]) -> Path:
    path.write_bytes(checkpoint(tensors))
    return path
