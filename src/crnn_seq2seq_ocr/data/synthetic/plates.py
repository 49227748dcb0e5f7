"""Enamel plates: a lettering laid out, coloured, framed and worn, as RGBA pixels seen from the front."""

import bisect
import functools
import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from crnn_seq2seq_ocr.data.synthetic.frames import Frame, draw_frame, frame_path
from crnn_seq2seq_ocr.data.synthetic.lettering import Lettering, Line
from crnn_seq2seq_ocr.data.synthetic.sign_fonts import Typeface, load_font
from crnn_seq2seq_ocr.data.synthetic.textures import as_pixels, grain

WIDTH = 256
"""Pixels across every plate; the views show it at 60 to 145."""

_EM = 40
_BASELINE, _LINE_HEIGHT = 46, 60
_ARROWS = {"←": -1, "→": 1}

# (background, ink) in RGB, and how often.
_PALETTES: tuple[tuple[tuple[int, int, int], tuple[int, int, int], float], ...] = (
    ((22, 34, 130), (240, 240, 236), 26),
    ((14, 22, 84), (235, 236, 232), 18),
    ((10, 14, 46), (228, 228, 222), 12),
    ((24, 44, 72), (232, 236, 236), 9),
    ((28, 70, 160), (244, 246, 246), 12),
    ((70, 104, 158), (244, 246, 246), 6),
    ((120, 150, 186), (248, 250, 250), 3),
    ((52, 60, 150), (236, 238, 240), 5),
    ((18, 78, 52), (236, 240, 230), 2.4),
    ((84, 48, 30), (240, 232, 216), 2.2),
    ((20, 104, 108), (240, 244, 240), 1.4),
    ((104, 20, 28), (242, 236, 226), 1.4),
    ((236, 234, 226), (24, 26, 34), 2),
    ((236, 236, 230), (24, 40, 120), 1.6),
    ((190, 178, 152), (70, 60, 48), 1.6),
    ((226, 214, 180), (60, 40, 26), 0.8),
    ((40, 42, 46), (226, 226, 220), 1.6),
)
_PALETTE_LIMITS = tuple(itertools.accumulate(share for *_, share in _PALETTES))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line's ink (_LINE_HEIGHT, w), the scale that brings its capitals to their height, and its importance."""

    mask: np.ndarray
    scale: float
    small: bool


