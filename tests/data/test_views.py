"""Strips are cut into views, and views of noise are told from real ones."""

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.views import is_noise, real_views, split_views


def noise(seed: int, size: tuple[int, int] = (150, 150)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def sign(wall: int, plate: tuple[int, int, int], ink: int) -> np.ndarray:
    """A wall with a plate of two lines, such as the data set shows."""
    view = np.full((150, 150, 3), wall, np.uint8)
    cv2.rectangle(view, (25, 45), (125, 105), plate, -1)
    cv2.putText(view, "RUE", (55, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (ink,) * 3, 2)
    cv2.putText(view, "DU BAC", (35, 95), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (ink,) * 3, 2)
    return view


def grainy(view: np.ndarray, deviation: float, seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, deviation, view.shape)
    return np.clip(view + grain, 0, 255).astype(np.uint8)


def jpeg(view: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def shades(*rows: tuple[int, ...]) -> np.ndarray:
    """A view of large even areas."""
    areas = np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)
    return cv2.resize(areas, (150, 150), interpolation=cv2.INTER_NEAREST)


def speck() -> np.ndarray:
    view = noise(5)
    view[60:80, 50:90] = 0
    return view


REAL = {
    "grainy wall of mid grey": grainy(shades((127,)), 12),
    "pale shapes on mid grey": shades((107, 148), (148, 107)),
    "a small dark plate in what looks like noise": speck(),
    "black": np.zeros((150, 150, 3), np.uint8),
    "mid grey": np.full((150, 150, 3), 127, np.uint8),
    "white on blue": sign(130, (30, 60, 150), 240),
    "dark": sign(25, (15, 20, 40), 70),
    "dark and grainy": grainy(sign(25, (15, 20, 40), 70), 25),
    "very grainy": grainy(sign(130, (30, 60, 150), 240), 60),
    "grainier than anything": grainy(sign(130, (30, 60, 150), 240), 120),
    "pale on mid grey, grainy": grainy(sign(127, (100, 120, 180), 220), 40),
}


@pytest.mark.parametrize(("width", "widths"), [(600, [150] * 4), (601, [150, 150, 151, 150]), (512, [128] * 4)])
def test_a_strip_is_cut_into_equal_parts(width, widths):
    strip = noise(1, (150, width))
    views = split_views(strip, 4)
    assert [view.shape[1] for view in views] == widths
    np.testing.assert_array_equal(np.hstack(views), strip)


def test_a_narrow_picture_is_one_view():
    assert len(split_views(noise(1, (150, 449)), 4)) == 1
    assert len(split_views(noise(1, (150, 450)), 4)) == 4
    assert len(split_views(noise(1, (32, 600)), 1)) == 1


def test_a_grey_strip_is_cut_too():
    assert [view.shape for view in split_views(np.zeros((150, 300), np.uint8), 2)] == [(150, 150), (150, 150)]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_trailing_noise_is_missing_views(count):
    real = [sign(90 + 20 * view, (40, 60, 140), 230) for view in range(count)]
    views = real + [noise(view) for view in range(count, 4)]
    assert real_views(views) == count


def test_noise_is_missing_only_at_the_end():
    assert real_views([sign(90, (40, 60, 140), 230), noise(1), sign(90, (40, 60, 140), 230), noise(2)]) == 3


def test_at_least_one_view_is_real():
    assert real_views([noise(1), noise(2)]) == 1


@pytest.mark.parametrize("name", REAL)
def test_real_views_are_never_noise(name):
    view = REAL[name]
    assert not is_noise(view)
    assert not is_noise(jpeg(view, 60))
    assert not is_noise(cv2.resize(view, (64, 64), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("edge", [7, 36, 75])
def test_a_strip_of_noise_leaves_a_view_real(edge):
    view = sign(127, (30, 60, 150), 240)
    view[:, -edge:] = noise(3)[:, -edge:]
    assert not is_noise(view)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_found_whatever_happened_to_it(seed):
    view = noise(seed)
    assert is_noise(view)
    for quality in (95, 75, 30, 10):
        assert is_noise(jpeg(view, quality)), f"JPEG {quality}"
    for side in (300, 128, 96, 64, 48):
        for interpolation in (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_NEAREST):
            assert is_noise(cv2.resize(view, (side, side), interpolation=interpolation)), f"{side} {interpolation}"
    assert is_noise(jpeg(cv2.resize(view, (128, 128)), 75))


def test_a_small_view_is_real():
    assert not is_noise(noise(1, (20, 30)))
