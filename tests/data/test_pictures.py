"""Decoding: every kind of picture gives RGB, every kind of damage one clear error."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from crnn_seq2seq_ocr.data.pictures import MOST_PIXELS, decode_picture, encode_picture, picture_format, resize
from crnn_seq2seq_ocr.errors import PictureError


def photograph(height: int = 30, width: int = 40) -> np.ndarray:
    rng = np.random.default_rng(1)
    return cv2.resize(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8), (width, height))


def saved(pixels: np.ndarray, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def test_png_comes_back_to_the_bit() -> None:
    pixels = photograph()
    assert np.array_equal(decode_picture(encode_picture(pixels), name="x"), pixels)


def test_jpeg_keeps_the_order_of_colours() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    decoded = decode_picture(encode_picture(red, format="jpg"), name="x")
    assert np.abs(decoded.astype(int) - red).max() < 6


@pytest.mark.parametrize("format", ["PNG", "BMP", "WEBP", "TIFF", "GIF"])
def test_other_formats_are_read(format: str) -> None:
    assert decode_picture(saved(photograph(), format), name="x").shape == (30, 40, 3)


def test_grey_has_three_equal_channels() -> None:
    grey = photograph()[..., 0]
    for decoded in (decode_picture(saved(grey, "PNG"), name="x"), decode_picture(grey, name="x")):
        assert np.array_equal(decoded, np.repeat(grey[..., None], 3, axis=2))


def test_transparent_pixels_are_white() -> None:
    rgba = np.dstack([photograph(), np.full((30, 40), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    for decoded in (decode_picture(saved(rgba, "PNG"), name="x"), decode_picture(rgba, name="x")):
        assert (decoded[:10] == 255).all()
        assert np.array_equal(decoded[10:], rgba[10:, :, :3])


def test_a_tiff_of_floating_point_numbers_is_called_what_it_is() -> None:
    file = io.BytesIO()
    Image.fromarray(np.linspace(0, 1, 200, dtype=np.float32).reshape(10, 20)).save(file, format="TIFF")
    with pytest.raises(
        PictureError, match=r"^a\.tif: the pixels of this TIFF are floating-point numbers.*8 or 16 bits"
    ):
        decode_picture(file.getvalue(), name="a.tif")


def test_sixteen_bits_become_eight() -> None:
    deep = (photograph()[..., 0].astype(np.uint16)) * 257
    done, data = cv2.imencode(".png", deep)
    assert done
    assert np.abs(decode_picture(data.tobytes(), name="x")[..., 0].astype(int) - deep // 257).max() <= 1


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_obeyed(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:, :20] = 255
    decoded = decode_picture(saved(pixels, format, exif=exif), name="x")
    assert decoded.shape == (40, 30, 3)
    assert decoded[:15].mean() > 240
    assert decoded[25:].mean() < 15


def test_orientation_of_transparent_pictures_is_obeyed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    rgba = np.full((30, 40, 4), 255, np.uint8)
    assert decode_picture(saved(rgba, "PNG", exif=exif), name="x").shape == (40, 30, 3)


def corrupt(data: bytes) -> bytes:
    broken = bytearray(data)
    broken[len(data) // 2] ^= 0xFF
    return bytes(broken)


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture at all", encode_picture(photograph())[:60], corrupt(encode_picture(photograph()))],
    ids=["empty", "garbage", "cut", "corrupt"],
)
def test_damaged_pictures_are_named(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"^signs/7\.png: "):
        decode_picture(data, name="signs/7.png")


def test_damaged_metadata_of_a_picture_are_passed_over() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "a description", 6
    written = io.BytesIO()
    Image.new("RGBA", (6, 4), (255, 0, 0, 255)).save(written, "PNG", exif=exif)
    data = written.getvalue()
    begin = data.index(b"eXIf")
    end = begin + 4 + int.from_bytes(data[begin - 4 : begin])
    # The description is said to lie beyond the end, which the reader of the header would warn of.
    chunk = data[begin:end].replace(b"\x01\x0e\x00\x02\x00\x00", b"\x01\x0e\x00\x02\x7f\x00")
    chunk = chunk.replace(b"\x0e\x01\x02\x00\x0e\x00\x00\x00", b"\x0e\x01\x02\x00\x0e\x00\x00\x7f")
    assert chunk != data[begin:end]
    broken = data[:begin] + chunk + zlib.crc32(chunk).to_bytes(4) + data[end + 4 :]
    assert decode_picture(broken, name="a.png").shape == (6, 4, 3)


def test_sixteen_bits_with_a_transparent_value_become_eight() -> None:
    written = io.BytesIO()
    Image.fromarray(np.full((4, 6), 40_000, np.uint16)).save(written, "PNG", transparency=3)
    assert np.abs(decode_picture(written.getvalue(), name="a.png").astype(int) - 156).max() <= 1


def test_damaged_transparent_picture_is_named() -> None:
    rgba = np.dstack([photograph(), photograph()[..., 0]])
    with pytest.raises(PictureError, match=r"^7\.png: "):
        decode_picture(saved(rgba, "PNG")[:-300], name="7.png")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (header, body)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [9_000, 11_000, 60_000])
def test_decompression_bombs_are_refused_unopened(side: int) -> None:
    assert side * side > MOST_PIXELS
    with pytest.raises(PictureError, match=r"^bomb\.png: .*larger than 64 million pixels"):
        decode_picture(bomb(side, side), name="bomb.png")


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((), np.uint8),
    ],
)
def test_wrong_pixels_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"^x: pixels must"):
        decode_picture(pixels, name="x")


def test_format_is_told_by_content() -> None:
    assert picture_format(encode_picture(photograph())) == "png"
    assert picture_format(encode_picture(photograph(), format="jpg")) == "jpg"
    assert picture_format(b"RIFF") is None


def test_strong_shrinking_averages() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::8] = 255  # one column in eight: the mean is 32
    for interpolation in (cv2.INTER_LINEAR, cv2.INTER_CUBIC):
        small = resize(stripes, (8, 8), interpolation)
        assert small.shape == (8, 8, 3)
        assert abs(small.mean() - 255 / 8) < 4