def draw_plate(
    lettering: Lettering, typefaces: tuple[Typeface, ...], rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Draw a plate as RGBA uint8 (height, `WIDTH`, 4), its colours multiplied by its alpha already."""
    frame = draw_frame(rng)
    ink = _lay_out(lettering, choose_typeface(typefaces, rng), frame, rng)
    height = ink.shape[0]
    background_colour, ink_colour = _colours(rng)
    background = _background(height, background_colour, rng, difficulty)
    frame.draw(ink)
    if rng.random() < 0.55 * difficulty:
        _fade(ink, rng, difficulty)
    pixels = _inked(background, ink, ink_colour, rng, difficulty)
    if rng.random() < 0.2 * difficulty:
        _add_emblem(pixels, ink, rng)
    if rng.random() < 0.5 * difficulty:
        _add_rim(pixels, frame, rng)
    if rng.random() < 0.25 * difficulty:
        _add_wear(pixels, rng)
    shape = frame.outline(height)
    return cv2.merge([cv2.multiply(pixels, cv2.cvtColor(shape, cv2.COLOR_GRAY2RGB), scale=1 / 255), shape])


def choose_typeface(typefaces: tuple[Typeface, ...], rng: np.random.Generator) -> Typeface:
    """Draw a typeface, each as likely as its share says."""
    limits = _shares(typefaces)
    return typefaces[bisect.bisect_right(limits, rng.random() * limits[-1])]


@functools.lru_cache(maxsize=8)
def _shares(typefaces: tuple[Typeface, ...]) -> tuple[float, ...]:
    return tuple(itertools.accumulate(typeface.share for typeface in typefaces))


# Layout


def _lay_out(lettering: Lettering, typeface: Typeface, frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Lay all lines of the plate out as ink, uint8 (height, WIDTH), without the frame."""
    tracking = int(rng.integers(1, 6)) if rng.random() < 0.25 else 0
    cap = _cap_height(typeface)
    blur, edge = (float(rng.uniform(0.8, 1.9)), float(rng.uniform(80, 130))) if rng.random() < 0.4 else (0.0, 0.0)
    above, lines, below = (
        [_Row(_painted(_line_mask(line, typeface, tracking), blur, edge), line.scale / cap, small) for line in some]
        for some, small in ((lettering.above, True), (lettering.lines, False), (lettering.below, True))
    )
    rows = [*above, *lines, *below]
    gap = float(rng.uniform(0.4, 0.85))
    # From here to `unit` all lengths are in heights of a capital.
    tall = sum(row.scale * cap for row in rows) + sum(_gaps(rows, gap))
    aspect, most = _aspects(len(lines) + 0.5 * (len(rows) - len(lines)), rng)
    margin, side = float(rng.uniform(0.4, 0.95)), float(rng.uniform(0.25, 0.9))
    widest = max(row.mask.shape[1] * row.scale for row in lines)
    wide = max(aspect * (tall + 2 * margin), widest * float(rng.uniform(0.52, 0.92)) + 2 * side)
    # Long lines make no band of a plate: the lines move apart instead.
    missing = max(0.0, wide / most - tall - 2 * margin)
    margin, gap = margin + 0.28 * missing, gap + 0.44 * missing / max(1.0, sum(_gaps(rows, 1.0)))
    tall += 0.44 * missing if len(rows) > 1 else 0.0
    unit = WIDTH / wide
    border = frame.inset + frame.thick + 0.15 * unit
    corners = frame.reach / 2 if frame.style in {"notched", "cut"} else 0.0
    margin, side = max(margin * unit, border), max(side * unit, border + 0.1 * unit + corners)
    ink = np.zeros((int(np.clip(round(unit * tall + 2 * margin), 56, 300)), WIDTH), np.uint8)
    y = margin
    for row, space in zip(rows, _gaps(rows, gap), strict=True):
        y += row.scale * cap * unit
        room = (WIDTH - 2 * side) * (0.8 if row.small else 1.0)
        _write(ink, row.mask, y, row.scale * unit, room)
        y += space * unit
    return ink


def _painted(mask: np.ndarray, blur: float, edge: float) -> np.ndarray:
    """Letters as if painted by hand: rounded by the blur, thicker the lower the edge (0-255)."""
    if not blur:
        return mask
    soft = cv2.GaussianBlur(mask, (0, 0), blur)
    return cv2.LUT(soft, as_pixels((np.arange(256) - edge + 40) * (255 / 80)))


def _gaps(rows: list[_Row], gap: float) -> list[float]:
    """Return the space after each row: none after the last."""
    return [gap * (0.65 if row.small or after.small else 1.0) for row, after in itertools.pairwise(rows)] + [0.0]


def _aspects(lines: float, rng: np.random.Generator) -> tuple[float, float]:
    """Width over height that a plate of so many lines likes to have, and the most it has."""
    low, high, most = (2.2, 4.2, 5.0) if lines < 1.5 else (1.25, 1.9, 2.2) if lines < 2.5 else (1.05, 1.6, 1.9)
    return float(rng.uniform(low, high)), float(rng.uniform(0.75, 1.0)) * most


def _write(ink: np.ndarray, mask: np.ndarray, baseline: float, scale: float, room: float) -> None:
    """Put a line's mask in the middle, its baseline at a height, squeezed where it needs more than the room."""
    width = max(4, round(min(mask.shape[1] * scale, room)))
    height = max(4, round(mask.shape[0] * scale))
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = round(baseline - _BASELINE * scale), (ink.shape[1] - width) // 2
    cut_top, cut_left = max(0, -top), max(0, -left)
    bottom, right = min(ink.shape[0], top + height), min(ink.shape[1], left + width)
    if bottom <= top + cut_top:
        return
    target = ink[top + cut_top : bottom, left + cut_left : right]
    np.maximum(target, small[cut_top : bottom - top, cut_left : right - left], out=target)


def _line_mask(line: Line, typeface: Typeface, tracking: int) -> np.ndarray:
    """Ink of a line, uint8 (_LINE_HEIGHT, w), baseline at _BASELINE; w has no margins."""
    first = line.runs[0][0]
    if first[0] in _ARROWS:
        rest = Line(((first[1:].lstrip(), line.runs[0][1]), *line.runs[1:]))
        return np.hstack((_arrow(_ARROWS[first[0]]), _line_mask(rest, typeface, tracking)))
    fonts = [load_font(typeface, max(8, round(_EM * size))) for _, size in line.runs]
    pieces = [
        (piece, font)
        for (run, _), font in zip(line.runs, fonts, strict=True)
        for piece in (run if tracking else (run,))
    ]
    widths = [font.getlength(piece) + tracking * (2 if piece == " " else 1) for piece, font in pieces]
    picture = Image.new("L", (int(sum(widths)) + 12, _LINE_HEIGHT))
    pen = ImageDraw.Draw(picture)
    x = 6.0
    for (piece, font), width in zip(pieces, widths, strict=True):
        pen.text((x, _BASELINE), piece, fill=255, font=font, anchor="ls")
        x += width
    mask = np.asarray(picture)
    used = np.flatnonzero(mask.max(axis=0))
    return mask[:, used[0] : used[-1] + 1] if used.size else mask


def _arrow(direction: int) -> np.ndarray:
    """Draw an arrow to the left (-1) or to the right (1), as ink of a line; many fonts have none."""
    mask = np.zeros((_LINE_HEIGHT, 46), np.uint8)
    middle, tip = _BASELINE - 14, 18 + 15 * direction
    tail, barb = 18 - 15 * direction, tip - 11 * direction
    for start in ((tail, middle), (barb, middle - 11), (barb, middle + 11)):
        cv2.line(mask, start, (tip, middle), 255, 6, cv2.LINE_AA)
    return mask


@functools.lru_cache(maxsize=256)
def _cap_height(typeface: Typeface) -> int:
    box = load_font(typeface, _EM).getbbox("H", anchor="ls")
    return int(-box[1])


# Ground


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    background, ink, _ = _PALETTES[bisect.bisect_right(_PALETTE_LIMITS, rng.random() * _PALETTE_LIMITS[-1])]
    spread = rng.uniform(-1, 1, 7)
    shades = np.array(background) * (1 + 0.25 * spread[0]) + 9 * spread[1:4]
    return np.clip(shades, 4, 250), np.clip(np.array(ink) + 8 * spread[4:7], 4, 252)


def _background(height: int, colour: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Draw the enamel without ink, uint8 (height, WIDTH, 3), lighter towards one side as if it mirrored the sky."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None]
    slope = rng.normal(0, 0.06, 2) * difficulty
    shade = 1 + slope[0] * rows + slope[1] * columns
    if rng.random() < 0.4 * difficulty:
        shade = shade + grain(rng, (height, WIDTH), coarse=True) * float(rng.uniform(0.02, 0.12))
    levels = as_pixels(shade * 128)
    background = cv2.LUT(cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB), _ramp(colour / 128))
    if rng.random() < 0.22 * difficulty:
        # Weaker on pale enamel, so that white letters stay visible.
        strength = rng.uniform(15, 90) * max(0.2, 1 - colour.mean() / 110)
        glare = np.clip(1 - np.abs(rows - rng.uniform(-1.2, 0.4)) / rng.uniform(0.3, 1.5), 0, 1) * strength
        background = cv2.add(background, np.broadcast_to(glare[..., None], background.shape).astype(np.uint8))
    return background


def _ramp(colour: np.ndarray) -> np.ndarray:
    """Look-up table uint8 (256, 1, 3): the colour times 0 to 255."""
    return as_pixels(np.arange(256)[:, None, None] * colour)


# Ink and wear


def _inked(
    background: np.ndarray, ink: np.ndarray, colour: np.ndarray, rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Ground and ink joined, uint8 (height, WIDTH, 3), some with the shadow of raised letters."""
    if rng.random() < 0.2 * difficulty:
        shift = np.array([[1, 0, 1.5], [0, 1, 1.5]], np.float32)
        shadow = cv2.warpAffine(ink, shift, (ink.shape[1], ink.shape[0]))
        background = cv2.multiply(background, 255 - cv2.cvtColor(shadow, cv2.COLOR_GRAY2RGB) // 3, scale=1 / 255)
    cover = cv2.cvtColor(ink, cv2.COLOR_GRAY2RGB)
    return cv2.add(cv2.multiply(background, 255 - cover, scale=1 / 255), cv2.LUT(cover, _ramp(colour / 255)))


def _fade(ink: np.ndarray, rng: np.random.Generator, difficulty: float) -> None:
    strength = float(rng.uniform(0.05, 0.3)) * difficulty
    cover = 1 - strength * (0.5 + 0.5 * grain(rng, ink.shape, coarse=True))
    np.multiply(ink, np.clip(cover, 0, 1), out=ink, casting="unsafe")


def _add_rim(pixels: np.ndarray, frame: Frame, rng: np.random.Generator) -> None:
    """Draw the worn edge of the enamel and the screws in its corners."""
    height = pixels.shape[0]
    tone = float(rng.uniform(15, 90)) if rng.random() < 0.7 else float(rng.uniform(150, 230))
    outline = frame_path(WIDTH, height, 0.5, frame.bend, "round")
    cv2.polylines(pixels, [outline], True, (tone, tone, tone), int(rng.integers(2, 6)), cv2.LINE_AA, 3)
    if rng.random() < 0.5:
        away, tone = int(rng.integers(6, 14)), float(rng.uniform(60, 190))
        for x, y in itertools.product((away, WIDTH - away), (away, height - away)):
            cv2.circle(pixels, (x, y), int(rng.integers(2, 5)), (tone, tone * 0.97, tone * 0.9), -1, cv2.LINE_AA)


def _add_emblem(pixels: np.ndarray, ink: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a coat of arms or a logo in an upper corner, where no letters are in its way."""
    size = int(rng.integers(20, 34))
    x = int(rng.integers(10, 20)) if rng.random() < 0.8 else WIDTH - size - 16
    y = int(rng.integers(10, 22))
    if ink[y : y + int(1.2 * size), x : x + size].any():
        return
    white, colour = (240, 240, 240), tuple(int(value) for value in rng.integers(20, 220, 3))
    shield = np.array([(0, 0), (1, 0), (1, 0.7), (0.5, 1.15), (0, 0.7)]) * size + (x, y)
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
            place, size = (x, int(rng.integers(0, height))), rng.integers(1, 7, 2).tolist()
            rust = tuple(map(float, rng.uniform((60, 35, 15), (130, 70, 45))))
            cv2.ellipse(pixels, place, size, 0, 0, 360, rust, -1, cv2.LINE_AA)
    elif draw < 0.8:
        for _ in range(int(rng.integers(1, 5))):
            start, step = rng.integers(0, (WIDTH, height)), rng.normal(0, 25, 2)
            tint = int(rng.integers(60, 200))
            end = (start + step).astype(int)
            cv2.line(pixels, tuple(map(int, start)), tuple(map(int, end)), (tint, tint, tint), 1, cv2.LINE_AA)
    else:
        box = (
            (float(rng.uniform(10, WIDTH - 10)), float(rng.uniform(10, height - 10))),
            (float(rng.uniform(10, 32)), float(rng.uniform(10, 32))),
            float(rng.uniform(-40, 40)),
        )
        paper = rng.integers(150, 240, 3).tolist()
        cv2.fillPoly(pixels, [np.round(cv2.boxPoints(box)).astype(np.int32)], paper, cv2.LINE_AA)
