"""Pictures of where the decoder looked for each character.

Letters of shapes: L characters, V views, H height and W width of a view in pixels. Pixels are RGB
uint8. Attention is (L, V, rows, columns), any non-negative numbers; one row stands for whole-height
columns (position attention). Attention of one view over pictures of several (views merged in channels)
holds for each of them.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw

from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.model.outputs import attended_centres
from crnn_seq2seq_ocr.system.files import replacing, writing
from crnn_seq2seq_ocr.system.font import arimo

_PAPER, _INK, _FAINT = (250, 250, 247), (28, 30, 34), (120, 124, 130)
_LEVELS = {"sure": (34, 134, 80), "unsure": (176, 110, 0), "doubtful": (200, 45, 45)}
_RING = (255, 150, 30)
_GAP = 8  # pixels between tiles
_CAPTION = 40  # pixels under a tile
_UNLIT = 0.5  # brightness left where nothing was attended
_GLOW = 0.4  # share of colour where attention is highest, so that it shows on black, too


def heat_map(view: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """Light and warm the view where it was attended, dim it elsewhere, with a ring around the brightest part.

    Args:
        view: (H, W, 3).
        attention: (rows, columns).

    Returns:
        (H, W, 3).
    """
    height, width = view.shape[:2]
    weights = np.asarray(attention, dtype=np.float32)
    weights = weights / max(float(weights.max()), 1e-12)
    light = np.clip(cv2.resize(weights, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)[..., None]
    lit = view * (_UNLIT + (1 - _UNLIT) * light) * (1 - _GLOW * light) + np.asarray(_RING, np.float32) * _GLOW * light
    picture = np.ascontiguousarray(np.rint(lit).astype(np.uint8))
    outlines, _ = cv2.findContours((light[..., 0] > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, _RING, max(1, height // 100), cv2.LINE_AA)
    return picture


def character_heat_maps(views: np.ndarray, attention: np.ndarray, *, height: int = 128) -> list[np.ndarray]:
    """For each character the heat map over its most attended view, scaled to ``height`` pixels.

    Args:
        views: (V, H, W, 3).
        attention: (L, V, rows, columns).
        height: Height of each picture; the width follows.
    """
    places = attended_centres(attention)[:, 0].astype(int)
    scaled = [_scale(view, height) for view in views]
    return [heat_map(scaled[view], weights[view]) for view, weights in zip(places, attention, strict=True)]


def draw_sheet(
    views: np.ndarray,
    attention: np.ndarray,
    characters: Sequence[str],
    probabilities: Sequence[float],
    *,
    columns: int = 8,
) -> np.ndarray:
    """Draw a contact sheet: for each character its heat map, itself and its probability.

    Args:
        views: (V, H, W, 3).
        attention: (L, V, rows, columns).
        characters: L of them.
        probabilities: L of them, 0 to 1.
        columns: Most tiles in a row.
    """
    tiles = character_heat_maps(views, attention)
    captions = list(zip(tiles, characters, probabilities, strict=True))
    if not captions:
        return _paper(_CAPTION, _scale(views[0], 128).shape[1])
    height, width = tiles[0].shape[:2]
    columns = min(columns, len(tiles))
    cell_height, cell_width = height + _CAPTION + _GAP, width + _GAP
    sheet = _paper(math.ceil(len(tiles) / columns) * cell_height + _GAP, columns * cell_width + _GAP)
    for place, (tile, character, probability) in enumerate(captions):
        row, column = divmod(place, columns)
        top, left = _GAP + row * cell_height, _GAP + column * cell_width
        sheet[top : top + height, left : left + width] = tile
        _caption(sheet, character, probability, top=top + height, left=left, width=width)
    return sheet


def draw_overview(
    views: np.ndarray, attention: np.ndarray, characters: Sequence[str], *, height: int = 240, columns: int = 2
) -> np.ndarray:
    """Draw the views with a dot where each character was found, joined in reading order.

    Dots are numbered where there is room.

    Args:
        views: (V, H, W, 3).
        attention: (L, V, rows, columns).
        characters: L of them; they stand under the picture in the colours of their dots.
        height: Height of a view in the picture; the width follows.
        columns: Most views side by side.
    """
    scaled = [_scale(view, height) for view in views]
    width = scaled[0].shape[1]
    columns = min(columns, len(scaled))
    rows = math.ceil(len(scaled) / columns)
    picture = _paper(rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP)
    corners = [(place % columns * (width + _GAP), place // columns * (height + _GAP)) for place in range(len(scaled))]
    for view, (left, top) in zip(scaled, corners, strict=True):
        picture[top : top + height, left : left + width] = view
    # Attention that all views share is drawn on each of them.
    shared = len(scaled) if attention.shape[1] == 1 else 1
    centres = attended_centres(attention)  # (L, 3)
    for shift in range(shared):
        lefts_tops = np.array(corners)[centres[:, 0].astype(int) + shift]  # (L, 2)
        _path(picture, np.rint(lefts_tops + centres[:, 1:] * (width, height)).astype(int))
    return np.concatenate([picture, _legend(characters, picture.shape[1])])


def confidence_level(probability: float) -> Literal["sure", "unsure", "doubtful"]:
    """``sure`` from 0.9, ``unsure`` from 0.5, ``doubtful`` below: the same on pictures and on pages."""
    if probability >= 0.9:
        return "sure"
    return "unsure" if probability >= 0.5 else "doubtful"


def _path(picture: np.ndarray, points: np.ndarray) -> None:
    """Dots at the points (L, 2), in pixels from the left and from the top, joined by a line."""
    colours = _order_colours(len(points))
    for start, end in pairwise(points):
        cv2.line(picture, _point(start), _point(end), (255, 255, 255), 3, cv2.LINE_AA)
        cv2.line(picture, _point(start), _point(end), _INK, 1, cv2.LINE_AA)
    for point, colour in zip(points, colours, strict=True):
        _dot(picture, point, colour, radius=4)
    for number in _apart(points, distance=17):
        _dot(picture, points[number], colours[number], radius=8)
        _write_centred(picture, str(number + 1), _point(points[number]), size=11, colour=(255, 255, 255), weight=700)


def _dot(picture: np.ndarray, point: np.ndarray, colour: tuple[int, int, int], *, radius: int) -> None:
    cv2.circle(picture, _point(point), radius + 1, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(picture, _point(point), radius, colour, -1, cv2.LINE_AA)


def _apart(points: np.ndarray, *, distance: float) -> list[int]:
    """Choose points, first come first served, at the distance from each other that figures need; return indices."""
    kept: list[int] = []
    for place, point in enumerate(points):
        if all(np.hypot(*(point - points[other])) >= distance for other in kept):
            kept.append(place)
    return kept


def _legend(characters: Sequence[str], width: int) -> np.ndarray:
    """Write the characters with their numbers, (rows of 36 pixels, width, 3)."""
    columns = max(1, (width - _GAP) // 26)
    legend = _paper(max(1, math.ceil(len(characters) / columns)) * 36, width)
    for number, (character, colour) in enumerate(zip(characters, _order_colours(len(characters)), strict=True)):
        row, column = divmod(number, columns)
        x, y = _GAP + column * 26 + 13, row * 36
        _write_centred(legend, _visible(character), (x, y + 13), size=19, colour=colour, weight=600)
        _write_centred(legend, str(number + 1), (x, y + 29), size=10, colour=_FAINT, weight=400)
    return legend


def _caption(sheet: np.ndarray, character: str, probability: float, *, top: int, left: int, width: int) -> None:
    colour = _LEVELS[confidence_level(probability)]
    cv2.rectangle(sheet, (left, top), (left + max(1, round(width * probability)) - 1, top + 2), colour, -1)
    _write_centred(sheet, _visible(character), (left + 14, top + 22), size=24, colour=_INK, weight=600)
    _write_centred(sheet, f"{probability:.1%}", (left + width - 28, top + 22), size=15, colour=colour, weight=500)


def _write_centred(
    picture: np.ndarray, text: str, centre: tuple[int, int], *, size: int, colour: tuple[int, int, int], weight: int
) -> None:
    """Write text (Latin, Greek, Cyrillic) into a picture, its capitals centred on the point (x, y)."""
    font = arimo(size, weight)
    left, _, right, _ = map(round, font.getbbox(text, anchor="ls"))
    x, baseline = round(centre[0] - (left + right) / 2), centre[1] + round(size * 0.35)
    canvas = Image.fromarray(picture)
    ImageDraw.Draw(canvas).text((x, baseline), text, fill=colour, font=font, anchor="ls")
    picture[:] = np.asarray(canvas)


def _visible(character: str) -> str:
    return "_" if character.isspace() else character


def _order_colours(count: int) -> list[tuple[int, int, int]]:
    """From violet through teal to red in reading order, all dark enough for white figures."""
    hues = np.linspace(150, 0, max(count, 1)).astype(np.uint8)  # OpenCV's hues end at 180
    strip = np.stack([hues, np.full_like(hues, 215), np.full_like(hues, 185)], axis=-1)[None]
    colours = cv2.cvtColor(strip, cv2.COLOR_HSV2RGB)[0][:count].tolist()
    return [(red, green, blue) for red, green, blue in colours]


def _scale(view: np.ndarray, height: int) -> np.ndarray:
    width = max(1, round(view.shape[1] * height / view.shape[0]))
    return cv2.resize(view, (width, height), interpolation=cv2.INTER_CUBIC)


def _paper(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), _PAPER, dtype=np.uint8)


def _point(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def write_attention(reading: Reading, path: Path) -> None:
    """Draw where the decoder looked for each character into a PNG file.

    Raises:
        StorageError: It could not be written.
    """
    assert reading.views is not None
    assert reading.attention is not None
    characters = [each.text for each in reading.characters]
    sheet = draw_sheet(reading.views, reading.attention, characters, [each.confidence for each in reading.characters])
    with writing(path.parent), replacing(path) as temporary:
        temporary.write_bytes(encode_picture(sheet))
