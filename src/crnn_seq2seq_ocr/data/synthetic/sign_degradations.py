"""What spoils a view between the street and the data set: blur, occlusion, light, noise, compression."""

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.degradations import compress, move
from crnn_seq2seq_ocr.data.synthetic import textures


def spoil(
    view: np.ndarray, rng: np.random.Generator, difficulty: float, *, light: float, warmth: float, easy: bool
) -> np.ndarray:
    """Degrade the view (RGB uint8) as a camera on a moving car would have."""
    if difficulty == 0:
        return view
    ease = 0.35 if easy else 1.0
    if rng.random() < 0.10 * difficulty * ease:
        _add_leaves(view, rng)
    if not easy and rng.random() < 0.05 * difficulty:
        _add_bar(view, rng)
    if not easy and rng.random() < 0.08 * difficulty:
        view = _smear(view, rng)
    view = _expose(view, rng, difficulty, light=light, warmth=warmth)
    return _record(view, rng, difficulty, easy=easy)


def dapple(view: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Shadows of leaves over the view."""
    clouds = textures.grain(rng, view.shape[:2], coarse=False)
    shade = 1 - strength * np.clip(clouds * 4 + float(rng.uniform(-0.3, 1)), 0, 1)
    return textures.as_pixels(view * shade[..., None])


def noise_view(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Uniform RGB noise, uint8 (height, width, 3): the data set's filling."""
    return np.frombuffer(rng.bytes(height * width * 3), np.uint8).reshape(height, width, 3)


def add_noise_strip(view: np.ndarray, rng: np.random.Generator) -> None:
    """Fill 7 to 36 pixels at one side of the view with noise."""
    wide = int(rng.integers(7, 37))
    strip = noise_view(rng, view.shape[0], wide)
    if rng.random() < 0.8:
        view[:, -wide:] = strip
    else:
        view[:, :wide] = strip


def _record(view: np.ndarray, rng: np.random.Generator, difficulty: float, *, easy: bool) -> np.ndarray:
    """Apply lens, sensor and compression at the resolution that the camera had, and enlarge to the view's size."""
    strength = difficulty * (0.4 if easy else 1.0)
    height, width = view.shape[:2]
    factor = min(1 + float(rng.gamma(1.5, 0.45)) * strength, 1.6 if easy else 2.6)
    if factor > 1.1:
        method = cv2.INTER_AREA if factor > 1.5 else cv2.INTER_LINEAR
        view = cv2.resize(view, (round(width / factor), round(height / factor)), interpolation=method)
    draw = rng.random()
    if draw < 0.28 * strength:
        view = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(0.5, 1.7)) / factor)
    elif draw < 0.38 * strength:
        view = move(view, float(rng.uniform(2, 6)) / factor, float(rng.normal(0, 0.4)), half=5)
    elif draw > 1 - 0.45 * difficulty:
        view = _sharpen(view, float(rng.uniform(0.3, 1.6)))
    deviation = rng.uniform(-2, 4.5) * difficulty
    if deviation > 0.5:
        grain = textures.sensor_noise(rng, *view.shape[:2])
        view = textures.as_pixels(view + (grain * int(deviation * 4) >> 8))
    if rng.random() < 0.8:
        view = compress(view, int(rng.uniform(100 - 60 * difficulty, 97)))
    if factor > 1.1:
        method = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_LINEAR
        view = cv2.resize(view, (width, height), interpolation=method)
    return view


def _sharpen(view: np.ndarray, amount: float) -> np.ndarray:
    return cv2.addWeighted(view, 1 + amount, cv2.GaussianBlur(view, (0, 0), 1.0), -amount, 0)


def _smear(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurs an area beyond recognition, as is done to faces and number plates."""
    height, width = view.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    centre = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.75) * height))
    half = (int(rng.uniform(0.1, 0.45) * width), int(rng.uniform(0.07, 0.2) * height))
    cv2.ellipse(mask, centre, half, 0, 0, 360, 255, -1)
    soft = cv2.blur(mask, (15, 15))
    blurred = cv2.blur(cv2.blur(view, (15, 15)), (11, 11))
    cover = cv2.cvtColor(soft, cv2.COLOR_GRAY2RGB)
    return cv2.add(cv2.multiply(view, 255 - cover, scale=1 / 255), cv2.multiply(blurred, cover, scale=1 / 255))


def _expose(
    view: np.ndarray, rng: np.random.Generator, difficulty: float, *, light: float, warmth: float
) -> np.ndarray:
    gain = light * (1 + rng.normal(0, 0.1) * difficulty)
    warm = warmth + rng.normal(0, 0.025) * difficulty
    gamma = 1 + rng.normal(0, 0.12) * difficulty
    haze = max(0.0, rng.normal(-6, 12)) * difficulty
    levels = np.arange(256)[:, None, None] / 255
    gains = gain * np.array((1 + warm, 1.0, 1 - warm))
    curve = 255 * np.clip(levels * gains, 0, 1) ** gamma
    return cv2.LUT(view, textures.as_pixels(haze + curve * (1 - haze / 255)))


def _add_leaves(view: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a branch that hangs into the view."""
    height, width = view.shape[:2]
    y, x = (int(rng.integers(0, textures.SIZE - side)) for side in (height, width))
    leaves = textures.texture("foliage", int(rng.integers(textures.VARIANTS)))[y : y + height, x : x + width]
    clouds = textures.grain(rng, (height, width), coarse=False)
    centre = rng.uniform(-0.1, 1.1, 2) * (width, height)
    away = np.hypot(np.arange(width)[None] - centre[0], np.arange(height)[:, None] - centre[1])
    reach = float(rng.uniform(20, 50))
    mask = ((1 - away / reach) * 2 + clouds > 0.2).astype(np.uint8)
    cv2.copyTo(cv2.cvtColor(leaves, cv2.COLOR_RGBA2RGB), mask, view)


def _add_bar(view: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a post or a cable in front of the plate."""
    height, width = view.shape[:2]
    x, tone = int(rng.integers(0, width)), float(rng.uniform(20, 200))
    lean = int(rng.normal(0, 8))
    cv2.line(view, (x, 0), (x + lean, height), (tone, tone, tone), int(rng.integers(1, 11)), cv2.LINE_AA)
