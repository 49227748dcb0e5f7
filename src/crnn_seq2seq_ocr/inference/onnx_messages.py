"""Messages of ONNX files, read and written as lists of fields, without the package onnx.

Source of the numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from collections.abc import Iterable

import numpy as np

from crnn_seq2seq_ocr.system.protobuf import fields

GRAPH = 7  # of ModelProto
NODE, INITIALIZER, INPUT, OUTPUT = 1, 5, 11, 12  # of GraphProto
NODE_INPUT, NODE_OUTPUT, NODE_TYPE, NODE_ATTRIBUTE = 1, 2, 4, 5  # of NodeProto
ATTRIBUTE_NAME, ATTRIBUTE_INT, ATTRIBUTE_GRAPH, ATTRIBUTE_KIND = 1, 3, 6, 20
FLOAT, INT64 = 1, 7  # of TensorProto

_KIND_INT = 2  # of AttributeProto

Message = list[tuple[int, int | bytes]]
"""The fields of a message."""


def names(message: Message, key: int) -> list[str]:
    """Return the texts that a message has under a number."""
    return [value.decode() for number, value in message if number == key and isinstance(value, bytes)]


def value_name(value: int | bytes) -> str:
    """Return the name that a ValueInfoProto or a TensorProto has."""
    return names(parsed(value), 1)[0]


def parsed(content: int | bytes) -> Message:
    """Return the fields of a message that has none of a fixed size.

    Raises:
        ValueError: It is no message.
    """
    if isinstance(content, int):
        raise ValueError("it is no ONNX file")
    return [(key, bytes(content[value]) if isinstance(value, slice) else value) for key, value in fields(content)]


def written(message: Iterable[tuple[int, int | bytes]]) -> bytes:
    """Return a message of fields."""
    parts = []
    for key, value in message:
        if isinstance(value, int):
            parts.append(_varint(key << 3) + _varint(value))
        else:
            parts += [_varint(key << 3 | 2) + _varint(len(value)), value]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    bytes_written = bytearray()
    while number > 127:
        bytes_written.append(number & 127 | 128)
        number >>= 7
    return bytes([*bytes_written, number])


def node(kind: str, inputs: list[str], output: str, **attributes: int) -> bytes:
    """Return a NodeProto of one output, whose attributes are whole numbers."""
    told = [
        written([(ATTRIBUTE_NAME, name.encode()), (ATTRIBUTE_INT, value), (ATTRIBUTE_KIND, _KIND_INT)])
        for name, value in attributes.items()
    ]
    return written(
        [
            *((NODE_INPUT, name.encode()) for name in inputs),
            (NODE_OUTPUT, output.encode()),
            (NODE_TYPE, kind.encode()),
            *((NODE_ATTRIBUTE, each) for each in told),
        ]
    )


def tensor(name: str, value: np.ndarray) -> bytes:
    """Return a TensorProto: sizes, type, name and bytes."""
    kind = INT64 if value.dtype == np.int64 else FLOAT
    return written([*((1, size) for size in value.shape), (2, kind), (8, name.encode()), (9, value.tobytes())])


def described(name: str, dimensions: int, kind: int = FLOAT) -> bytes:
    """Return a ValueInfoProto of any size."""
    shape = written([(1, b"")] * dimensions)
    return written([(1, name.encode()), (2, written([(1, written([(1, kind), (2, shape)]))]))])
