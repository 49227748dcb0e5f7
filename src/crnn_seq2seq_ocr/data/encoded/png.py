"""PNG (ISO/IEC 15948): chunks with lengths and checksums."""

import struct
import zlib

from crnn_seq2seq_ocr.data.encoded.exif import orientation
from crnn_seq2seq_ocr.data.encoded.structure import (
    MOST_PARTS,
    DamagedError,
    Encoded,
    check_size,
    too_many_parts,
    unpack,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_LONGEST = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IEND": 0}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}  # bits of a sample, by colour type
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_MOST_DEFLATED = 1032
"""Bytes that one byte of a deflate stream can become, at most."""


def examine_png(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`. Of an animation, the picture for those who show none."""
    if not data.startswith(SIGNATURE):
        raise DamagedError("it is cut short")
    chunks: list[tuple[bytes, int, int]] = []  # kind, begin and end in the file
    turned, at = 1, len(SIGNATURE)
    while not chunks or chunks[-1][0] != b"IEND":
        kind, end = _chunk(data, at)
        if kind in _KEPT:
            _check_chunk(data, kind, at, end)
            chunks.append((kind, at, end))
            if len(chunks) == 1:
                width, height, least = _header(data, kind, at, most_pixels)
        elif kind == b"eXIf":
            turned = orientation(data[at + 8 : end - 4])
        elif not kind[0] & 0x20:
            raise DamagedError("it has a part of an unknown kind that is needed")
        at = end
        if len(chunks) > MOST_PARTS:
            raise too_many_parts()
    _check_all(data, [kind for kind, _, _ in chunks])
    if _MOST_DEFLATED * sum(end - begin - 12 for kind, begin, end in chunks if kind == b"IDAT") < least:
        raise DamagedError("it holds less than it claims")
    kept = b"".join([SIGNATURE, *(data[begin:end] for _, begin, end in chunks)])
    transparent = data[25] in (4, 6) or any(kind == b"tRNS" for kind, _, _ in chunks)
    return Encoded("PNG", width, height, kept, transparent=transparent, orientation=turned)


def _chunk(data: bytes, at: int) -> tuple[bytes, int]:
    """Kind and end of the chunk at a place."""
    length, kind = unpack(">I4s", data, at)
    end = at + 12 + length
    if end > len(data):
        raise DamagedError("it is cut short")
    return kind, end


def _check_chunk(data: bytes, kind: bytes, at: int, end: int) -> None:
    if end - at - 12 > _LONGEST.get(kind, end):
        raise DamagedError(f"its part {kind.decode()} is too long")
    with memoryview(data) as view:
        if zlib.crc32(view[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise DamagedError(f"the checksum of its part {kind.decode()} is wrong")


def _header(data: bytes, kind: bytes, at: int, most_pixels: int) -> tuple[int, int, int]:
    """Width, height, and the least bytes that its rows have before they are deflated."""
    if kind != b"IHDR":
        raise DamagedError("it does not begin with its size")
    width, height, depth, colour, *methods = unpack(">IIBBBBB", data, at + 8)
    check_size(width, height, most_pixels)
    if depth not in _DEPTHS.get(colour, ()) or methods[:2] != [0, 0] or methods[2] > 1:
        raise DamagedError("its header names a kind of pixels that there is not")
    return width, height, (width * _SAMPLES[colour] * depth + 7) // 8 * height


def _check_all(data: bytes, kinds: list[bytes]) -> None:
    once = [kind for kind in kinds if kind != b"IDAT"]
    if len(once) != len(set(once)) or b"IDAT" not in kinds:
        raise DamagedError("its parts are missing or come twice")
    first = kinds.index(b"IDAT")
    if any(kind != b"IDAT" for kind in kinds[first:-1]) or (data[25] == 3 and b"PLTE" not in kinds[:first]):
        raise DamagedError("its parts are in the wrong order")
