"""Files that lie about what they hold: none reaches a decoder, and memory stays bounded."""

import io
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from crnn_seq2seq_ocr.data.encoded import DamagedError, SizeError, examine
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.errors import PictureError

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def saved(format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes, claims: int | None = None) -> bytes:
    length = len(data) if claims is None else claims
    return struct.pack(">I", length) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*between: bytes, width: int = 40, height: int = 24, colour: int = 2, data: bytes | None = None) -> bytes:
    rows = zlib.compress(bytes((1 + 3 * width) * height) if width * height < 10_000 else b"") if data is None else data
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *between, chunk(b"IDAT", rows), chunk(b"IEND", b"")])


def patched(data: bytes, at: int, layout: str, *numbers: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, at, *numbers)
    return bytes(changed)


def tiff(fields: dict[int, tuple[int, int, int]], *, order: str = "<", size: int = 4000) -> bytes:
    """A grey TIFF of 40 x 30 in one strip, with some fields replaced: type, count, value."""
    usual = {256: (3, 1, 40), 257: (3, 1, 30), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 400),
             277: (3, 1, 1), 278: (3, 1, 30), 279: (4, 1, 1200)}  # fmt: skip
    entries = b"".join(
        struct.pack("<HHI", tag, kind, count) + struct.pack("<I", value)
        for tag, (kind, count, value) in sorted((usual | fields).items())
        if count >= 0
    )
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries) // 12) + entries
    return (head + struct.pack("<I", 8)).ljust(size, b"\0")  # the next directory is this one again


def test_the_file_that_allocated_four_gigabytes() -> None:
    """In a process of its own that may have little more than it starts with."""
    lying = png(data=b"x")[:33] + b"\xff\xff\xff\xffIDAT" + bytes(40)
    code = (
        "import sys; from pathlib import Path; from crnn_seq2seq_ocr.data.pictures import decode_picture\n"
        "from crnn_seq2seq_ocr.errors import PictureError\n"
        "try: decode_picture(sys.stdin.buffer.read(), name='x')\n"
        "except PictureError: pass\n"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    assert len(lying) == 81
    ended = subprocess.run([sys.executable, "-c", code], input=lying, capture_output=True, check=True)
    assert int(ended.stdout) < 500_000  # kilobytes


GIF_HEAD = b"GIF89a" + struct.pack("<HHBBB", 40, 30, 0x80, 0, 0) + bytes(6)
LYING = {
    "png of a chunk beyond the end": png()[:33] + struct.pack(">I4s", 0xFFFFFFFF, b"IDAT") + bytes(40),
    "png with a wrong checksum": png()[:-20] + b"\0\0\0\0" + png()[-16:],
    "png with a long header": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(1000)) + png()[33:],
    "png with a huge palette": png(chunk(b"PLTE", bytes(100_000))),
    "png without a palette": png(colour=3),
    "png of an unknown kind of chunk": png(chunk(b"ABCD", b"")),
    "png with two headers": png(png()[8:33]),
    "png with too little": png(width=4000, height=4000),
    "png without an end": png()[:-12],
    "png in parts": png(*[chunk(b"IDAT", b"")] * 100_001),
    "jpeg without an end": saved("JPEG")[:-2],
    "jpeg that ends in a segment": patched(saved("JPEG"), 4, ">H", 0xFFFF),
    "jpeg with a segment of no length": patched(saved("JPEG"), 4, ">H", 0),
    "jpeg without a picture": b"\xff\xd8\xff\xe0\0\2\xff\xd9",
    "jpeg with many scans": saved("JPEG", progressive=True)[:-2] + b"\xff\xda\0\2" * 65 + b"\xff\xd9",
    "jpeg with two sizes": (lambda data: data[: data.index(b"\xff\xc0") + 19] + data[data.index(b"\xff\xc0") :])(
        saved("JPEG")
    ),
    "webp beyond its end": patched(saved("WEBP"), 4, "<I", 0xFFFFFFF0),
    "webp with a chunk beyond its end": patched(saved("WEBP"), 16, "<I", 0xFFFFFFF0),
    "webp without a picture": b"RIFF" + struct.pack("<I", 4) + b"WEBP",
    "webp of another size than it claims": patched(saved("WEBP", xmp=b"x"), 24, "<H", 99),
    "tiff with a directory beyond its end": patched(tiff({}), 4, "<I", 0xFFFFFFF0),
    "tiff with a strip beyond its end": tiff({273: (4, 1, 0xFFFFFF00)}),
    "tiff with a strip that is too long": tiff({279: (4, 1, 0xFFFFFFFF)}),
    "tiff with too few strips": tiff({278: (3, 1, 1)}),
    "tiff with many samples": tiff({277: (3, 1, 65535)}),
    "tiff with a field beyond its end": tiff({320: (3, 0x7FFFFFFF, 500)}),
    "tiff with huge tiles": tiff({322: (4, 1, 65520), 323: (4, 1, 65520), 324: (4, 1, 400), 325: (4, 1, 1200)}),
    "tiff of no depth": tiff({258: (3, 1, 0)}),
    "tiff of a rare compression": tiff({259: (3, 1, 34925)}),
    "tiff without lengths": tiff({279: (4, -1, 0)}),
    "big tiff beyond its end": b"II+\0" + struct.pack("<HHQ", 8, 0, 2**63),
    "bmp with less than it claims": saved("BMP")[:-100],
    "bmp with pixels beyond its end": patched(saved("BMP"), 10, "<I", 0xFFFFFFFF),
    "bmp with an unknown header": patched(saved("BMP"), 14, "<I", 1000),
    "bmp with a huge palette": patched(saved("BMP"), 46, "<I", 0xFFFFFFFF),
    "bmp of a kind that there is not": patched(saved("BMP"), 28, "<H", 7),
    "gif with a picture beside its screen": GIF_HEAD + b"," + struct.pack("<HHHHB", 0, 0, 60000, 60000, 0) + b"\2\0;",
    "gif without a picture": GIF_HEAD + b";",
    "gif that is cut short": GIF_HEAD + b"," + struct.pack("<HHHHB", 0, 0, 40, 30, 0) + b"\2\xff",
    "gif in parts": GIF_HEAD + b"!\xfe\1x\0" * 100_001,
    "ppm with less than it claims": b"P6 40 30 255\n" + bytes(100),
    "pgm of plain text with less than it claims": b"P2 40 30 255\n1 2 3",
    "ppm without numbers": b"P6 " + b"#" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", LYING)
def test_what_does_not_hold_is_refused_before_it_is_decoded(name: str) -> None:
    with pytest.raises(DamagedError):
        examine(LYING[name], most_pixels=64_000_000)
    with pytest.raises(PictureError, match=r"^sign: this is no picture that can be read \("):
        decode_picture(LYING[name], name="sign")


HUGE = {
    "png": png(width=60_000, height=60_000),
    "jpeg": (lambda data: patched(data, data.index(b"\xff\xc0") + 5, ">HH", 65535, 65535))(saved("JPEG")),
    "webp": b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff" * 6,
    "tiff": tiff({256: (4, 1, 0xFFFFFFFF), 257: (4, 1, 0xFFFFFFFF)}),
    "bmp": patched(saved("BMP"), 18, "<ii", 2**31 - 1, -(2**31)),
    "gif": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0),
    "ppm": b"P6 999999999 999999999 255\n",
}


