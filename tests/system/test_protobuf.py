"""The wire format of Protocol Buffers, compared with the library where it is installed."""

import pytest
from onnx import StringStringEntryProto, TensorProto

from crnn_seq2seq_ocr.system.protobuf import fields, varint


def test_fields_are_those_that_the_library_wrote() -> None:
    message = TensorProto(dims=[3, 300], name="weights", raw_data=b"\x01\x02", double_data=[0.5]).SerializeToString()
    found = [(number, value if isinstance(value, int) else message[value]) for number, value in fields(message)]
    assert (1, 3) in found
    assert (1, 300) in found
    assert (8, b"weights") in found
    assert (9, b"\x01\x02") in found


def test_a_message_within_a_message() -> None:
    inner = StringStringEntryProto(key="a", value="b").SerializeToString()
    data = b"??" + inner + b"!"
    found = {number: data[value] for number, value in fields(data, 2, 2 + len(inner)) if isinstance(value, slice)}
    assert found == {1: b"a", 2: b"b"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x0a\x05abc", "a field of 5 bytes where 3 are left"),
        (b"\x09abc", "a field of 8 bytes where 3 are left"),
        (b"\x0b", "wire type 3 at byte 1"),
        (b"\x08\x80", "a number without an end"),
        (b"\x08" + b"\x80" * 10 + b"\x01", "a number without an end"),
    ],
)
def test_malformed_messages_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(fields(memoryview(data)))


def test_numbers_of_64_bits() -> None:
    assert varint(b"\xff" * 9 + b"\x01", 0, 10) == (2**64 - 1, 10)
