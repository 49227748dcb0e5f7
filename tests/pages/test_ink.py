import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.pages.ink import find_ink
from tests.pages.conftest import draw


def line(*, ink: int = 0, background: int = 255) -> np.ndarray:
    """Two words on a line 60 pixels high: one from 20 to 80, the other from 130 to 200, 20 to 45 from the top."""
    pixels = np.full((60, 220, 3), background, np.uint8)
    for left, right in ((20, 48), (52, 80), (130, 162), (166, 200)):
        pixels[20:45, left:right] = ink
    return pixels


@pytest.mark.parametrize(("ink", "background"), [(0, 255), (255, 30), (120, 200)])
def test_dark_and_light_text(ink: int, background: int) -> None:
    found = find_ink(line(ink=ink, background=background))
    assert found is not None
    assert (found.runs * 220).round().tolist() == [[20, 48], [52, 80], [130, 162], [166, 200]]
    assert (found.gaps * 220).round().tolist() == [[48, 52], [80, 130], [162, 166]]
    assert found.rows(0.0, 0.4) == (20 / 60, 45 / 60)
    assert found.height == pytest.approx(25 / 220)


def test_rules_specks_and_rests_of_other_lines_are_no_text() -> None:
    pixels = line()
    pixels[54:57, 5:215] = 0  # the rule below an answer
    pixels[0:6, 100:108] = 0  # what hangs down from the line above
    pixels[30, 105] = 0
    found = find_ink(pixels)
    assert found is not None
    assert len(found.runs) == 4
    assert found.rows(0.0, 1.0) == (20 / 60, 45 / 60)


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((40, 90, 3), 128, np.uint8),
        np.random.default_rng(0).integers(100, 110, (40, 90, 3)).astype(np.uint8),
        np.zeros((2, 2, 3), np.uint8),
    ],
)
def test_what_does_not_stand_out_is_not_told_from_the_background(pixels: np.ndarray) -> None:
    assert find_ink(pixels) is None


def test_blurred_letters_of_a_typeface() -> None:
    page = draw([("Open every day", 10, 10)], size=(240, 50))
    found = find_ink(cv2.GaussianBlur(page.pixels, (0, 0), 1.0))
    assert found is not None
    widest = np.sort(np.diff(found.gaps, axis=1)[:, 0])[::-1]
    assert widest[1] > 1.5 * widest[2]  # two spaces


def test_a_tail_below_the_line_does_not_fill_the_gap_above_it() -> None:
    pixels = line()
    pixels[45:51, 106:134] = 0  # of the first letter of the second word, as in italic "f" and "j"
    found = find_ink(pixels)
    assert found is not None
    assert (found.gaps * 220).round().tolist()[1] == [80, 130]
    assert found.rows(0.5, 1.0) == (20 / 60, 51 / 60)
