"""What words stand on: plain boards, gradients, walls, photographs, and what of their surroundings shows."""

import functools
from pathlib import Path

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.synthetic import textures
from crnn_seq2seq_ocr.data.synthetic.rendering import colour, grain, over, ramp
from crnn_seq2seq_ocr.errors import DataError

_SUFFIXES = frozenset((".jpg", ".jpeg", ".png"))


def find_backgrounds(folder: Path | None) -> tuple[Path, ...]:
    """Find the photographs of a folder, in order; none without a folder.

    Raises:
        DataError: The folder is missing or has no JPEG or PNG file.
    """
    if folder is None:
        return ()
    if not folder.is_dir():
        raise DataError(f"there is no folder of backgrounds {folder}")
    paths = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES))
    if not paths:
        raise DataError(f"{folder} has no JPEG or PNG file to take backgrounds from")
    return paths


@functools.lru_cache(maxsize=64)
def _photograph(path: Path) -> np.ndarray:
    """RGB uint8, at most 512 pixels a side.

    Raises:
        DataError: It cannot be read as a picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise DataError(f"{path} cannot be read as a picture: remove it from the folder of backgrounds")
    return pixels[:512, :512].copy()  # a view would keep the whole photograph


def draw_background(
    size: tuple[int, int], photographs: tuple[Path, ...], rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Draw a background of the size (height, width), float32 (H, W, 3)."""
    height, width = size
    plain = colour(rng)
    pixels = np.empty((height, width, 3), np.float32)
    pixels[:] = plain
    draw = rng.random() / max(difficulty, 1e-6)
    if photographs and draw < 0.22:
        pixels[:] = _cut(_photograph(photographs[int(rng.random() * len(photographs))]), size, rng)
        if rng.random() < 0.6:  # behind glass, faded, or painted over
            pixels += (plain - pixels) * np.float32(rng.uniform(0.3, 0.85))
    elif draw < 0.36:
        kind = textures.WALLS[int(rng.random() * len(textures.WALLS))]
        wall = _cut(textures.texture(kind, int(rng.random() * textures.VARIANTS))[..., :3], size, rng)
        pixels *= 1 + (wall * np.float32(1 / 150) - 1) * np.float32(rng.uniform(0.3, 1))
    elif draw < 0.56:
        pixels += ramp(size, rng) * rng.normal(0, 20, 3).astype(np.float32)
    elif draw < 0.70:
        pixels *= 1 + np.float32(rng.uniform(0.03, 0.22)) * grain(rng, size)
    if rng.random() < 0.12 * difficulty:
        _add_edge(pixels, rng)
    if rng.random() < 0.06 * difficulty:
        _add_lines(pixels, rng)
    if rng.random() < 0.04 * difficulty:
        _add_frame(pixels, rng)
    return np.clip(pixels, 0, 255)


def _cut(picture: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Cut a part of the picture, near enough of the shape of the crop, float32 (H, W, 3)."""
    height, width = picture.shape[:2]
    zoom = rng.uniform(0.6, 2.0)
    tall = int(np.clip(size[0] * zoom, 4, height))
    wide = int(np.clip(size[1] * zoom, 4, width))
    y, x = int(rng.random() * (height - tall + 1)), int(rng.random() * (width - wide + 1))
    return cv2.resize(picture[y : y + tall, x : x + wide], size[::-1]).astype(np.float32)


def _add_edge(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Draw the end of the board: another colour from one side of the crop, perhaps with a line between."""
    height, width = pixels.shape[:2]
    reach = float(rng.uniform(0.03, 0.16))
    side = int(rng.random() * 4)
    tilt = float(rng.normal(0, 0.03))
    if side < 2:
        y = height * (reach if side == 0 else 1 - reach)
        ends = [(0, y - tilt * width), (width, y + tilt * width)]
        corners = [(width, -height), (0, -height)] if side == 0 else [(width, 2 * height), (0, 2 * height)]
    else:
        x = min(height, width) * reach
        x = x if side == 2 else width - x
        ends = [(x - tilt * height, 0), (x + tilt * height, height)]
        corners = [(-width, height), (-width, 0)] if side == 2 else [(2 * width, height), (2 * width, 0)]
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.array([*ends, *corners]).round().astype(np.int32)], 255, cv2.LINE_AA)
    over(pixels, colour(rng), mask)
    if rng.random() < 0.5:
        first, last = np.array(ends).round().astype(int).tolist()
        line = tuple(map(float, colour(rng)))
        cv2.line(pixels, first, last, line, 1 + int(height * rng.uniform(0, 0.06)), cv2.LINE_AA)


def _add_frame(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a line around the word, near the edges of the crop."""
    height, width = pixels.shape[:2]
    x, y = (int(part) for part in rng.uniform(0, 0.08, 2) * height)
    line = tuple(map(float, colour(rng)))
    thick = 1 + int(height * rng.uniform(0, 0.06))
    cv2.rectangle(pixels, (x, y), (width - 1 - x, height - 1 - y), line, thick, cv2.LINE_AA)


def _add_lines(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Cables, scratches, joints of boards."""
    height, width = pixels.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        ends = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int).tolist()
        thick = 1 + int(rng.random() * height / 24)
        cv2.line(pixels, ends[0], ends[1], tuple(map(float, colour(rng))), thick, cv2.LINE_AA)
