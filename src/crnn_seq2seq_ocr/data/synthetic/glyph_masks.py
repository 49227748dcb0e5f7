"""A text's letters as a mask, with what stands around it, brought into the shape of a crop."""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr.data.synthetic.word_fonts import EM, Typeface, load_font

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_ROOM = EM
"""Pixels around the text in which its neighbours show."""
_MOST_WIDE = 30_000


@dataclass(frozen=True, slots=True)
class GlyphMask:
    """Letters at `EM` pixels."""

    mask: np.ndarray
    """Ink, uint8 (height, width)."""
    box: Box
    """Where the text itself is, without its neighbours."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Texts around the one to be read; empty where there is none."""

    before: str = ""
    after: str = ""
    above: str = ""
    below: str = ""
    leading: float = 1.1
    """From line to line in ems."""


def write(
    text: str, typeface: Typeface, tracking: float, neighbours: Neighbours, rng: np.random.Generator
) -> GlyphMask:
    """Write the text in the typeface; tracking is the space added between letters, in ems."""
    font = load_font(typeface.path, typeface.axes)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    spaced = abs(tracking) > 0.01
    ends = _places(text, font, tracking) if spaced else None
    if ends is not None:
        right = ends[-1]
    size = (min(int(right - left), _MOST_WIDE) + 2 * _ROOM, max(int(bottom - top), 4) + 2 * _ROOM)
    image = Image.new("L", size)
    draw = ImageDraw.Draw(image)
    origin = (_ROOM - left, _ROOM - top)
    if ends is None:
        draw.text(origin, text, fill=255, font=font, anchor="ls")
    else:
        for letter, place in zip(text, ends, strict=False):
            draw.text((origin[0] + place, origin[1]), letter, fill=255, font=font, anchor="ls")
    _surround(draw, font, origin, right, neighbours, rng)
    box = (float(_ROOM), float(_ROOM), float(size[0] - _ROOM), float(size[1] - _ROOM))
    return GlyphMask(np.asarray(image), box)


def _places(text: str, font: ImageFont.FreeTypeFont, tracking: float) -> list[float]:
    """Where each letter begins, and where the last one ends."""
    places = [0.0]
    for letter in text:
        places.append(places[-1] + font.getlength(letter) + tracking * EM)
    places[-1] -= tracking * EM
    return places


def _surround(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    origin: tuple[float, float],
    right: float,
    neighbours: Neighbours,
    rng: np.random.Generator,
) -> None:
    x, y = origin
    gap = EM * 0.28
    if neighbours.before:
        draw.text((x - gap, y), neighbours.before, fill=255, font=font, anchor="rs")
    if neighbours.after:
        draw.text((x + right + gap, y), neighbours.after, fill=255, font=font, anchor="ls")
    shift = float(rng.uniform(-1.5, 0.5)) * EM if neighbours.above or neighbours.below else 0.0
    if neighbours.above:
        draw.text((x + shift, y - neighbours.leading * EM), neighbours.above, fill=255, font=font, anchor="ls")
    if neighbours.below:
        draw.text((x + shift, y + neighbours.leading * EM), neighbours.below, fill=255, font=font, anchor="ls")


def enlarge_first(glyphs: GlyphMask, text: str, typeface: Typeface, factor: float) -> GlyphMask:
    """Enlarge the first letter so many times, on the same baseline, as in small capitals."""
    left, top, right, bottom = glyphs.box
    font = load_font(typeface.path, typeface.axes)
    place = round(left + font.getlength(text[0]) - font.getbbox(text, anchor="ls")[0])
    tall = bottom - top
    low, high = round(bottom), round(bottom - tall * factor)
    letter = glyphs.mask[round(top) : low, round(left) : place]
    if high < 0 or not letter.size:
        return glyphs
    wide = round(letter.shape[1] * factor)
    letter = cv2.resize(letter, (wide, low - high))
    mask = np.zeros((glyphs.mask.shape[0], glyphs.mask.shape[1] + wide - (place - round(left))), np.uint8)
    mask[:, round(left) + wide :] = glyphs.mask[:, place:]
    mask[high:low, round(left) : round(left) + wide] = letter
    return GlyphMask(mask, (left, float(high), right + mask.shape[1] - glyphs.mask.shape[1], bottom))


