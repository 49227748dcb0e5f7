"""Enamel plates: a lettering laid out, coloured, framed and worn, as RGBA pixels seen from the front."""

import bisect
import functools
import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from crnn_seq2seq_ocr.data.synthetic.fonts import Typeface, load_font
from crnn_seq2seq_ocr.data.synthetic.lettering import Lettering, Line
from crnn_seq2seq_ocr.data.synthetic.textures import grain

WIDTH = 256
"""Pixels across every plate; the views show it at 60 to 145."""

_EM = 40
_BASELINE, _LINE_HEIGHT = 46, 60
_SMALL_TEXT = 0.40

# (ground, ink) in RGB, and how often.
_PALETTES: tuple[tuple[tuple[int, int, int], tuple[int, int, int], float], ...] = (
    ((22, 34, 130), (240, 240, 236), 26), ((14, 22, 84), (235, 236, 232), 18), ((10, 14, 46), (228, 228, 222), 12),
    ((24, 44, 72), (232, 236, 236), 9), ((28, 70, 160), (244, 246, 246), 12), ((70, 104, 158), (244, 246, 246), 6),
    ((120, 150, 186), (248, 250, 250), 3), ((52, 60, 150), (236, 238, 240), 5), ((18, 78, 52), (236, 240, 230), 2.4),
    ((84, 48, 30), (240, 232, 216), 2.2), ((20, 104, 108), (240, 244, 240), 1.4), ((104, 20, 28), (242, 236, 226), 1.4),
    ((236, 234, 226), (24, 26, 34), 2), ((236, 236, 230), (24, 40, 120), 1.6), ((190, 178, 152), (70, 60, 48), 1.6),
    ((226, 214, 180), (60, 40, 26), 0.8), ((40, 42, 46), (226, 226, 220), 1.6),
)
_PALETTE_LIMITS = tuple(itertools.accumulate(share for *_, share in _PALETTES))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A mask of ink (h, w) and where its upper left corner lies on the plate."""

    mask: np.ndarray
    x: int
    y: int


def draw_plate(
    lettering: Lettering, typefaces: tuple[Typeface, ...], rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """A plate as RGBA uint8 (height, `WIDTH`, 4)."""
    typeface = choose_typeface(typefaces, rng)
    height, ink = _lay_out(lettering, typeface, rng)
    ground_colour, ink_colour = _colours(rng, difficulty)
    ground = _ground(height, ground_colour, rng, difficulty)
    shape = _frame(ink, height, rng)
    if rng.random() < 0.55 * difficulty:
        _fade(ink, rng, difficulty)
    pixels = _inked(ground, ink, ink_colour, rng, difficulty)
    if rng.random() < 0.07 * difficulty:
        _add_emblem(pixels, rng)
    if rng.random() < 0.25 * difficulty:
        _add_wear(pixels, rng)
    return np.dstack((pixels, shape))


def choose_typeface(typefaces: tuple[Typeface, ...], rng: np.random.Generator) -> Typeface:
    limits = _shares(typefaces)
    return typefaces[bisect.bisect_right(limits, rng.random() * limits[-1])]


@functools.lru_cache(maxsize=8)
def _shares(typefaces: tuple[Typeface, ...]) -> tuple[float, ...]:
    return tuple(itertools.accumulate(typeface.share for typeface in typefaces))


# Layout


def _lay_out(lettering: Lettering, typeface: Typeface, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """The plate's height and its ink, uint8 (height, WIDTH)."""
    tracking = int(rng.integers(1, 5)) if rng.random() < 0.2 else 0
    masks = [_line_mask(line, typeface, tracking) for line in lettering.lines]
    cap = _cap_height(typeface)
    scales = [line.scale for line in lettering.lines]
    small = [_line_mask(Line(((text, 1.0),)), typeface, 0) for text in lettering.above + lettering.below]
    gap = float(rng.uniform(0.45, 0.85))
    margin = float(rng.uniform(0.55, 1.0))
    # All in capital heights from here to `unit`.
    tall = sum(scales) + gap * (len(scales) - 1) + 2 * margin + len(small) * (_SMALL_TEXT + 0.6 * gap)
    aspect = _aspect(len(scales) + 0.6 * len(small), rng)
    side = float(rng.uniform(0.35, 0.9))
    widest = max(mask.shape[1] / cap * scale for mask, scale in zip(masks, scales, strict=True))
    wide = max(aspect * tall, widest * float(rng.uniform(0.58, 0.8)) + 2 * side)
    unit = WIDTH / wide
    height = int(np.clip(round(unit * tall), 56, 280))
    ink = np.zeros((height, WIDTH), np.uint8)
    _write_lines(ink, lettering, masks, small, unit=unit, cap=cap, gap=gap, margin=margin, side=side)
    return height, ink


