"""Random changes to training pictures: crop, interpolation and colour as the original, and harm beyond it."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from crnn_seq2seq_ocr.config import Augmentation
from crnn_seq2seq_ocr.data.degradations import blur_along, compress
from crnn_seq2seq_ocr.data.pictures import resize

_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_NEAREST)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in brightness (ITU-R 601)."""


def augment_view(
    view: np.ndarray, size: tuple[int, int], settings: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """Change a copy of one view at random.

    Args:
        view: RGB uint8 (H, W, 3).
        size: (height, width) of the result.
        settings: Strengths and probabilities.
        rng: All that is drawn comes from here; the same state gives the same picture.

    Returns:
        RGB uint8 (height, width, 3).
    """
    top, left, height, width = draw_crop(view.shape[0], view.shape[1], settings, rng)
    view = view[top : top + height, left : left + width]
    interpolation = _INTERPOLATIONS[rng.integers(4)] if settings.interpolations else cv2.INTER_LINEAR
    view = resize(view, size, interpolation)
    if settings.perspective:
        view = _perspective(view, settings.perspective, rng)
    view = _colours(view, settings, rng)
    if settings.invert and rng.random() < settings.invert:
        view = cv2.bitwise_not(view)
    if settings.coarse and rng.random() < settings.coarse:
        view = _coarse(view, rng)
    if rng.random() < settings.blur:
        view = _blur(view, rng)
    if rng.random() < settings.noise:
        view = _noise(view, rng)
    if rng.random() < settings.jpeg:
        view = compress(view, int(rng.integers(20, 81)))
    return view


def draw_crop(height: int, width: int, settings: Augmentation, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Top, left, height and width of a crop of a view.

    Aspect first, then a height among those that keep enough area, drawn again until the crop fits,
    as the original does (which never reaches the last row and column; this does). Where nothing fits
    in twenty trials, the view stays whole.
    """
    if settings.crop_area >= 1:
        return 0, 0, height, width
    area = height * width
    for _ in range(20):
        aspect = rng.uniform(*settings.crop_aspect) * width / height
        lowest = math.ceil(math.sqrt(settings.crop_area * area / aspect))
        highest = min(height, math.floor(math.sqrt(area / aspect)))
        if not 1 <= lowest <= highest:
            continue
        crop_height = int(rng.integers(lowest, highest + 1))
        crop_width = round(crop_height * aspect)
        if 1 <= crop_width <= width and crop_height * crop_width >= settings.crop_area * area:
            top = int(rng.integers(height - crop_height + 1))
            return top, int(rng.integers(width - crop_width + 1)), crop_height, crop_width
    return 0, 0, height, width


def _colours(view: np.ndarray, settings: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, saturation and hue, in random order."""
    changes: tuple[tuple[Callable[[np.ndarray, float], np.ndarray], float, float], ...] = (
        (brightness, 1.0, settings.brightness),
        (contrast, 1.0, settings.contrast),
        (saturation, 1.0, settings.saturation),
        (hue, 0.0, settings.hue),
    )
    for place in rng.permutation(len(changes)):
        change, middle, spread = changes[place]
        if spread:
            view = change(view, rng.uniform(middle - spread, middle + spread))
    return view


def brightness(view: np.ndarray, factor: float) -> np.ndarray:
    """Every value times the factor."""
    return cv2.convertScaleAbs(view, alpha=factor)


def contrast(view: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the picture's mean grey: factor 0 gives that grey, 1 changes nothing."""
    mean = round(float(np.dot(cv2.mean(view)[:3], _GREY)))
    values = np.arange(256) * factor + mean * (1 - factor)
    return cv2.LUT(view, np.clip(values, 0, 255).round().astype(np.uint8))


def saturation(view: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the picture in grey: factor 0 is grey, 1 changes nothing."""
    matrix = (factor * np.eye(3) + (1 - factor) * np.tile(_GREY, (3, 1))).astype(np.float32)
    return cv2.transform(view, matrix)


def hue(view: np.ndarray, shift: float) -> np.ndarray:
    """Hues turned by a share of the full circle."""
    circle = cv2.cvtColor(view, cv2.COLOR_RGB2HSV_FULL)
    circle[..., 0] += np.uint8(round(shift * 256) % 256)  # uint8 wraps, as hues do
    return cv2.cvtColor(circle, cv2.COLOR_HSV2RGB_FULL)


def _perspective(view: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Move the four corners by up to a share of the shorter side, or a line would lose whole characters.

    The edge is repeated where nothing was seen.
    """
    height, width = view.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moves = rng.uniform(-strength, strength, (4, 2)) * min(width, height)
    matrix = cv2.getPerspectiveTransform((corners + moves).astype(np.float32), corners)
    return cv2.warpPerspective(view, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _coarse(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Reduce to a part of the size and enlarge again: what is lost is the same at any size of the view."""
    height, width = view.shape[:2]
    share = rng.uniform(0.35, 0.9)
    small = resize(view, (max(1, round(height * share)), max(1, round(width * share))), cv2.INTER_AREA)
    return resize(small, (height, width), cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR)


def _blur(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur by a Gaussian or, as often, along a line; both in proportion to the view's height."""
    extent = view.shape[0] / 128
    if rng.random() < 0.5:
        return cv2.GaussianBlur(view, (0, 0), sigmaX=rng.uniform(0.4, 1.6) * extent)
    length = max(3, round(rng.uniform(3, 9) * extent))
    angle = rng.uniform(0, math.pi)
    half = (length - 1) / 2
    end = round(half + half * math.cos(angle)), round(half + half * math.sin(angle))
    start = round(half - half * math.cos(angle)), round(half - half * math.sin(angle))
    return blur_along(view, start, end, side=length, border=cv2.BORDER_REPLICATE)


def _noise(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with a standard deviation of 2 to 16 levels."""
    noise = rng.standard_normal(view.shape, dtype=np.float32) * rng.uniform(2, 16)
    return cv2.add(view, noise, dtype=cv2.CV_8U)
