import sys

import numpy as np
import pytest

from crnn_seq2seq_ocr import DependencyError, RapidDetector
from crnn_seq2seq_ocr.pages import detector as module
from tests.pages.conftest import draw


@pytest.fixture(scope="module")
def detector() -> RapidDetector:
    return RapidDetector(threads=1)


def test_text_is_found_where_it_is(detector: RapidDetector, capfd: pytest.CaptureFixture[str]) -> None:
    drawn = draw([("Harbour", 40, 60), ("Lantern street", 250, 200)])
    found = detector.find(drawn.pixels)
    assert found.shape == (2, 4, 2)
    for quadrilateral, box in zip(found, drawn.boxes, strict=True):
        assert np.abs(quadrilateral - box).max() < 12
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [(300, 400), (1, 1), (5, 3), (3, 900), (900, 3), (40, 1200)])
def test_nothing_is_found_where_there_is_nothing(detector: RapidDetector, size: tuple[int, int]) -> None:
    assert detector.find(np.full((*size, 3), 200, np.uint8)).shape == (0, 4, 2)


def test_a_side_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="side is 32 to 8192"):
        RapidDetector(side=9)


def test_weights_are_never_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WEIGHTS", "other.onnx")
    with pytest.raises(DependencyError, match=r"has no other.onnx: pip install --upgrade 'crnn-seq2seq-ocr\[find\]'"):
        RapidDetector()


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(DependencyError, match=r"finding text needs RapidOCR: pip install 'crnn-seq2seq-ocr\[find\]'"):
        RapidDetector()