def _write_lines(
    ink: np.ndarray, lettering: Lettering, masks: list[np.ndarray], small: list[np.ndarray],
    *, unit: float, cap: int, gap: float, margin: float, side: float,
) -> None:
    above = len(lettering.above)
    rows = [(mask, _SMALL_TEXT) for mask in small[:above]]
    rows += [(mask, line.scale) for mask, line in zip(masks, lettering.lines, strict=True)]
    rows += [(mask, _SMALL_TEXT) for mask in small[above:]]
    y = margin
    for mask, scale in rows:
        is_small = scale == _SMALL_TEXT
        y += scale
        room = (WIDTH / unit - 2 * side) * (0.8 if is_small else 1.0)
        _write(ink, mask, y * unit, scale * unit / cap, room * unit)
        y += gap * (0.6 if is_small else 1.0)


def _aspect(lines: float, rng: np.random.Generator) -> float:
    low, high = (2.2, 4.2) if lines < 1.5 else (1.35, 2.1) if lines < 2.5 else (1.1, 1.6)
    return float(rng.uniform(low, high))


def _write(ink: np.ndarray, mask: np.ndarray, baseline: float, scale: float, room: float) -> None:
    """Puts a line's mask in the middle, its baseline at a height, squeezed where it needs more than the room."""
    width = max(4, round(min(mask.shape[1] * scale, room)))
    height = max(4, round(mask.shape[0] * scale))
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = round(baseline - _BASELINE * scale), (ink.shape[1] - width) // 2
    cut_top, cut_left = max(0, -top), max(0, -left)
    bottom, right = min(ink.shape[0], top + height), min(ink.shape[1], left + width)
    if bottom <= top + cut_top:
        return
    target = ink[top + cut_top:bottom, left + cut_left:right]
    np.maximum(target, small[cut_top:bottom - top, cut_left:right - left], out=target)


def _line_mask(line: Line, typeface: Typeface, tracking: int) -> np.ndarray:
    """Ink of a line, uint8 (_LINE_HEIGHT, w), baseline at _BASELINE; w has no margins."""
    fonts = [load_font(typeface, max(8, round(_EM * size))) for _, size in line.runs]
    pieces = [(piece, font) for (run, _), font in zip(line.runs, fonts, strict=True)
              for piece in (run if tracking else (run,))]
    widths = [font.getlength(piece) + tracking for piece, font in pieces]
    picture = Image.new("L", (int(sum(widths)) + 12, _LINE_HEIGHT))
    pen = ImageDraw.Draw(picture)
    x = 6.0
    for (piece, font), width in zip(pieces, widths, strict=True):
        pen.text((x, _BASELINE), piece, fill=255, font=font, anchor="ls")
        x += width
    mask = np.asarray(picture)
    used = np.flatnonzero(mask.max(axis=0))
    return mask[:, used[0]:used[-1] + 1] if used.size else mask


@functools.lru_cache(maxsize=256)
def _cap_height(typeface: Typeface) -> int:
    box = load_font(typeface, _EM).getbbox("H", anchor="ls")
    return int(-box[1])


# Colour and shape


