"""BMP: a header with the size, and rows of a length that follows from it."""

from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, Encoded, check_size, unpack

_HEADERS = {40, 52, 56, 64, 108, 124}
_DEPTHS = {0: {1, 4, 8, 16, 24, 32}, 1: {8}, 2: {4}, 3: {16, 32}, 6: {16, 32}}  # bits of a pixel, by compression


def examine_bmp(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`."""
    pixels_at, header = unpack("<II", data, 10)
    if header == 12:
        width, height, planes, bits = unpack("<HhHH", data, 18)
        compression = colours = 0
    elif header in _HEADERS:
        width, height, planes, bits, compression = unpack("<iiHHI", data, 18)
        (colours,) = unpack("<I", data, 46)
    else:
        raise DamagedError("its header is damaged")
    check_size(width, abs(height), most_pixels)
    if planes != 1 or bits not in _DEPTHS.get(compression, ()) or colours > 256:
        raise DamagedError("it is of a kind that is not read")
    if not 14 + header <= pixels_at <= len(data):
        raise DamagedError("it is cut short")
    if compression not in (1, 2) and (width * bits + 31) // 32 * 4 * abs(height) > len(data) - pixels_at:
        raise DamagedError("it holds less than it claims")
    alpha = unpack("<I", data, 66)[0] if header >= 56 and compression in (3, 6) and bits == 32 else 0
    return Encoded("BMP", width, abs(height), data, transparent=bool(alpha))