@pytest.mark.parametrize("format", HUGE)
def test_too_many_pixels_are_refused_by_the_header(format: str) -> None:
    with pytest.raises(SizeError):
        examine(HUGE[format], most_pixels=64_000_000)


BOMBS = {
    b"iCCP": b"x\0\0" + zlib.compress(bytes(1_000_000)),
    b"zTXt": b"x\0\0" + zlib.compress(bytes(1_000_000)),
    b"iTXt": b"x\0\1\0\0\0" + zlib.compress(bytes(1_000_000)),
    b"fdAT": bytes(4) + zlib.compress(bytes(1_000_000)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_a_decoder_does_not_need_never_reaches_it(kind: bytes) -> None:
    full = png(*[chunk(kind, BOMBS[kind])] * 900)
    assert examine(full, most_pixels=10_000).data == png()
    assert decode_picture(full, name="x").shape == (24, 40, 3)


def test_segments_and_fields_that_are_not_needed_are_left_out() -> None:
    assert len(examine(saved("JPEG", comment=b"c" * 60_000), most_pixels=10_000).data) < len(saved("JPEG")) + 10
    assert b"secret" not in examine(saved("WEBP", xmp=b"secret"), most_pixels=10_000).data
    assert (decode_picture(tiff({}), name="x") == 0).all()  # whose next directory is itself


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_picture_is_read(format: str) -> None:
    frames = [Image.fromarray(np.full((30, 40, 3), shade, np.uint8)) for shade in (0, 100, 200)]
    file = io.BytesIO()
    frames[0].save(file, format, save_all=True, append_images=frames[1:])
    assert decode_picture(file.getvalue(), name="x").max() < 5


@pytest.mark.parametrize("format", ["AVIF", "DDS", "SPIDER", "ICO", "PCX", "TGA", "SGI", "JPEG2000"])
def test_formats_that_are_not_named_are_not_tried(format: str) -> None:
    file = io.BytesIO()
    image = Image.fromarray(PIXELS)
    (image.convert("F") if format == "SPIDER" else image).save(file, format)
    for data in (file.getvalue(), file.getvalue()[:200]):
        with pytest.raises(PictureError, match="no known format"):
            decode_picture(data, name="x.png")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_data_say(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = np.asarray(Image.fromarray(PIXELS[:3, :4]).resize((40, 30), Image.Resampling.BICUBIC))
    file = io.BytesIO()
    Image.fromarray(smooth).save(file, format, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(file)).convert("RGB"))
    decoded = decode_picture(file.getvalue(), name="x")
    assert decoded.shape == upright.shape
    assert np.abs(decoded.astype(int) - upright).max() < 12
    assert examine(file.getvalue(), most_pixels=10_000).upright == (decoded.shape[1], decoded.shape[0])


def damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 5))):
        at = chance.randrange(min(len(changed), chance.choice((60, 400, 10_000))))
        changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f", b"", chance.randbytes(4)))
    return bytes(changed) or b"x"


SEEDS: dict[str, Callable[[], bytes]] = {
    "png": lambda: saved("PNG"),
    "jpeg": lambda: saved("JPEG", progressive=True),
    "webp": lambda: saved("WEBP"),
    "tiff": lambda: saved("TIFF", compression="tiff_lzw"),
    "big tiff": lambda: saved("TIFF", big_tiff=True),
    "bmp": lambda: saved("BMP"),
    "gif": lambda: saved("GIF"),
    "ppm": lambda: saved("PPM"),
}


@pytest.mark.parametrize("format", SEEDS)
def test_damage_gives_a_picture_or_one_clear_error(format: str) -> None:
    chance, data = random.Random(format), SEEDS[format]()
    for _ in range(150):
        try:
            pixels = decode_picture(damaged(data, chance), name="x")
        except PictureError as error:
            assert str(error).startswith("x: ")  # noqa: PT017 (any of two outcomes is right)
        else:
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3
