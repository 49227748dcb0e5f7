"""What an ONNX file says of itself, read from the file without loading the network."""

import mmap
from collections.abc import Iterator
from pathlib import Path

_METADATA, _KEY, _VALUE = 14, 1, 2  # fields of ModelProto and of StringStringEntryProto (onnx.proto)
_FIXED = {1: 8, 5: 4}  # bytes of protocol buffers' types of numbers of one length


def read_metadata(path: Path) -> dict[str, str]:
    """Read the entries of the file's metadata.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no protocol buffer, or its texts are no UTF-8.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        entries = [
            dict(_fields(content, begin, end)) for number, (begin, end) in _fields(content, 0, len(content))
            if number == _METADATA
        ]  # fmt: skip
        return {
            content[slice(*each[_KEY])].decode(): content[slice(*each[_VALUE])].decode()
            for each in entries
            if _KEY in each and _VALUE in each
        }


def _fields(content: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Numbers of a message's fields that have a length, and where what they hold begins and ends."""
    while at < end:
        key, at = _varint(content, at, end)
        kind = key & 7
        if kind == 2:
            length, at = _varint(content, at, end)
            if at + length > end:
                raise ValueError("it is cut short")
            yield key >> 3, (at, at + length)
            at += length
        elif kind == 0:
            _, at = _varint(content, at, end)
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise ValueError("it is no ONNX file")


def _varint(content: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise ValueError("it is cut short")
        number |= (content[at] & 0x7F) << shift
        at += 1
        if content[at - 1] < 0x80:
            return number, at
    raise ValueError("it is no ONNX file")
