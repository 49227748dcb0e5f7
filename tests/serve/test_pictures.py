"""Where views lie in pictures that may be turned, cut into views, or padded."""

import io

import numpy as np
import pytest
from PIL import Image

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.serve.pictures import Region, Upload, look_at, regions


def encoded(width: int, height: int, *, kind: str = "PNG", orientation: int | None = None) -> bytes:
    picture = Image.fromarray(np.full((height, width, 3), 200, np.uint8))
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
def test_the_size_is_that_of_the_picture_as_it_is_read(kind: str, orientation: int | None) -> None:
    data = encoded(60, 40, kind=kind, orientation=orientation)
    looked = look_at(data, name="x", most_pixels=10_000)
    assert (looked.height, looked.width) == decode_picture(data, name="x").shape[:2]


def test_one_picture_and_several() -> None:
    stretched = Preprocessing(height=32, width=32, views=4)
    square, strip = Upload(b"", 50, 50), Upload(b"", 600, 150)
    assert regions([square], stretched) == [Region(0, 0, 0, 1, 1)]
    assert regions([strip], stretched) == [Region(0, part / 4, 0, 1 / 4, 1) for part in range(4)]
    assert regions([square, strip], stretched) == [Region(0, 0, 0, 1, 1), Region(1, 0, 0, 1, 1)]


def test_filling_lies_beyond_the_picture() -> None:
    padded = Preprocessing(height=32, width=128, views=1, resize="pad")
    assert regions([Upload(b"", 100, 50)], padded) == [Region(0, 0, 0, 2, 1)]
    fitted = Preprocessing(height=32, width=256, views=1, resize="fit", width_step=32)
    assert regions([Upload(b"", 150, 100)], fitted) == [Region(0, 0, 0, 64 / 48, 1)]