def _colours(rng: np.random.Generator, difficulty: float) -> tuple[np.ndarray, np.ndarray]:
    ground, ink, _ = _PALETTES[bisect.bisect_right(_PALETTE_LIMITS, rng.random() * _PALETTE_LIMITS[-1])]
    spread = rng.uniform(-1, 1, 7)
    shades = np.array(ground, np.float32) * (1 + 0.25 * spread[0]) + 14 * spread[1:4]
    inks = np.array(ink, np.float32) + 8 * spread[4:7]
    return np.clip(shades, 4, 250), np.clip(inks, 4, 252)


def _ground(height: int, colour: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """The enamel without ink, float32 (height, WIDTH, 3), lighter towards one side as if it mirrored the sky."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None]
    slope = rng.normal(0, 0.06, 2) * difficulty
    shade = 1 + slope[0] * rows + slope[1] * columns
    if rng.random() < 0.4 * difficulty:
        shade = shade + grain(rng, (height, WIDTH), coarse=True) * float(rng.uniform(0.02, 0.12))
    ground = colour[None, None] * shade[..., None]
    if rng.random() < 0.22 * difficulty:
        glare = np.clip(1 - np.abs(rows - rng.uniform(-1.2, 0.4)) / rng.uniform(0.3, 1.5), 0, 1)
        ground += (glare * float(rng.uniform(15, 90)))[..., None]
    return ground.astype(np.float32)


def _frame(ink: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """Draws the border into the ink; returns the plate's outline, uint8 (height, WIDTH)."""
    shape = np.zeros((height, WIDTH), np.uint8)
    corner = float(rng.uniform(2, 20)) if rng.random() < 0.7 else 1.0
    cv2.fillPoly(shape, [frame_path(WIDTH, height, 1.0, corner, "round")], 255, cv2.LINE_AA, 3)
    draw = rng.random()
    if draw < 0.12:
        return shape
    style = "round" if draw < 0.45 else "notched" if draw < 0.75 else "cut" if draw < 0.9 else "plain"
    inset, thick = float(rng.uniform(3, 12)), int(rng.integers(2, 6))
    if rng.random() < 0.15:
        inset, thick = 3.0, 7
    reach = max(corner, float(rng.uniform(8, 22)) if style in {"notched", "cut"} else 0.0)
    cv2.polylines(ink, [frame_path(WIDTH, height, inset, reach, style)], True, 255, thick, cv2.LINE_AA, 3)
    if rng.random() < 0.1:
        cv2.polylines(ink, [frame_path(WIDTH, height, inset + 2.2 * thick, reach, style)], True, 255, 2, cv2.LINE_AA, 3)
    return shape


def frame_path(width: int, height: int, inset: float, corner: float, style: str) -> np.ndarray:
    """Outline of a frame as points int32 (n, 1, 2) in eighths of a pixel.

    ``round`` corners bulge, ``notched`` ones are hollow, ``cut`` ones straight, ``plain`` ones square.
    """
    left, top, right, bottom = inset, inset, width - 1 - inset, height - 1 - inset
    corner = min(corner, (right - left) / 3, (bottom - top) / 3)
    angles = np.linspace(0, np.pi / 2, 7)
    points = []
    for x, y, turn in ((left, top, 0), (right, top, 1), (right, bottom, 2), (left, bottom, 3)):
        along = (angles + turn * np.pi / 2)
        inner_x, inner_y = x + corner * (1 if x == left else -1), y + corner * (1 if y == top else -1)
        if style == "round":
            points.append(np.stack((inner_x - corner * np.cos(along), inner_y - corner * np.sin(along)), 1))
        elif style == "notched":
            back = along[::-1]
            points.append(np.stack((x + corner * np.cos(back), y + corner * np.sin(back)), 1))
        elif style == "cut":
            ends = [(x, inner_y), (inner_x, y)] if turn % 2 == 0 else [(inner_x, y), (x, inner_y)]
            points.append(np.array(ends))
        else:
            points.append(np.array([(x, y)]))
    return np.round(np.concatenate(points) * 8).astype(np.int32)[:, None]


# Ink and wear


def _inked(
    ground: np.ndarray, ink: np.ndarray, colour: np.ndarray, rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Ground and ink joined, uint8 (height, WIDTH, 3), some with the shadow of raised letters."""
    if rng.random() < 0.2 * difficulty:
        shift = np.array([[1, 0, 1.5], [0, 1, 1.5]], np.float32)
        shadow = cv2.warpAffine(ink, shift, (ink.shape[1], ink.shape[0]))
        ground = ground * (1 - shadow.astype(np.float32) * (0.4 / 255))[..., None]
    cover = ink.astype(np.float32)[..., None] * (1 / 255)
    return np.clip(ground + (colour.astype(np.float32) - ground) * cover, 0, 255).astype(np.uint8)


def _fade(ink: np.ndarray, rng: np.random.Generator, difficulty: float) -> None:
    strength = float(rng.uniform(0.05, 0.3)) * difficulty
    cover = 1 - strength * (0.5 + 0.5 * grain(rng, ink.shape, coarse=True))
    np.multiply(ink, np.clip(cover, 0, 1), out=ink, casting="unsafe")


def _add_emblem(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """A coat of arms or a logo in an upper corner."""
    size = int(rng.integers(20, 34))
    x = int(rng.integers(10, 20)) if rng.random() < 0.8 else WIDTH - size - 16
    y = int(rng.integers(8, 20))
    white, colour = (240, 240, 240), tuple(int(value) for value in rng.integers(20, 220, 3))
    shield = np.array([(x, y), (x + size, y), (x + size, y + size * 0.7), (x + size / 2, y + size * 1.15), (x, y + size * 0.7)])
    cv2.fillPoly(pixels, [np.round(shield).astype(np.int32)], white, cv2.LINE_AA)
    inner = (shield - shield.mean(0)) * 0.8 + shield.mean(0)
    cv2.fillPoly(pixels, [np.round(inner).astype(np.int32)], colour, cv2.LINE_AA)
    middle = (x + size // 2, y + size // 2)
    cv2.line(pixels, (x + 3, middle[1]), (x + size - 3, middle[1]), white, 2, cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.line(pixels, (middle[0], y + 3), (middle[0], y + size - 3), white, 2, cv2.LINE_AA)


def _add_wear(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """Rust at the rim, chips, scratches or a sticker."""
    height = pixels.shape[0]
    draw = rng.random()
    if draw < 0.5:
        for _ in range(int(rng.integers(2, 7))):
            x = int(rng.choice((4, 12, WIDTH - 12, WIDTH - 5)) if rng.random() < 0.7 else rng.integers(0, WIDTH))
            y = int(rng.integers(0, height))
            tint = (int(rng.integers(60, 130)), int(rng.integers(35, 70)), int(rng.integers(15, 45)))
            cv2.ellipse(pixels, (x, y), (int(rng.integers(1, 7)), int(rng.integers(1, 6))), 0, 0, 360, tint, -1, cv2.LINE_AA)
    elif draw < 0.8:
        for _ in range(int(rng.integers(1, 5))):
            start, step = rng.integers(0, (WIDTH, height)), rng.normal(0, 25, 2)
            tint = int(rng.integers(60, 200))
            end = (start + step).astype(int)
            cv2.line(pixels, tuple(map(int, start)), tuple(map(int, end)), (tint, tint, tint), 1, cv2.LINE_AA)
    else:
        box = ((float(rng.uniform(10, WIDTH - 10)), float(rng.uniform(10, height - 10))),
               (float(rng.uniform(10, 32)), float(rng.uniform(10, 32))), float(rng.uniform(-40, 40)))
        tint = tuple(int(value) for value in rng.integers(150, 240, 3))
        cv2.fillPoly(pixels, [np.round(cv2.boxPoints(box)).astype(np.int32)], tint, cv2.LINE_AA)
