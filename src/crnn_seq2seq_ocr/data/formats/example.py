"""``tf.train.Example`` messages, read and written without TensorFlow or protobuf.

The message, as TensorFlow's ``example.proto`` and ``feature.proto`` define it::

    Example { Features features = 1 }
    Features { map<string, Feature> feature = 1 }        an entry: { key = 1, value = 2 }
    Feature { oneof: BytesList = 1, FloatList = 2, Int64List = 3 }, each { repeated value = 1 }
"""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from crnn_seq2seq_ocr.system.protobuf import BYTES, fields, varint

Values = list[bytes] | list[float] | list[int]
"""What a feature holds: never a mixture."""


def parse_example(data: bytes | memoryview, keys: Collection[str] | None = None) -> dict[str, Values]:
    """Parse a serialised Example into its features by name.

    Args:
        data: The message.
        keys: Take only these; the values of others are stepped over, not copied.

    Raises:
        ValueError: The message is malformed.
    """
    features: dict[str, Values] = {}
    data = memoryview(data)
    for number, message in fields(data):
        if number != 1 or isinstance(message, int):
            continue
        for inner, entry in fields(data, message.start, message.stop):
            if inner != 1 or isinstance(entry, int):
                continue
            name, feature = _entry(data[entry])
            if keys is None or name in keys:
                features[name] = _values(feature)
    return features


def serialize_example(features: Mapping[str, Sequence[bytes] | Sequence[float] | Sequence[int]]) -> bytes:
    """Write an Example of features by name, in the order of their names (so that equal features give equal bytes).

    Bytes become a BytesList, floats a FloatList, whole numbers an Int64List, nothing an empty BytesList.

    Raises:
        ValueError: A feature mixes kinds, or a whole number does not fit 64 bits.
    """
    entries = []
    for name in sorted(features):
        feature = _encode_feature(name, features[name])
        entries.append(_field(1, _field(1, name.encode()) + _field(2, feature)))
    return _field(1, b"".join(entries))


def _entry(entry: memoryview) -> tuple[str, memoryview]:
    name, feature = "", memoryview(b"")
    for number, value in fields(entry):
        if isinstance(value, slice):
            if number == 1:
                name = str(entry[value], "utf-8")
            elif number == 2:
                feature = entry[value]
    return name, feature


def _values(feature: memoryview) -> Values:
    """Return the values of a feature: of its last list where it has several kinds, as protobuf's ``oneof`` wants."""
    values: list[Any] = []
    last = None
    for kind, message in fields(feature):
        if kind not in (1, 2, 3) or isinstance(message, int):
            continue
        if kind != last:
            values, last = [], kind
        for number, value in fields(feature, message.start, message.stop):
            if number == 1:
                values.extend(_unpack(kind, value if isinstance(value, int) else feature[value]))
    return values


def _unpack(kind: int, value: int | memoryview) -> Iterator[bytes | float | int]:
    """Yield the values of one field of a list: one, or many where they are packed."""
    if kind == 1:
        if isinstance(value, int):
            raise ValueError("a number in a list of bytes")
        yield bytes(value)
    elif kind == 2:
        if isinstance(value, int) or len(value) % 4:
            raise ValueError("a list of floats that is not made of 4-byte numbers")
        yield from struct.unpack(f"<{len(value) // 4}f", value)
    elif isinstance(value, int):
        yield _signed(value)
    else:
        place = 0
        while place < len(value):
            number, place = varint(value, place, len(value))
            yield _signed(number)


def _signed(number: int) -> int:
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def _encode_feature(name: str, values: Sequence[bytes] | Sequence[float] | Sequence[int]) -> bytes:
    if all(isinstance(value, bytes) for value in values):
        return _field(1, b"".join(_field(1, value) for value in values))  # type: ignore[arg-type]
    if all(isinstance(value, float) for value in values):
        return _field(2, _field(1, struct.pack(f"<{len(values)}f", *values)))
    if not all(isinstance(value, int) for value in values):
        raise ValueError(f"feature {name!r} mixes kinds of values")
    if not all(-(2**63) <= value < 2**63 for value in values):  # type: ignore[operator]
        raise ValueError(f"feature {name!r} holds a number of more than 64 bits")
    return _field(3, _field(1, b"".join(_encode_varint(value) for value in values)))  # type: ignore[arg-type]


def _field(number: int, value: bytes) -> bytes:
    return _encode_varint(number << 3 | BYTES) + _encode_varint(len(value)) + value


def _encode_varint(number: int) -> bytes:
    number &= 2**64 - 1
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
