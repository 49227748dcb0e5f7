"""Drawing synthetic signs to disk: FSNS' layout to the key, and the same files from any number of processes."""

from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.draw import draw
from crnn_seq2seq_ocr.data.formats.example import parse_example
from crnn_seq2seq_ocr.data.formats.tfrecord import TFRecords
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import FSNS_CHARSET

SIGNS = "synthetic:signs?count=6&seed=3"


@pytest.mark.parametrize("layout", ["tfrecord", "folder"])
def test_what_is_drawn_can_be_read(tmp_path: Path, layout: str) -> None:
    source = open_source(SIGNS)
    draw(source, tmp_path, layout=layout)
    written = open_source(str(tmp_path))
    assert len(written) == len(source)
    for index in range(len(source)):
        expected, found = source[index], written[index]
        assert (found.text, found.views) == (expected.text, expected.views)
        assert np.array_equal(decode_picture(found.images[0], name="x"), expected.images[0])


def test_records_have_all_keys_of_fsns(tmp_path: Path) -> None:
    (path,) = draw(open_source(SIGNS), tmp_path, split="test").paths
    assert path.name == "test-00000-of-00001"
    features = parse_example(TFRecords([path])[0])
    sample = open_source(SIGNS)[0]
    assert set(features) == {f"image/{key}" for key in (
        "encoded", "format", "width", "orig_width", "height", "class", "unpadded_class", "text"
    )}  # fmt: skip
    assert features["image/format"] == [b"png"]
    assert (features["image/width"], features["image/height"]) == ([600], [150])
    assert features["image/orig_width"] == [150 * sample.views]
    assert features["image/text"] == [sample.text.encode()]
    ids = [FSNS_CHARSET.index(character) for character in sample.text]
    assert features["image/unpadded_class"] == ids
    assert features["image/class"] == ids + [133] * (37 - len(ids))


@pytest.mark.slow
def test_processes_draw_the_same(tmp_path: Path) -> None:
    for workers in (0, 2):
        draw(open_source(SIGNS), tmp_path / str(workers), shards=2, workers=workers)
    for name in ("train-00000-of-00002", "train-00001-of-00002"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.mark.slow
def test_words_are_drawn_as_a_folder_alone(tmp_path: Path) -> None:
    source = open_source("synthetic:words?count=4")
    draw(source, tmp_path / "folder", layout="folder", workers=2)
    written = open_source(str(tmp_path / "folder"))
    assert [written[index].text for index in range(4)] == [source.text(index) for index in range(4)]
    assert np.array_equal(decode_picture(written[3].images[0], name="x"), source[3].images[0])
    with pytest.raises(DataError, match="--to folder"):
        draw(source, tmp_path / "records")


def test_words_as_jpeg_are_small_and_nearly_the_same(tmp_path: Path) -> None:
    source = open_source("synthetic:words?count=4")
    for format in ("keep", "jpg"):
        draw(source, tmp_path / format, layout="folder", format=format)
    exact, small = open_source(str(tmp_path / "keep")), open_source(str(tmp_path / "jpg"))
    for index in range(4):
        assert small[index].text == source[index].text
        pixels = decode_picture(small[index].images[0], name="x")
        assert pixels.shape == source[index].images[0].shape
        assert np.abs(pixels.astype(int) - source[index].images[0]).mean() < 6
    sizes = [sum(len(one[index].images[0]) for index in range(4)) for one in (exact, small)]
    assert sizes[1] < sizes[0] * 0.8
    with pytest.raises(DataError, match="PNG pictures: choose jpg for a folder"):
        draw(open_source(SIGNS), tmp_path / "records", format="jpg")
