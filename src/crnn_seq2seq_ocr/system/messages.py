"""Messages between processes: a JSON object and arrays of numbers, of which whoever receives them believes nothing."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from crnn_seq2seq_ocr.system.parsing import parse_json

MOST_BYTES = 1 << 31
"""Of the arrays of one message."""

_KINDS = frozenset({"uint8", "bool", "int32", "int64", "float16", "float32", "float64"})


def send(stream: BinaryIO, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write a message; there are no arrays of other things than numbers in it."""
    whole = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    told = {name: [str(array.dtype), *array.shape] for name, array in whole.items()}
    head = json.dumps({**about, "arrays": told}).encode()
    stream.write(len(head).to_bytes(4, "little") + head)
    for array in whole.values():
        stream.write(array.data if array.size else b"")
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a message, of which nothing is believed.

    Raises:
        EOFError: Nothing comes any more.
        ValueError: It is none.
    """
    head = parse_json(_exactly(stream, int.from_bytes(_exactly(stream, 4), "little")))
    arrays, left = {}, MOST_BYTES
    for name, (kind, *shape) in head.pop("arrays").items():
        if kind not in _KINDS or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError(f"an array {name} of {kind} {shape}")
        size = np.dtype(kind).itemsize
        for number in shape:
            size *= number
        left -= size
        if left < 0:
            raise ValueError(f"arrays of more than {MOST_BYTES:,} bytes")
        arrays[name] = np.frombuffer(_exactly(stream, size), kind).reshape(shape)
    return head, arrays


def _exactly(stream: BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) != count:
        raise EOFError
    return found
