"""The wire format of Protocol Buffers, as far as messages are read without the library.

https://protobuf.dev/programming-guides/encoding: a message is a row of fields, each with a number and one of four kinds
of value. Groups, which nobody writes any more, are refused.
"""

import mmap
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of values

Buffer = bytes | memoryview | mmap.mmap


def fields(data: Buffer, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, int | slice]]:
    """Each field of a message: its number, and a number or where in the data its bytes are.

    Numbers of a fixed size come as their bytes. What is not looked at is not copied.

    Args:
        data: Holds the message.
        begin: Where the message begins.
        end: Where it ends; None for the end of the data.

    Raises:
        ValueError: The message is malformed.
    """
    place, end = begin, len(data) if end is None else end
    while place < end:
        tag, place = (data[place], place + 1) if data[place] < 128 else varint(data, place, end)  # mostly one byte
        kind = tag & 7
        if kind == VARINT:
            value, place = varint(data, place, end)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, place = varint(data, place, end)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {place} of a message")
        if length > end - place:
            raise ValueError(f"a field of {length} bytes where {end - place} are left")
        yield tag >> 3, slice(place, place + length)
        place += length


def varint(data: Buffer, place: int, end: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first, and the place after it.

    Raises:
        ValueError: It does not end before `end`, or has more than 64 bits.
    """
    value = shift = 0
    while True:
        if place >= end or shift > 63:
            raise ValueError("a number without an end")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
