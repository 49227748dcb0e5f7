"""Colours of backgrounds and letters, and the ways in which letters are painted onto the background."""

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.synthetic import textures

_HUES = (
    (200, 30, 36),
    (205, 40, 36),
    (230, 60, 40),
    (150, 24, 30),
    (20, 50, 140),
    (30, 70, 160),
    (30, 90, 190),
    (90, 170, 220),
    (120, 170, 210),
    (20, 110, 60),
    (50, 120, 80),
    (10, 80, 70),
    (245, 205, 40),
    (235, 190, 60),
    (240, 140, 30),
    (120, 70, 40),
    (90, 60, 40),
    (170, 130, 80),
    (200, 170, 120),
    (190, 30, 110),
    (110, 50, 140),
    (150, 160, 60),
    (60, 160, 150),
)


def colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour of signs and papers, RGB float32 (3,): white, black, grey, or a hue."""
    draw = rng.random()
    if draw < 0.20:
        base = np.full(3, rng.uniform(205, 255)) - rng.uniform(0, 18, 3)
    elif draw < 0.36:
        base = np.full(3, rng.uniform(5, 50)) + rng.uniform(0, 18, 3)
    elif draw < 0.52:
        base = np.full(3, rng.uniform(50, 205)) * (1 + rng.normal(0, 0.07, 3))
    else:
        base = np.array(_HUES[int(rng.random() * len(_HUES))]) * rng.uniform(0.45, 1.15) + rng.normal(0, 12, 3)
        base += (rng.uniform(0, 0.5) if rng.random() < 0.4 else 0.0) * (230 - base)
    return np.clip(base, 0, 255).astype(np.float32)


def brightness(colours: np.ndarray) -> float:
    """Mean brightness of a colour or of pixels (..., 3), 0-255."""
    return float(colours.reshape(-1, 3).mean(axis=0) @ np.array((0.30, 0.59, 0.11)))


def colour_on(background: np.ndarray, rng: np.random.Generator, least: float) -> np.ndarray:
    """Draw a colour that differs from the background's (3,) in brightness by at least so much, if any can."""
    level = brightness(background)
    if rng.random() < 0.5:  # most letters are plainly white or black
        base = np.full(3, rng.uniform(215, 255) if level < 140 else rng.uniform(0, 50)) + rng.normal(0, 6, 3)
        return np.clip(base, 0, 255).astype(np.float32)
    for _ in range(12):
        found = colour(rng)
        if abs(brightness(found) - level) >= least:
            return found
    return np.clip(background + (least if level < 128 else -least), 0, 255).astype(np.float32)


def over(pixels: np.ndarray, paint: np.ndarray | np.float32, mask: np.ndarray, strength: float = 1.0) -> None:
    """Lays paint, a grey, a colour (3,) or pixels, over float32 pixels (H, W, 3) where the mask uint8 (H, W) says."""
    alpha = (mask.astype(np.float32) * np.float32(strength / 255))[..., None]
    pixels += (paint - pixels) * alpha


def moved(mask: np.ndarray, x: float, y: float) -> np.ndarray:
    """Shift the mask by fractions of pixels."""
    place = np.array([(1, 0, x), (0, 1, y)], np.float32)
    return cv2.warpAffine(mask, place, mask.shape[::-1])


def grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Letters thicker on every side by so many pixels; fractions blend."""
    whole = int(pixels)
    if whole:
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * whole + 1, 2 * whole + 1)))
    part = pixels - whole
    if part < 0.15:
        return mask
    return cv2.addWeighted(mask, 1 - part, cv2.dilate(mask, np.ones((3, 3), np.uint8)), part, 0)


def ramp(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Values from -1 to 1 across the picture in some direction, float32 (H, W, 1)."""
    angle = rng.uniform(0, 2 * np.pi)
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None] * np.float32(np.cos(angle))
    return np.asarray((x + y)[..., None])


def paint(
    pixels: np.ndarray,
    mask: np.ndarray,
    ink: np.ndarray,
    background: np.ndarray,
    rng: np.random.Generator,
    difficulty: float,
) -> None:
    """Paints letters of the colour ``ink`` onto the background's pixels, float32 (H, W, 3), in one of many ways."""
    unit = mask.shape[0] / 40
    draw = rng.random() / max(difficulty, 1e-6)
    if draw < 0.16:
        _cast_shadow(pixels, mask, rng, unit)
    elif draw < 0.24:
        _extrude(pixels, mask, ink, rng, unit)
    elif draw < 0.33:
        over(pixels, colour_on(ink, rng, 70), grown(mask, rng.uniform(0.6, 2.6) * unit))
    elif draw < 0.37:
        _glow(pixels, mask, ink, rng, unit)
    elif draw < 0.40:  # outlined letters, hollow inside
        over(pixels, ink, grown(mask, rng.uniform(0.7, 1.8) * unit))
        ink = background if rng.random() < 0.7 else colour_on(ink, rng, 60)
    over(pixels, _filling(mask.shape, ink, rng, difficulty), mask)
    if rng.random() < 0.10 * difficulty:
        _emboss(pixels, mask, rng, unit)


