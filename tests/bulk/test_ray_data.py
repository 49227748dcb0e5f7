"""What Ray Data calls for each batch; Ray itself is met in tests/examples/test_ray_data.py."""

from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.bulk.ray_data import ReadPictures
from crnn_seq2seq_ocr.errors import DataError
from tests.conftest import TEXTS, picture_of

pytest.importorskip("pyarrow", reason="Ray Data needs PyArrow: pip install 'crnn-seq2seq-ocr[ray]'")


@pytest.fixture(scope="module")
def reader(trained: Path) -> ReadPictures:
    return ReadPictures(trained, device="cpu")


def test_files_pixels_and_paths(reader: ReadPictures, pictures: Path) -> None:
    paths = [str(path) for path in sorted(pictures.glob("*.png"))]
    content = np.array([Path(path).read_bytes() for path in paths], dtype=object)
    pixels = np.stack([picture_of(text) for text in TEXTS])
    of_files = reader({"bytes": content, "path": np.array(paths, dtype=object)})
    of_paths = reader({"path": np.array(paths, dtype=object)})
    of_pixels = reader({"image": pixels})
    assert of_files.column("text").to_pylist() == TEXTS
    assert of_files.column("name").to_pylist() == paths
    assert of_paths.to_pylist() == of_files.to_pylist()
    assert of_pixels.column("text").to_pylist() == TEXTS
    assert of_pixels.column("name").to_pylist() == [f"picture {number}" for number in range(12)]
    first = of_files.column("characters").to_pylist()[0][0]
    assert first["text"] == "a"
    assert set(first) == {"text", "confidence", "view", "x", "y", "alternatives"}
    assert of_files.column("error").null_count == 12


def test_a_broken_picture_has_an_error_and_the_rest_go_on(reader: ReadPictures, pictures: Path) -> None:
    good = (pictures / "000.png").read_bytes()
    table = reader({"bytes": np.array([good, b"", good], dtype=object), "path": np.array(["a", "b", "c"])})
    assert table.column("text").to_pylist() == ["ab", None, "ab"]
    assert table.column("error").to_pylist()[1].startswith("picture 1: the picture is empty")
    assert reader({"bytes": np.array([b""], dtype=object)}).schema == table.schema


def test_batches_without_pictures(reader: ReadPictures) -> None:
    with pytest.raises(DataError, match="must have one of the columns bytes, image, path, not only id"):
        reader({"id": np.arange(3)})