def bend(glyphs: GlyphMask, rise: float) -> GlyphMask:
    """Bend the glyphs along an arc whose middle is `rise` text heights higher (> 0) or lower than its ends."""
    height, width = glyphs.mask.shape
    left, top, right, bottom = glyphs.box
    lift = rise * (bottom - top)
    across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(width / max(right - left, 1))
    shift = (lift * (1 - across**2)).astype(np.float32)
    extra = int(abs(lift)) + 1
    rows = np.arange(-extra, height + extra, dtype=np.float32)[:, None] + shift[None]
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), rows.shape)
    mask = cv2.remap(glyphs.mask, np.ascontiguousarray(columns), rows, cv2.INTER_LINEAR)
    low, high = (top + extra - max(lift, 0.0), bottom + extra - min(lift, 0.0))
    return GlyphMask(mask, (left, low, right, high))


def crop(glyphs: GlyphMask, corners: np.ndarray, margins: Box, height: int, widest: int) -> np.ndarray:
    """Crop the mask as a picture of the given height shows it, uint8 (height, width).

    Args:
        glyphs: The letters.
        corners: Where the corners of the text's box lie in the picture's plane, clockwise from the upper left.
        margins: What is added around them, in heights of the text; may be negative.
        height: Of the picture in pixels.
        widest: Most pixels of its width.
    """
    low, high = corners.min(axis=0), corners.max(axis=0)
    unit = float(np.linalg.norm(corners[3] - corners[0]))
    low = low - np.array(margins[:2]) * unit
    high = high + np.array(margins[2:]) * unit
    scale = height / max(float(high[1] - low[1]), 4.0)
    width = int(np.clip(round((high[0] - low[0]) * scale), 4, widest))
    mask, shrink = glyphs.mask, 1.0
    left, top, right, bottom = glyphs.box
    change = unit * scale / max(bottom - top, 1.0)
    if change < 0.7:
        shrink = max(change * 1.2, 0.1)
        mask = cv2.resize(mask, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32) * np.float32(shrink)
    goal = ((corners - low) * (width / max(float(high[0] - low[0]), 1.0), scale)).astype(np.float32)
    return cv2.warpPerspective(mask, cv2.getPerspectiveTransform(box, goal), (width, height))


def slant(box: Box, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Corners of the text as a camera at some angle sees them, float64 (4, 2), clockwise from the upper left."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    stretch = float(np.exp(rng.normal(-0.10, 0.2) * difficulty))
    corners = np.array([(0, 0), (wide * stretch, 0), (wide * stretch, tall), (0, tall)])
    draw = rng.random()
    spread = 1.7 if draw < 0.5 else 6.0 if draw < 0.86 else 14.0 if draw < 0.96 else 30.0
    # Long lines are rarely turned far: their crops would be mostly background.
    spread = min(spread, 90.0 / max(wide / max(tall, 1.0), 1.0))
    angle = np.radians(rng.normal(0, spread)) * difficulty
    lean = float(rng.normal(0, 0.10)) * difficulty if rng.random() < 0.5 else 0.0
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    corners = corners @ (turn @ np.array([(1.0, lean), (0.0, 1.0)])).T
    if rng.random() < 0.4 * difficulty:
        corners += rng.normal(0, 0.05, (4, 2)) * (tall, tall)
    if rng.random() < 0.2 * difficulty:  # one side is farther away
        far, squeeze = int(rng.random() < 0.5), float(rng.uniform(0.03, 0.18))
        upper, lower = ((0, 3), (1, 2))[far]
        middle = (corners[upper] + corners[lower]) / 2
        for corner in (upper, lower):
            corners[corner] += (middle - corners[corner]) * squeeze
    return np.asarray(corners)