def _filling(shape: tuple[int, ...], ink: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    draw = rng.random() / max(difficulty, 1e-6)
    size = (shape[0], shape[1])
    if draw < 0.02:  # letters of several colours
        bands = np.stack([ink, *(ink + rng.normal(0, 70, 3) for _ in range(5))]).astype(np.float32)
        return bands[rng.integers(0, 6, 1 + 2 * size[1] // size[0]).repeat(size[0])[: size[1]]][None]
    if draw < 0.14:
        fall = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None, None] if rng.random() < 0.6 else ramp(size, rng)
        return np.asarray(ink + fall * rng.normal(0, 28, 3).astype(np.float32))
    if draw < 0.28:
        return np.asarray(ink * (1 + np.float32(rng.uniform(0.1, 0.4)) * grain(rng, size)))
    return ink


def grain(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Cloudy noise, float32 (H, W, 1), mostly between -1 and 1."""
    cut = textures.grain(rng, (min(size[0], 512), min(size[1], 512)), coarse=rng.random() < 0.5)
    if cut.shape != size:
        cut = cv2.resize(cut, size[::-1])
    return np.asarray(cut[..., None])


def dotted(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Letters of lamps or dots: so few rows of round points that the letters can just be read."""
    pitch = mask.shape[0] / int(rng.integers(13, 21))
    coarse = (max(round(mask.shape[1] / pitch), 1), max(round(mask.shape[0] / pitch), 1))
    lit = cv2.resize(mask, coarse, interpolation=cv2.INTER_AREA) > 95
    y, x = (np.arange(side, dtype=np.float32) / np.float32(pitch) % 1 - 0.5 for side in mask.shape)
    dots = np.clip((np.float32(rng.uniform(0.42, 0.55)) - np.hypot(y[:, None], x[None])) * 5, 0, 1) * 255
    shown = cv2.resize(lit.astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return textures.as_pixels(dots * shown)


def _cast_shadow(pixels: np.ndarray, mask: np.ndarray, rng: np.random.Generator, unit: float) -> None:
    x, y = rng.normal(0, 1.8, 2) * unit
    shadow = moved(mask, x, abs(y))
    if rng.random() < 0.7:
        shadow = cv2.GaussianBlur(shadow, (0, 0), max(float(rng.uniform(0.4, 2)) * unit, 0.3))
    tone = np.float32(rng.uniform(0, 60) if rng.random() < 0.85 else rng.uniform(180, 255))
    over(pixels, tone, shadow, float(rng.uniform(0.3, 0.9)))


def _extrude(pixels: np.ndarray, mask: np.ndarray, ink: np.ndarray, rng: np.random.Generator, unit: float) -> None:
    """Letters with sides, as if cut from a thick board."""
    angle, depth = rng.uniform(0, np.pi), rng.uniform(1.5, 5) * unit
    steps = max(int(depth), 1)
    side = mask
    for step in range(1, steps + 1):
        side = cv2.max(side, moved(mask, np.cos(angle) * step * depth / steps, np.sin(angle) * step * depth / steps))
    over(pixels, ink * np.float32(rng.uniform(0.25, 0.7)), side)


def _glow(pixels: np.ndarray, mask: np.ndarray, ink: np.ndarray, rng: np.random.Generator, unit: float) -> None:
    halo = cv2.GaussianBlur(grown(mask, unit), (0, 0), float(rng.uniform(1.5, 5)) * unit + 0.3)
    over(pixels, ink, cv2.convertScaleAbs(halo, alpha=float(rng.uniform(0.8, 1.5))), float(rng.uniform(0.3, 0.8)))


def _emboss(pixels: np.ndarray, mask: np.ndarray, rng: np.random.Generator, unit: float) -> None:
    """Light on the upper edges of the letters, shade on the lower ones (or the other way round)."""
    soft = cv2.GaussianBlur(mask, (0, 0), 0.5 + 0.6 * unit).astype(np.float32)
    reach = max(1, round(unit))
    relief = soft - np.roll(soft, (reach, reach), (0, 1))
    pixels += relief[..., None] * np.float32(rng.uniform(-0.5, 0.8))
