"""Motion blur and compression."""

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.degradations import blur_along, compress, move


def point() -> np.ndarray:
    """A white pixel in the middle of black ones."""
    view = np.zeros((21, 21, 3), np.uint8)
    view[10, 10] = 255
    return view


@pytest.mark.parametrize(("angle", "axis"), [(0.0, 0), (np.pi / 2, 1)])
def test_a_point_becomes_a_line_along_the_movement(angle: float, axis: int) -> None:
    blurred = move(point(), 6.0, angle, half=5)[..., 0]
    lit = np.argwhere(blurred)
    assert np.ptp(lit[:, axis]) == 0
    assert np.ptp(lit[:, 1 - axis]) == 6
    assert blurred.max() < 60


def test_brightness_stays_up_to_the_edge() -> None:
    flat = np.full((9, 9, 3), 77, np.uint8)
    assert (blur_along(flat, (0, 0), (4, 4), side=5) == 77).all()


def test_compression_keeps_colours_and_loses_details() -> None:
    view = np.zeros((32, 32, 3), np.uint8)
    view[:, :16] = (200, 30, 30)
    view[:, 16:] = (30, 30, 200)
    fine, coarse = compress(view, 95), compress(view, 5)
    assert fine[16, 4] == pytest.approx([200, 30, 30], abs=8)
    assert fine[16, 28] == pytest.approx([30, 30, 200], abs=8)
    errors = [np.abs(each.astype(int) - view).mean() for each in (fine, coarse)]
    assert errors[0] < errors[1]
