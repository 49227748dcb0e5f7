"""WebP (RFC 9649): chunks in a RIFF container."""

import struct

from crnn_seq2seq_ocr.data.encoded.exif import orientation
from crnn_seq2seq_ocr.data.encoded.structure import (
    MOST_PARTS,
    DamagedError,
    Encoded,
    check_size,
    too_many_parts,
    unpack,
)

_ALPHA = 0x10


def examine_webp(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`. Of an animation, its first picture, which must fill it."""
    length, form = unpack("<I4s", data, 4)
    end = 8 + length
    if form != b"WEBP" or end > len(data):
        raise DamagedError("it is cut short")
    chunks = _chunks(data, 12, end)
    if b"VP8X" in chunks:
        begin, _ = chunks[b"VP8X"]
        size = _canvas(data, begin)
        check_size(*size, most_pixels)
    else:
        size = None
    if b"ANMF" in chunks:
        begin, end = chunks[b"ANMF"]
        chunks |= _chunks(data, begin + 16, end)
    image, width, height, clear = _picture(data, chunks)
    check_size(width, height, most_pixels)
    if size not in (None, (width, height)):
        raise DamagedError("its picture has another size than it claims")
    turned = orientation(_without_name(data[slice(*chunks[b"EXIF"])])) if b"EXIF" in chunks else 1
    kept = struct.pack("<4sI4s", b"RIFF", 4 + len(image), b"WEBP") + image
    return Encoded("WEBP", width, height, kept, transparent=clear, orientation=turned)


def _chunks(data: bytes, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Begin and end of what the first chunk of each kind holds."""
    found: dict[bytes, tuple[int, int]] = {}
    for _ in range(MOST_PARTS):
        if at + 8 > end:
            return found
        kind, length = unpack("<4sI", data, at)
        if at + 8 + length > end:
            raise DamagedError("it is cut short")
        found.setdefault(kind, (at + 8, at + 8 + length))
        at += 8 + length + length % 2
    raise too_many_parts()


def _canvas(data: bytes, begin: int) -> tuple[int, int]:
    width, width_high, height, height_high = unpack("<HBHB", data, begin + 4)
    return 1 + width + (width_high << 16), 1 + height + (height_high << 16)


def _picture(data: bytes, chunks: dict[bytes, tuple[int, int]]) -> tuple[bytes, int, int, bool]:
    """Chunks of one still picture, its width and height, and whether it may be transparent."""
    if b"VP8L" in chunks:
        begin, end = chunks[b"VP8L"]
        signature, bits = unpack("<BI", data, begin)
        if signature != 0x2F:
            raise DamagedError("its picture is damaged")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        return _chunk(b"VP8L", data[begin:end]), width, height, bool(bits >> 28 & 1)
    if b"VP8 " not in chunks:
        raise DamagedError("it holds no picture")
    begin, end = chunks[b"VP8 "]
    tag, start, width, height = unpack("<B2x3sHH", data, begin)
    width, height = width & 0x3FFF, height & 0x3FFF
    if tag & 1 or start != b"\x9d\x01\x2a" or begin + 10 > end:
        raise DamagedError("its picture is damaged")
    image = _chunk(b"VP8 ", data[begin:end])
    if b"ALPH" not in chunks:
        return image, width, height, False
    alpha = _chunk(b"ALPH", data[slice(*chunks[b"ALPH"])])
    small = struct.pack("<HBHB", (width - 1) & 0xFFFF, 0, (height - 1) & 0xFFFF, 0)
    return _chunk(b"VP8X", bytes([_ALPHA, 0, 0, 0]) + small) + alpha + image, width, height, True


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) % 2)


def _without_name(exif: bytes) -> bytes:
    """Skip what some writers put first: they begin it as JPEG files do."""
    return exif.removeprefix(b"Exif\0\0")
