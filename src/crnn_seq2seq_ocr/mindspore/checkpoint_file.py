"""MindSpore's checkpoint files (``.ckpt``) read without MindSpore.

A file is one protobuf message: repeated field 1, each a value with a tag (1) and a tensor (2) of dims (1),
type (2) and content (3, raw little-endian).
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.system.protobuf import fields

MOST_BYTES = 16_000_000_000
"""Of a checkpoint."""

NUMBER_TYPES = {
    "Float16": "<f2", "Float32": "<f4", "Float64": "<f8", "Bool": "?", "Int8": "<i1", "Int16": "<i2", "Int32": "<i4",
    "Int64": "<i8", "UInt8": "<u1", "UInt16": "<u2", "UInt32": "<u4", "UInt64": "<u8", "BFloat16": "<u2",
}  # fmt: skip


def read_mindspore(path: Path | str) -> dict[str, NDArray[np.generic]]:
    """All tensors of a ``.ckpt`` file by name, without a prefix ``network.``; entries of no number type are left out.

    Raises:
        CheckpointError: The file is missing, truncated, corrupt, encrypted or of another kind.
    """
    try:
        content = read_ordinary(Path(path), most_bytes=MOST_BYTES)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}): check its path") from None
    if b"\x5e\x3a\x7f" in content[:16]:  # MindSpore's mark of encrypted blocks, 0x7f3a5ed8 and up
        raise CheckpointError(f"{path} is encrypted: load and save it with MindSpore and its key, without enc_key")
    if content[-17:-10] == b"crc_num":
        content = content[:-17]
    if content[:1] != b"\x0a":
        raise CheckpointError(f"{path} is not a MindSpore checkpoint: give a .ckpt file that training wrote")
    try:
        return _tensors(memoryview(content))
    except (ValueError, IndexError) as error:
        raise CheckpointError(f"{path} is truncated or corrupt ({error}): copy it again from its source") from None


def _tensors(content: memoryview) -> dict[str, NDArray[np.generic]]:
    """Return the tensors of a whole checkpoint message; those split over several values are joined."""
    pieces: dict[str, list[memoryview]] = {}
    kinds: dict[str, tuple[str, tuple[int, ...]]] = {}
    for field, value in fields(content):
        if field != 1:
            raise ValueError(f"unknown field {field}")
        entry = _part(content, value)
        named = dict(fields(entry))
        if 1 not in named:
            raise ValueError("a value without a name")
        name = bytes(_part(entry, named[1])).decode("utf-8")
        while name.startswith("network."):
            name = name.removeprefix("network.")
        if 2 not in named:
            continue
        dims, kind, raw = _tensor(_part(entry, named[2]))
        kinds[name] = (kind, dims)
        pieces.setdefault(name, []).append(raw)
    numbers = [name for name in pieces if kinds[name][0] in NUMBER_TYPES]
    return {name: _array(name, *kinds[name], b"".join(pieces[name])) for name in numbers}


def _tensor(message: memoryview) -> tuple[tuple[int, ...], str, memoryview]:
    """(dims, type, content) of a tensor message."""
    dims: list[int] = []
    kind, content = "", memoryview(b"")
    for field, value in fields(message):
        if field == 1:
            dims.append(value if isinstance(value, int) else value.stop - value.start)
        elif field == 2:
            kind = bytes(_part(message, value)).decode("utf-8")
        elif field == 3:
            content = _part(message, value)
    return tuple(dims), kind, content


def _array(name: str, kind: str, dims: tuple[int, ...], content: bytes) -> NDArray[np.generic]:
    shape = () if dims == (0,) else dims  # older MindSpore writes scalars so
    number = np.dtype(NUMBER_TYPES[kind])
    if len(content) != math.prod(shape) * number.itemsize:
        raise ValueError(f"{name} has {len(content)} bytes for {kind} of shape {shape}")
    values = np.frombuffer(content, number)
    if kind == "BFloat16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(shape)


def _part(message: memoryview, value: int | slice) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes were expected")
    return message[value]
