"""Pictures of lines as cut from typewritten and printed pages: ribbon, paper, and the scanner."""

from collections.abc import Callable

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.synthetic import glyph_masks, rendering, textures, word_degradations
from crnn_seq2seq_ocr.data.synthetic.glyph_masks import GlyphMask, Neighbours
from crnn_seq2seq_ocr.data.synthetic.word_fonts import EM, Typeface, Typefaces

_MOST_PIXELS_WIDE = 2400


def draw_line(
    text: str, typefaces: Typefaces, another: Callable[[], str], rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Draw a line of a page, RGB uint8 (H, W, 3) with 20 <= H <= 64; the arguments are those of `draw_word`."""
    typed = rng.random() < 0.8
    typeface = typefaces.choose(text, rng, even=typed)
    neighbours = _neighbours(typeface, another, rng, difficulty)
    drawn = glyph_masks.write(text, typeface, 0.0, neighbours, rng)
    if typed and difficulty > 0:
        drawn = _struck(drawn, len(text), rng, difficulty)
    corners = _laid(drawn, rng, difficulty)
    margins = np.clip(rng.normal(rng.uniform(0.12, 0.58), 0.1, 4), -0.03, 0.9)
    left, top, right, bottom = margins.tolist()
    mask = glyph_masks.crop(
        drawn, corners, (left * 1.5, top, right * 1.5, bottom), int(rng.integers(44, 62)), _MOST_PIXELS_WIDE
    )
    pixels = _paper(mask, _inked(mask, rng, difficulty), rng, difficulty)
    height = int(np.clip(rng.normal(62, 16), 22, 64))
    return _scanned(pixels, height, rng, difficulty)


def _neighbours(
    typeface: Typeface, another: Callable[[], str], rng: np.random.Generator, difficulty: float
) -> Neighbours:
    def some(likely: float) -> str:
        text = another() if rng.random() < likely * difficulty else ""
        return text if typeface.writes(text) else ""

    return Neighbours(above=some(0.2), below=some(0.2), leading=float(rng.uniform(0.95, 1.9)))


def _struck(drawn: GlyphMask, letters: int, rng: np.random.Generator, difficulty: float) -> GlyphMask:
    """Each letter a little higher or lower than the next, and with its own force."""
    left, _, right, _ = drawn.box
    mask = drawn.mask.copy()
    pitch = (right - left) / max(letters, 1)
    spread, uneven = float(rng.uniform(0, 0.035)) * EM * difficulty, float(rng.uniform(0, 0.25)) * difficulty
    shifts = np.round(rng.normal(0, spread, letters)).astype(int).tolist()
    forces = np.clip(rng.normal(1, uneven, letters), 0.45, 1.0).tolist()
    for place, (shift, force) in enumerate(zip(shifts, forces, strict=True)):
        first, last = round(left + place * pitch), round(left + (place + 1) * pitch)
        cell = drawn.mask[:, first:last]
        if shift:
            cell = np.roll(cell, shift, axis=0)
        mask[:, first:last] = cv2.convertScaleAbs(cell, alpha=force) if cell.size else cell
    return GlyphMask(mask, drawn.box)


def _laid(drawn: GlyphMask, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    left, top, right, bottom = drawn.box
    wide, tall = (right - left) * float(np.exp(rng.normal(0, 0.08))), bottom - top
    angle = float(rng.normal(0, 0.6)) * np.pi / 180 * difficulty
    corners = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], float)
    corners[1:3, 1] += np.sin(angle) * wide
    return corners


def _inked(mask: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Wear the mask as a ribbon does: thick or thin, blotchy, pale, full of holes."""
    unit = mask.shape[0] / 50
    mask = rendering.grown(mask, float(rng.uniform(0, 1.2)) * unit * difficulty)
    if rng.random() < 0.75 * difficulty:  # ragged edges
        size = (mask.shape[0], mask.shape[1])
        soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.6, 1.4)) * unit).astype(np.float32)
        ragged = soft + np.float32(rng.uniform(5, 85)) * rendering.grain(rng, size)[..., 0] * (soft > 25)
        edge, slope = float(rng.uniform(70, 130)), float(rng.uniform(1.5, 5))
        mask = textures.as_pixels((ragged - edge) * slope + 128)
    if rng.random() < 0.4 * difficulty:
        fade = 1 - np.float32(rng.uniform(0.1, 0.45)) * np.abs(rendering.grain(rng, mask.shape[:2])[..., 0])
        mask = textures.as_pixels(mask * fade)
    return mask


def _paper(mask: np.ndarray, ink: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Dark letters on light paper, float32 (H, W, 3), mostly grey."""
    size = (mask.shape[0], mask.shape[1])
    tone = float(np.clip(rng.normal(222, 26), 130, 252)) if rng.random() < 0.9 * difficulty else 245.0
    tint = (0.0 if rng.random() < 0.7 else 1.0) * np.array((0, -6, -22)) * rng.random()
    pixels = np.empty((*size, 3), np.float32)
    pixels[:] = tone + tint
    if rng.random() < 0.6 * difficulty:
        pixels *= 1 + np.float32(rng.uniform(0.003, 0.035)) * rendering.grain(rng, size)
    if rng.random() < 0.15 * difficulty:  # what is typed on the other side
        rendering.over(pixels, np.float32(tone * 0.8), cv2.GaussianBlur(mask[:, ::-1], (0, 0), 2.0), 0.5)
    depth = float(rng.uniform(0.28, 0.78)) if difficulty > 0 else 0.95
    if rng.random() < 0.06 * difficulty:  # underlined or struck out
        y = int(size[0] * (rng.uniform(0.82, 0.95) if rng.random() < 0.75 else rng.uniform(0.45, 0.6)))
        cv2.line(ink, (0, y), (size[1], y + int(rng.normal(0, 2))), 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    colour = (
        np.array((20, 20, 24), np.float32) if rng.random() < 0.93 else rendering.colour_on(np.full(3, tone), rng, 90)
    )
    rendering.over(pixels, colour, ink, depth)
    return pixels


def _scanned(pixels: np.ndarray, height: int, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Degrade the line as a scanner or a microfilm does."""
    if rng.random() < 0.05 * difficulty:  # nearly black and white
        middle = float(pixels.mean()) - float(rng.uniform(10, 50))
        pixels = (pixels - middle) * np.float32(rng.uniform(2, 6)) + 128
    if rng.random() < 0.93:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    pixels += word_degradations.noise(rng, pixels.shape) * np.float32(rng.gamma(1.5, 1.2) / 64 * difficulty)
    return word_degradations.record(pixels, height, rng, difficulty * float(rng.uniform(0.1, 0.6)))
