"""Pictures of words as cut from photographs: typeface, shape, background, paint and camera chosen for a text."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.synthetic import glyph_masks, rendering, word_degradations
from crnn_seq2seq_ocr.data.synthetic.backgrounds import draw_background
from crnn_seq2seq_ocr.data.synthetic.glyph_masks import Neighbours
from crnn_seq2seq_ocr.data.synthetic.word_fonts import Typeface, Typefaces

LOWEST, TALLEST = 14, 64
"""Heights of pictures in pixels."""

_MOST_PIXELS_WIDE = 2400


def draw_word(
    text: str,
    typefaces: Typefaces,
    photographs: tuple[Path, ...],
    another: Callable[[], str],
    rng: np.random.Generator,
    difficulty: float,
) -> np.ndarray:
    """Draw a picture of the text, RGB uint8 (H, W, 3) with `LOWEST` <= H <= `TALLEST`.

    Args:
        text: What is to be read.
        typefaces: Typefaces to choose from.
        photographs: Files for backgrounds; may be none.
        another: Gives some other text, for what stands beside this one.
        rng: All choices.
        difficulty: 0 to 1.
    """
    # Most pictures are spoiled in few ways: each is as hard as its own draw says.
    difficulty *= float(rng.uniform(0.15, 1.0))
    typeface = typefaces.choose(text, rng)
    mask = _shape(text, typeface, another, rng, difficulty)
    background = draw_background((mask.shape[0], mask.shape[1]), photographs, rng, difficulty)
    mean = background[::4, ::4].reshape(-1, 3).mean(axis=0)
    ink = rendering.colour_on(mean, rng, float(rng.uniform(130 - 95 * difficulty, 140)))
    _calm(background, mean, abs(rendering.brightness(ink) - rendering.brightness(mean)))
    rendering.paint(background, mask, ink, mean, rng, difficulty)
    if rng.random() < 0.04 * difficulty:
        _hide(background, rng)
    return word_degradations.record(word_degradations.light(background, rng, difficulty), _height(rng), rng, difficulty)


def _height(rng: np.random.Generator) -> int:
    """As tall as words in photographs are: mostly between 18 and 50 pixels."""
    return int(np.clip(np.exp(rng.normal(3.5, 0.48)), LOWEST, TALLEST))


def _shape(
    text: str, typeface: Typeface, another: Callable[[], str], rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Shape the letters in the crop, uint8, about as tall as the picture will be."""
    tracking = 0.0
    draw = rng.random()
    if len(text) > 1 and draw < 0.16:
        tracking = float(rng.uniform(0.04, 0.5)) if draw < 0.11 else float(rng.uniform(-0.06, -0.02))
    drawn = glyph_masks.write(
        _curled(text, typeface, rng), typeface, tracking, _neighbours(typeface, another, rng, difficulty), rng
    )
    if text.isupper() and len(text) > 2 and rng.random() < 0.05 * difficulty:
        drawn = glyph_masks.enlarge_first(drawn, text, typeface, float(rng.uniform(1.15, 1.45)))
    if len(text) > 3 and rng.random() < 0.07 * difficulty:
        drawn = glyph_masks.bend(drawn, float(rng.uniform(-0.5, 0.6)))
    corners = glyph_masks.slant(drawn.box, rng, difficulty)
    mask = glyph_masks.crop(drawn, corners, _margins(rng, difficulty), int(rng.integers(36, 56)), _MOST_PIXELS_WIDE)
    if rng.random() < 0.025 * difficulty:
        return rendering.dotted(mask, rng)
    if rng.random() < 0.2 * difficulty:
        change = float(rng.uniform(-0.8, 1.3))
        kernel = np.ones((2, 2), np.uint8)
        mask = (
            rendering.grown(mask, change)
            if change > 0
            else cv2.addWeighted(mask, 1 + change, cv2.erode(mask, kernel), -change, 0)
        )
    return mask


def _curled(text: str, typeface: Typeface, rng: np.random.Generator) -> str:
    """Curl the text's straight apostrophes and quotation marks, as often as not."""
    if ("'" not in text and '"' not in text) or rng.random() < 0.5:
        return text
    curled = text.replace("'", "’")
    if curled.startswith('"'):
        curled = "“" + curled[1:]
    curled = curled.replace('"', "”")
    return curled if typeface.writes(curled) else text


def _margins(rng: np.random.Generator, difficulty: float) -> glyph_masks.Box:
    """Around the text in text heights: what annotators leave, now and then nothing or less."""
    usual = float(rng.uniform(0.0, 0.26))
    margins = np.clip(rng.normal(usual, 0.07, 4), -0.02, 0.5)
    if rng.random() < 0.10 * difficulty:
        margins[int(rng.random() * 4)] += rng.uniform(0.1, 0.5)
    if rng.random() < 0.08 * difficulty:
        margins[int(rng.random() * 4)] = -rng.uniform(0.0, 0.09)
    left, top, right, bottom = margins.tolist()
    return (left, top, right, bottom)


def _neighbours(
    typeface: Typeface, another: Callable[[], str], rng: np.random.Generator, difficulty: float
) -> Neighbours:
    """Text that may show at the edges of the crop."""
    if rng.random() > 0.45 * difficulty:
        return Neighbours()

    def some(likely: float) -> str:
        text = another() if rng.random() < likely else ""
        return text if typeface.writes(text) else ""

    leading = float(rng.uniform(0.85, 1.5))
    return Neighbours(some(0.35), some(0.35), some(0.45), some(0.45), leading)


def _calm(background: np.ndarray, mean: np.ndarray, contrast: float) -> None:
    """Draws a background whose own contrast would hide the letters towards its mean."""
    rough = float(background[::2, ::2].mean(axis=2).std())
    most = 8 + 0.35 * contrast
    if rough > most:
        background += (mean - background) * np.float32(1 - most / rough)


def _hide(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a pole, branch or cable in front of the word."""
    height, width = pixels.shape[:2]
    x, lean = int(rng.random() * width), int(rng.normal(0, 0.4) * height)
    tone = tuple(map(float, rendering.colour(rng)))
    cv2.line(pixels, (x, 0), (x + lean, height), tone, 1 + int(rng.random() * height / 9), cv2.LINE_AA)
