"""TIFF (revision 6.0) and BigTIFF: fields that say where strips or tiles of the picture lie."""

import math
import struct

import numpy as np

from crnn_seq2seq_ocr.data.encoded.exif import valid_orientation
from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, Encoded, check_size
from crnn_seq2seq_ocr.data.encoded.tiff_fields import (
    ORIENTATION,
    Field,
    directory_at,
    layout_of,
    read_fields,
    values,
)

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_STRIPS, _ROWS, _STRIP_BYTES, _PLANAR, _EXTRA = 273, 278, 279, 284, 338
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_OTHERS = {266, 292, 293, 317, 320, 339, 347, 530, 532}  # order of bits, fax, predictor, palette, JPEG's tables, ...
_KEPT = {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _STRIPS, _ROWS, _STRIP_BYTES, _PLANAR, _EXTRA),
    *(_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES),
    *_OTHERS,
}
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}  # none, fax, LZW, JPEG, deflate, PackBits, deflate
_DEPTHS = {1, 2, 4, 8, 16, 32, 64}
_MOST_SAMPLES = 5
_MOST_SIDE = 4096
"""Of a tile: it is held whole, however small the picture is."""


def examine_tiff(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`. Of several pages, the first."""
    fields = read_fields(data)

    def one(tag: int, default: int | None = None) -> int:
        if tag in fields:
            return int(values(data, fields[tag])[0])
        if default is None:
            raise DamagedError("its fields are missing")
        return default

    width, height = one(_WIDTH), one(_HEIGHT)
    check_size(width, height, most_pixels)
    samples = one(_SAMPLES, 1)
    depths = set(values(data, fields[_BITS]).tolist()) if _BITS in fields else {1}
    if not 1 <= samples <= _MOST_SAMPLES or not depths <= _DEPTHS or one(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise DamagedError("it is of a kind that is not read")
    planes = samples if one(_PLANAR, 1) == 2 else 1
    if _TILES in fields:
        across, down = one(_TILE_WIDTH), one(_TILE_HEIGHT)
        if not (1 <= across <= _MOST_SIDE and 1 <= down <= _MOST_SIDE):
            raise DamagedError("its tiles have a size that is not read")
        _check_parts(data, fields, _TILES, _TILE_BYTES, math.ceil(width / across) * math.ceil(height / down) * planes)
    else:
        rows = max(1, min(one(_ROWS, height), height))
        _check_parts(data, fields, _STRIPS, _STRIP_BYTES, math.ceil(height / rows) * planes)
    turned = valid_orientation(one(ORIENTATION, 1))
    transparent = samples in (2, 4) and (_EXTRA in fields or one(_PHOTOMETRIC, 0) == 2)
    return Encoded("TIFF", width, height, _kept(data, fields), transparent=transparent, orientation=turned)


def _check_parts(data: bytes, fields: dict[int, Field], places: int, lengths: int, count: int) -> None:
    """Check that there are as many strips or tiles as the size asks for, and that they lie within the file."""
    if places not in fields or lengths not in fields:
        raise DamagedError("its fields are missing")
    if fields[places].count < count or fields[lengths].count < count:
        raise DamagedError("it holds less than it claims")
    begin, length = (values(data, fields[tag])[:count] for tag in (places, lengths))
    if np.any(begin > len(data)) or np.any(length > len(data) - begin):
        raise DamagedError("it is cut short")


def _kept(data: bytes, fields: dict[int, Field]) -> bytes:
    """Return the file with a directory of what a decoder needs and no next one; all else stays where it is."""
    layout = layout_of(data)
    entries = b"".join(fields[tag].entry for tag in sorted(set(fields) & _KEPT))
    begin = directory_at(data, layout)
    size = len(next(iter(fields.values())).entry)
    directory = struct.pack(layout.count, len(entries) // size) + entries + struct.pack(layout.place, 0)
    return b"".join([data[:begin], directory, data[begin + len(directory) :]])
