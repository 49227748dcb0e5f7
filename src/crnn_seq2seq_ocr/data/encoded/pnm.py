"""PPM and PGM (Netpbm), binary and plain."""

import re

from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, Encoded, check_size

_LONGEST_HEADER = 4096
_SPACE = rb"(?:\s|#[^\n]*\n)+"
_HEADER = re.compile(rb"P([2356])" + 2 * (_SPACE + rb"(\d{1,9})") + _SPACE + rb"(\d{1,5})\s")
_PLAIN, _COLOURED = (b"2", b"3"), (b"3", b"6")


def examine_pnm(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`."""
    header = _HEADER.match(data[:_LONGEST_HEADER])
    if header is None:
        raise DamagedError("its header is damaged")
    kind, width, height, brightest = header[1], int(header[2]), int(header[3]), int(header[4])
    check_size(width, height, most_pixels)
    if not 1 <= brightest <= 65535:
        raise DamagedError("its header is damaged")
    numbers = width * height * (3 if kind in _COLOURED else 1)
    least = 2 * numbers - 1 if kind in _PLAIN else numbers * (1 if brightest < 256 else 2)
    if len(data) - header.end() < least:
        raise DamagedError("it holds less than it claims")
    return Encoded("PNM", width, height, data)
