"""Views of one sign: cutting a strip into them, and telling real ones from the noise that fills a missing one."""

from itertools import pairwise

import cv2
import numpy as np

NARROW = 3 / 4
"""A picture narrower than this share of ``views * height`` is one view, not a strip."""

STRIP = 4
"""Views of a strip of FSNS."""

SIDE = 150
"""Height and width of one view of FSNS."""

STRIP_SLACK = 0.05
"""A strip may be wider or narrower by so much of its height."""

SMALLEST = 32
"""Smaller views (height or width, pixels) are taken as real: too few pixels to tell."""

MIDDLE = 127.5
"""Mean of uniform noise in 0 to 255."""


def split_views(picture: np.ndarray, views: int) -> list[np.ndarray]:
    """Split a strip into its views, left to right, without copying.

    The cuts are at ``round(i * width / views)``: a width that does not divide (601 pixels for four
    views are in the wild) gives parts that differ by one column.

    Args:
        picture: Pixels (H, W) or (H, W, C).
        views: How many views a strip holds.

    Returns:
        ``views`` parts, or the picture alone where it is narrower than 3/4 of ``views * H``.
    """
    height, width = picture.shape[:2]
    if views == 1 or width < NARROW * views * height:
        return [picture]
    cuts = [round(part * width / views) for part in range(views + 1)]
    return [picture[:, left:right] for left, right in pairwise(cuts)]


def untold_views(picture: np.ndarray) -> int:
    """How many views a single picture shows where nothing says so: more than one only for a strip of FSNS.

    A long word has the shape of a strip too. So a picture counts as a strip when its last views are noise, or when it
    has the very size of FSNS, 600 by 150 pixels.
    """
    height, width = picture.shape[:2]
    if abs(width - STRIP * height) > STRIP_SLACK * height:
        return 1
    real = real_views(split_views(picture, STRIP))
    native = height == SIDE and abs(width - STRIP * SIDE) <= 1
    return real if real < STRIP or native else 1


def real_views(views: list[np.ndarray]) -> int:
    """How many views are real: all but the noise views at the end; the first always counts.

    FSNS fills missing views, always the last ones, with uniform RGB noise (see `is_noise`).
    """
    count = len(views)
    while count > 1 and is_noise(views[count - 1]):
        count -= 1
    return count


def is_noise(view: np.ndarray) -> bool:
    """Whether a whole view (uint8 RGB or BGR) is uniform noise.

    Uniform noise has a mean of 127.5 and a standard deviation of 74 in every channel and, unlike
    any picture of a sign, no large shape at all: averaged over blocks it is the same mid grey
    everywhere. That outlives what destroys its other marks, JPEG (which makes the channels agree)
    and resizing (which makes neighbours agree): found down to a third of the size, and at JPEG
    quality 10. A real view is told by any shape in it, however noisy, dark or grainy it is; so a
    view with a strip of noise at its edge is real.
    """
    height, width = view.shape[:2]
    if min(height, width) < SMALLEST:
        return False
    mean, deviation = cv2.meanStdDev(view)
    if np.abs(mean - MIDDLE).max() > 6 or deviation.min() < 18:
        return False
    grid = (min(width // 8, 10), min(height // 8, 10))  # cv2's order: columns, rows
    blocks = cv2.resize(view, grid, interpolation=cv2.INTER_AREA).astype(np.float32)
    return bool(np.abs(blocks - MIDDLE).max() <= 36 and blocks.std() < deviation.min() / 2)
