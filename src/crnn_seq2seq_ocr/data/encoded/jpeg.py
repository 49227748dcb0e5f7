"""JPEG (ITU-T T.81): segments with lengths, and scans between them."""

import re

from crnn_seq2seq_ocr.data.encoded.exif import orientation
from crnn_seq2seq_ocr.data.encoded.structure import (
    MOST_PARTS,
    DamagedError,
    Encoded,
    check_size,
    too_many_parts,
    unpack,
)

MOST_SCANS = 64
"""Each goes over the whole picture, however little it holds; real progressive files have about ten."""

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_END, _SCAN = 0xD9, 0xDA
_ALONE = {0x01, *range(0xD0, 0xD8)}
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_WINDOW = 1 << 20  # so that other threads get their turn between


def examine_jpeg(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`."""
    kept = [data[:2]]
    size, turned, scans, at = (0, 0), 1, 0, 2
    for _ in range(MOST_PARTS):
        marker, begin = _next_marker(data, at)
        if marker == _END:
            break
        at = begin + 2
        if marker in _ALONE:
            continue
        end = _segment_end(data, begin)
        if marker in _FRAMES:
            size = _frame(data, begin, size, most_pixels)
        elif marker == _SCAN:
            scans += 1
            end = _scan_end(data, end)
        elif marker == _EXIF and data[begin + 4 : begin + 10] == b"Exif\0\0":
            turned = orientation(data[begin + 10 : end])
        if marker in _FRAMES or marker in _TABLES or marker in (_SCAN, _JFIF, _ADOBE):
            kept.append(data[begin:end])
        at = end
    else:
        raise too_many_parts()
    if not scans or not size[0]:
        raise DamagedError("it holds no picture")
    if scans > MOST_SCANS:
        raise DamagedError(f"it is in more than {MOST_SCANS} scans")
    kept.append(b"\xff\xd9")
    return Encoded("JPEG", *size, b"".join(kept), orientation=turned)


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """Find the next marker and where it begins; bytes before it and fill bytes are passed over."""
    begin = data.find(b"\xff", at)
    if begin < 0:
        raise DamagedError("it is cut short")
    while data[begin + 1 : begin + 2] == b"\xff":
        begin += 1
    (marker,) = unpack("B", data, begin + 1)
    if marker in (0x00, 0xD8):
        raise DamagedError("its parts are damaged")
    return marker, begin


def _segment_end(data: bytes, begin: int) -> int:
    (length,) = unpack(">H", data, begin + 2)
    end = int(begin + 2 + length)
    if length < 2 or end > len(data):
        raise DamagedError("it is cut short")
    return end


def _frame(data: bytes, begin: int, known: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """Width and height."""
    if known[0]:
        raise DamagedError("it has two sizes")
    height, width, components = unpack(">HHB", data, begin + 5)
    check_size(width, height, most_pixels)
    if not 1 <= components <= 4:
        raise DamagedError("its header names a kind of pixels that there is not")
    return width, height


def _scan_end(data: bytes, at: int) -> int:
    """Where a scan's marker after its data begins."""
    while at < len(data):
        if found := _MARKER.search(data, at, at + _WINDOW):
            return found.start()
        at += _WINDOW - 1
    raise DamagedError("it is cut short")
