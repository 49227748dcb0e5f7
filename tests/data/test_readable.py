"""What may be read: all forms of a picture are the same picture, and which files paths, folders and globs mean."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.readable import find_pictures, name_of, open_sample
from crnn_seq2seq_ocr.errors import DataError, PictureError
from tests.conftest import picture_of


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with shapes in it (pure noise would be taken for a missing view)."""
    small = np.random.default_rng(seed).integers(0, 256, (4, max(4, width // 40), 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def png(pixels: np.ndarray) -> bytes:
    """RGB, RGBA or grey pixels, 8 or 16 bits, as a PNG file."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    swapped = cv2.cvtColor(pixels, order[pixels.shape[2]]) if pixels.ndim == 3 else pixels
    return cv2.imencode(".png", swapped)[1].tobytes()


def pixels_of(image: Any) -> np.ndarray:
    """The only picture of something readable, decoded."""
    (picture,) = open_sample(image, "x").images
    return decode_picture(picture, name="x")


# --- pictures -------------------------------------------------------------------------------------


def as_file(pixels: np.ndarray, folder: Path) -> Path:
    path = folder / "sign.png"
    path.write_bytes(png(pixels))
    return path


@pytest.mark.parametrize(
    "form",
    [
        as_file,
        lambda pixels, folder: str(as_file(pixels, folder)),
        lambda pixels, folder: png(pixels),
        lambda pixels, folder: pixels,
        lambda pixels, folder: Image.fromarray(pixels),
        lambda pixels, folder: Image.open(io.BytesIO(png(pixels))),
        lambda pixels, folder: [pixels],
        lambda pixels, folder: (png(pixels),),
        lambda pixels, folder: np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]),
    ],
    ids=["path", "str", "bytes", "pixels", "pillow", "pillow, lazy", "list of one", "tuple of one", "RGBA"],
)
def test_forms_of_a_picture(tmp_path: Path, form: Callable[[np.ndarray, Path], Any]) -> None:
    pixels = picture_of("cab")
    np.testing.assert_array_equal(pixels_of(form(pixels, tmp_path)), pixels)


def test_pixels_and_bytes_are_named_by_their_number() -> None:
    assert name_of(picture_of("a"), 0) == "picture 0"
    assert name_of([b"", b""], 1) == "picture 1"


GREY = noise(40, 40)[..., 0]
CLEAR = np.dstack([noise(40, 40), noise(40, 40, seed=1)[..., 0]])


@pytest.mark.parametrize(
    ("content", "equal"),
    [
        (png(GREY), np.dstack([GREY] * 3)),
        (png(GREY.astype(np.uint16) * 257), np.dstack([GREY] * 3)),
        (png(noise(40, 40).astype(np.uint16) * 257), noise(40, 40)),
        (png(CLEAR), CLEAR),
    ],
    ids=["grey", "grey, 16 bits", "16 bits", "RGBA"],
)
def test_a_file_its_pillow_image_and_its_pixels_are_alike(content: bytes, equal: np.ndarray) -> None:
    of_bytes = pixels_of(content)
    np.testing.assert_array_equal(of_bytes, pixels_of(equal))
    np.testing.assert_array_equal(of_bytes, pixels_of(Image.open(io.BytesIO(content))))


def test_pictures_are_turned_upright_however_they_come(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    path = tmp_path / "turned.png"
    Image.fromarray(np.rot90(picture_of("abc")).copy()).save(path, exif=exif)
    for form in (path, Image.open(path)):
        np.testing.assert_array_equal(pixels_of(form), picture_of("abc"))


def test_views_of_one_text(tmp_path: Path) -> None:
    pixels = picture_of("a")
    views = [as_file(pixels, tmp_path), pixels]
    sample = open_sample(views, name_of(views, 3))
    assert sample.name == str(views[0])
    assert len(sample.images) == 2
    assert name_of((Path("a.png"), "b.png"), 0) == "a.png + b.png"


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (42, "x is int: give a path, bytes, RGB pixels or a Pillow image"),
        (Path(__file__).parent, r"test.*data cannot be opened \(Is a directory\): check the path"),
        ("/no/such.png", r"/no/such\.png cannot be opened \(No such file or directory\): check the path"),
        ("a\0b", "cannot be opened"),
        (Image.open(io.BytesIO(png(noise(40, 40))[:-400])), "the Pillow image cannot be used"),
    ],
    ids=["number", "folder", "absent", "NUL", "pillow, cut"],
)
def test_what_cannot_be_opened(image: Any, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        open_sample(image, "x")


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "notes.txt", "inner/c.webp", "odd [1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["a.JPG", "b.png", "inner/c.webp", "odd [1].png"]),
        ("b.png", ["b.png"]),
        ("notes.txt", ["notes.txt"]),
        ("absent.png", ["absent.png"]),
        ("*.png", ["b.png", "odd [1].png"]),
        ("*", ["a.JPG", "b.png", "notes.txt", "odd [1].png"]),
        ("**/*.webp", ["inner/c.webp"]),
        ("odd [1].png", ["odd [1].png"]),
    ],
)
def test_files_folders_and_globs(tree: Path, pattern: str, found: list[str]) -> None:
    assert find_pictures([str(tree / pattern)]) == [str(tree / name) for name in found]


def test_the_order_is_that_of_the_arguments(tree: Path) -> None:
    names = [str(tree / "b.png"), str(tree / "a.JPG"), str(tree / "b.png")]
    assert find_pictures(names) == names


@pytest.mark.parametrize("name", ["a" * 300 + ".png", "a\0b.png", "b.png/inner.png"])
def test_names_that_no_file_can_have_fail_on_their_own(tree: Path, name: str) -> None:
    assert find_pictures([str(tree / name), str(tree / "b.png")]) == [str(tree / name), str(tree / "b.png")]


def test_nothing_matches(tree: Path) -> None:
    with pytest.raises(DataError, match=r"no file matches .*\*\.tiff"):
        find_pictures([str(tree / "*.tiff")])
    (tree / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no pictures \(\.bmp"):
        find_pictures([str(tree / "empty")])


def test_what_has_no_end_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="no ordinary file"):
        open_sample(tmp_path / "pipe.png", "x")
    with pytest.raises(PictureError, match="no ordinary file"):
        open_sample("/dev/zero", "x")


def test_whatever_a_pillow_image_raises_is_its_error(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.new("RGB", (40, 30)).save(whole, "DDS")
    for cut in (whole.getvalue()[:140], whole.getvalue()[:-50]):
        with pytest.raises(PictureError, match="cannot be used"):
            open_sample(Image.open(io.BytesIO(cut)), "x")
