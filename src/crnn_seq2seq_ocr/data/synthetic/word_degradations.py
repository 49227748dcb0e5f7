"""What light, lens, sensor and compression leave of a crop."""

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.degradations import compress, move
from crnn_seq2seq_ocr.data.synthetic import textures
from crnn_seq2seq_ocr.data.synthetic.rendering import ramp

_FEWEST = 11
"""Rows of pixels in which text can still be read."""


def light(pixels: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Light the crop (float32) unevenly, too brightly or too darkly, with less contrast."""
    size = pixels.shape[:2]
    if rng.random() < 0.3 * difficulty:
        pixels = pixels * (1 + ramp(size, rng) * np.float32(rng.uniform(0.05, 0.4)))
    if rng.random() < 0.06 * difficulty:
        _shine(pixels, rng)
    if rng.random() < 0.05 * difficulty:  # the edge of a shadow
        edge = np.clip((ramp(size, rng) - np.float32(rng.uniform(-0.6, 0.6))) * 8, 0, 1)
        pixels = pixels * (1 - edge * np.float32(rng.uniform(0.2, 0.6)))
    draw = rng.random()
    gain, haze = 1.0, 0.0
    if draw < 0.38 * difficulty:
        gain = float(rng.uniform(0.25, 0.8))
    elif draw < 0.58 * difficulty:
        gain, haze = float(rng.uniform(0.3, 0.75)), float(rng.uniform(15, 130))
    elif draw < 0.68 * difficulty:
        gain, haze = float(rng.uniform(1.1, 1.7)), float(rng.uniform(-50, 30))
    tint = (1 + rng.normal(0, 0.04, 3) * difficulty).astype(np.float32)
    return np.asarray(pixels * (np.float32(gain) * tint) + np.float32(haze))


def _shine(pixels: np.ndarray, rng: np.random.Generator) -> None:
    height, width = pixels.shape[:2]
    centre = rng.uniform(0, 1, 2) * (height, width)
    reach = float(rng.uniform(0.2, 0.8)) * height
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[0])
    x = np.arange(width, dtype=np.float32)[None] - np.float32(centre[1])
    pixels += (np.exp(-(x * x + y * y) / np.float32(reach * reach)) * np.float32(rng.uniform(40, 200)))[..., None]


def record(pixels: np.ndarray, height: int, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Degrade the crop (float32) as a file keeps it: RGB uint8 of the given height."""
    view = textures.as_pixels(pixels)
    view = _blur(view, rng, difficulty)
    width = max(round(view.shape[1] * height / view.shape[0]), 4)
    seen = height
    if rng.random() < 0.5 * difficulty:  # enlarged by the camera or by whoever kept it
        seen = max(round(height * rng.uniform(0.5, 0.95)), _FEWEST)
    view = _resize(view, (max(round(width * seen / height), 4), seen))
    if rng.random() < 0.5 * difficulty:
        deviation = float(rng.gamma(1.5, 3.0)) * difficulty
        view = textures.as_pixels(view + (noise(rng, view.shape) * int(deviation * 4) >> 8))
    view = _resize(view, (width, height))
    if rng.random() < 0.12 * difficulty:
        view = cv2.addWeighted(view, 1.7, cv2.GaussianBlur(view, (0, 0), 1.0), -0.7, 0)
    if rng.random() < 0.7:
        view = compress(view, int(rng.uniform(97 - 62 * difficulty, 97)))
    return view


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sensor noise int16 (H, W, 3) of deviation 64, repeated along wide crops."""
    cut = textures.sensor_noise(rng, shape[0], min(shape[1], 512))
    repeats = -(-shape[1] // cut.shape[1])
    return np.tile(cut, (1, repeats, 1))[:, : shape[1]] if repeats > 1 else cut


def _resize(view: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize the view to a size (width, height)."""
    factor = size[1] / view.shape[0]
    if view.shape[1::-1] == size:
        return view
    method = cv2.INTER_AREA if factor < 0.8 else cv2.INTER_LINEAR if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(view, size, interpolation=method)


def _blur(view: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Out of focus or moved, in proportion to the height of the text."""
    unit = view.shape[0] / 32
    draw = rng.random() / max(difficulty, 1e-6)
    if draw < 0.45:
        return cv2.GaussianBlur(view, (0, 0), max(float(rng.gamma(2.0, 0.38)) * unit, 0.2))
    if draw < 0.55:
        length = float(rng.uniform(1.5, 6)) * unit
        return move(view, length, float(rng.normal(0, 0.6)), half=max(1, int(length / 2 + 0.5)))
    return view
