"""Augmentation: the crop's bounds, colours against Pillow's, and that the same state gives the same picture."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from crnn_seq2seq_ocr.config import Augmentation
from crnn_seq2seq_ocr.data.augment import augment_view, brightness, contrast, draw_crop, hue, saturation

OFF = Augmentation(crop_area=1, brightness=0, contrast=0, saturation=0, hue=0, interpolations=False)


def photograph(height: int = 150, width: int = 150) -> np.ndarray:
    rng = np.random.default_rng(1)
    return cv2.resize(rng.integers(0, 256, (30, 30, 3), dtype=np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("height", "width"), [(150, 150), (40, 300), (9, 7)])
def test_crops_keep_area_and_aspect(height: int, width: int) -> None:
    settings = Augmentation(crop_area=0.7, crop_aspect=(0.8, 1.2))
    rng = np.random.default_rng(1)
    crops = [draw_crop(height, width, settings, rng) for _ in range(300)]
    for top, left, crop_height, crop_width in crops:
        assert 0 <= top <= height - crop_height
        assert 0 <= left <= width - crop_width
        assert crop_height * crop_width >= 0.7 * height * width
        aspect = crop_width / crop_height / (width / height)
        assert 0.8 - 1 / crop_height <= aspect <= 1.2 + 1 / crop_height
    assert len(set(crops)) > 8


def test_crops_reach_every_edge_and_vary_as_the_originals() -> None:
    rng = np.random.default_rng(1)
    crops = np.array([draw_crop(150, 150, Augmentation(), rng) for _ in range(4000)])
    top, left, height, width = crops.T
    assert top.min() == left.min() == 0
    assert (top + height).max() == (left + width).max() == 150
    # The original's: area 0.79 to 0.98, mean 0.86.
    assert (height * width / 22500).mean() == pytest.approx(0.86, abs=0.02)


@pytest.mark.parametrize("settings", [OFF, Augmentation(crop_aspect=(5.0, 6.0))], ids=["off", "impossible"])
def test_the_whole_view_where_no_crop_is_wanted_or_fits(settings: Augmentation) -> None:
    assert draw_crop(150, 120, settings, np.random.default_rng(1)) == (0, 0, 150, 120)


def test_nothing_changes_when_all_is_off() -> None:
    view = photograph()
    augmented = augment_view(view, (128, 128), OFF, np.random.default_rng(1))
    assert np.array_equal(augmented, cv2.resize(view, (128, 128), interpolation=cv2.INTER_LINEAR))


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.4])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(brightness, ImageEnhance.Brightness), (contrast, ImageEnhance.Contrast), (saturation, ImageEnhance.Color)],
)
def test_colours_equal_pillows(
    ours: Callable[[np.ndarray, float], np.ndarray],
    theirs: Callable[[Image.Image], ImageEnhance._Enhance],
    factor: float,
) -> None:
    view = photograph()
    expected = np.asarray(theirs(Image.fromarray(view)).enhance(factor)).astype(int)
    assert np.abs(ours(view, factor) - expected).max() <= 2


@pytest.mark.parametrize("shift", [-0.2, 0.0, 0.13])
def test_hue_equals_pillows(shift: float) -> None:
    view = photograph()
    circle = np.array(Image.fromarray(view).convert("HSV"))
    circle[..., 0] = (circle[..., 0].astype(int) + round(shift * 255)) % 256
    expected = np.asarray(
        Image.merge("HSV", [Image.fromarray(each) for each in np.moveaxis(circle, 2, 0)]).convert("RGB")
    ).astype(int)
    difference = np.abs(hue(view, shift) - expected)
    assert difference.mean() < 3
    assert np.quantile(difference, 0.99) < 10


def test_contrast_is_about_the_mean_grey() -> None:
    view = photograph()
    flat = contrast(view, 0.0)
    assert (flat == flat[0, 0, 0]).all()
    assert abs(int(flat[0, 0, 0]) - cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).mean()) <= 1


@pytest.mark.parametrize("setting", ["blur", "noise", "jpeg"])
def test_harm_happens_and_is_bounded(setting: str) -> None:
    view = photograph()
    settings = OFF.model_copy(update={setting: 1.0})
    for seed in range(20):
        changed = augment_view(view, (150, 150), settings, np.random.default_rng(seed))
        difference = np.abs(changed.astype(int) - view).mean()
        assert 0.05 < difference < 30
        assert changed.dtype == np.uint8
        assert changed.shape == (150, 150, 3)


def test_coarse_views_lose_detail_and_keep_their_place() -> None:
    rng, view = np.random.default_rng(1), photograph(32, 64)
    settings = OFF.model_copy(update={"coarse": 1.0})
    coarse = [augment_view(view, (32, 64), settings, rng) for _ in range(20)]
    assert {each.shape for each in coarse} == {view.shape}
    original = cv2.Laplacian(view, cv2.CV_64F).std()
    assert max(cv2.Laplacian(each, cv2.CV_64F).std() for each in coarse) < original
    assert max(abs(float(each.mean()) - float(view.mean())) for each in coarse) < 4


def test_inverting_swaps_light_and_dark_as_often_as_asked() -> None:
    rng, view = np.random.default_rng(1), photograph(32, 64)
    always = augment_view(view, (32, 64), OFF.model_copy(update={"invert": 1.0}), rng)
    assert np.array_equal(always, 255 - view)
    some = [augment_view(view, (32, 64), OFF.model_copy(update={"invert": 0.3}), rng) for _ in range(200)]
    assert sum(not np.array_equal(each, view) for each in some) == pytest.approx(60, abs=20)


def test_perspective_moves_corners_but_not_far() -> None:
    view = np.zeros((150, 150, 3), np.uint8)
    view[40:110, 40:110] = 255
    settings = OFF.model_copy(update={"perspective": 0.1})
    for seed in range(20):
        changed = augment_view(view, (150, 150), settings, np.random.default_rng(seed))
        assert not np.array_equal(changed, view)
        assert (changed[70:80, 70:80] == 255).all()
        assert not changed[:15].any()
        assert not changed[:, :15].any()


def test_perspective_of_a_line_moves_by_its_height() -> None:
    rng, line = np.random.default_rng(1), np.zeros((32, 640, 3), np.uint8)
    line[:, 20:24] = line[:, -24:-20] = 255  # a twentieth of the width would put these outside
    settings = OFF.model_copy(update={"perspective": 0.1})
    for _ in range(20):
        changed = augment_view(line, (32, 640), settings, rng)
        assert changed[:, 8:40].max() > 200
        assert changed[:, -40:-8].max() > 200


def test_blur_removes_detail() -> None:
    rng = np.random.default_rng(3)
    view = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    settings = OFF.model_copy(update={"blur": 1.0})
    assert all(
        augment_view(view, (128, 128), settings, np.random.default_rng(seed)).std() < view.std() * 0.98
        for seed in range(20)
    )


def test_same_state_same_picture() -> None:
    settings = Augmentation(blur=0.5, noise=0.5, jpeg=0.5, perspective=0.1)
    first, again, other = (
        augment_view(photograph(), (64, 96), settings, np.random.default_rng([1, seed])) for seed in (5, 5, 6)
    )
    assert first.shape == (64, 96, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
