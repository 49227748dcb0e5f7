"""GIF (89a): blocks of at most 255 bytes, one after the other."""

from crnn_seq2seq_ocr.data.encoded.structure import (
    MOST_PARTS,
    DamagedError,
    Encoded,
    check_size,
    too_many_parts,
    unpack,
)

_EXTENSION, _IMAGE = 0x21, 0x2C
_CONTROL = 0xF9
_BLOCK_LENGTHS = 4  # bytes of a control block


def examine_gif(data: bytes, most_pixels: int) -> Encoded:
    """See `examine`. Of an animation, its first picture."""
    signature, width, height, flags = unpack("<6sHHB", data, 0)
    if signature not in (b"GIF87a", b"GIF89a"):
        raise DamagedError("it is of no known format")
    check_size(width, height, most_pixels)
    at = head = 13 + _palette(flags)
    control, clear = b"", False
    for _ in range(MOST_PARTS):
        kind, label = unpack("BB", data, at)
        if kind == _IMAGE:
            end = _image_end(data, at, (width, height))
            kept = b"".join([data[:head], control, data[at:end], b";"])
            return Encoded("GIF", width, height, kept, transparent=clear)
        if kind != _EXTENSION:
            raise DamagedError("it holds no picture")
        end = _blocks_end(data, at + 2)
        if label == _CONTROL:
            if end - at != 2 + 1 + _BLOCK_LENGTHS + 1:
                raise DamagedError("its parts are damaged")
            control, clear = data[at:end], bool(data[at + 3] & 1)
        at = end
    raise too_many_parts()


def _palette(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _image_end(data: bytes, at: int, screen: tuple[int, int]) -> int:
    left, top, width, height, flags = unpack("<HHHHB", data, at + 1)
    if not width or not height or left + width > screen[0] or top + height > screen[1]:
        raise DamagedError("its picture has another size than it claims")
    codes = at + 10 + _palette(flags)
    (bits,) = unpack("B", data, codes)
    if not 1 <= bits <= 8:
        raise DamagedError("its picture is damaged")
    return _blocks_end(data, codes + 1)


def _blocks_end(data: bytes, at: int) -> int:
    """Find the end of a run of blocks, each after its length, the last of them empty."""
    for _ in range(MOST_PARTS):
        (length,) = unpack("B", data, at)
        at += 1 + length
        if not length:
            return at
    raise too_many_parts()
