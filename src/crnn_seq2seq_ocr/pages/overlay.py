"""A picture with what was read drawn over it: boxes in the colour of how sure it is, and the texts."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from crnn_seq2seq_ocr.pages.values import Line, Page
from crnn_seq2seq_ocr.system.font import arimo

SURE, DOUBTFUL, UNSURE = (21, 128, 61), (180, 83, 9), (190, 18, 60)
"""Colours from 90 %, from 50 %, and below."""

CROWDED = 0.25
"""Share of the lines whose texts would cover others from which on the texts get a sheet of their own."""

_WEIGHT = 500


def draw_overlay(pixels: np.ndarray, page: Page) -> np.ndarray:
    """RGB uint8 (H, W, 3) of the picture, paler, with each line's quadrilateral and text.

    Where lines stand so close that the texts would cover others, they are written at their places on a white sheet
    beside the picture, which is then twice as wide.

    Args:
        pixels: The picture that the page was read of.
        page: Its text.
    """
    picture = np.ascontiguousarray(255 - (255 - pixels) // 2)
    thickness = max(1, min(page.size) // 500)
    shapes = [(line, np.round(np.array(line.quadrilateral)).astype(np.int32)) for line in page.lines()]
    for line, shape in shapes:
        cv2.polylines(picture, [shape], True, _colour(line), thickness)
    if _is_crowded([shape for _, shape in shapes]):
        sheet = Image.new("RGB", (picture.shape[1], picture.shape[0]), "white")
        for line, shape in shapes:
            _write_in_place(ImageDraw.Draw(sheet), line, shape)
        return np.concatenate([picture, np.array(sheet)], axis=1)
    canvas = Image.fromarray(picture)
    for line, shape in shapes:
        _write(ImageDraw.Draw(canvas), line, shape)
    return np.array(canvas)


def _is_crowded(shapes: list[np.ndarray]) -> bool:
    """Whether the texts of a quarter of the lines, written above them, would hide much of another line."""
    if not shapes:
        return False
    low, high = np.array([shape.min(0) for shape in shapes]), np.array([shape.max(0) for shape in shapes])
    above = low[:, 1] - 0.15 * (high - low)[:, 1]  # of the text's 0.4 heights, so much may stand free
    across = (low[:, None, 0] < high[None, :, 0]) & (low[None, :, 0] < high[:, None, 0])
    down = (above[:, None] < high[None, :, 1]) & (low[None, :, 1] < low[:, None, 1])
    return bool((across & down).any(axis=1).mean() > CROWDED)


def _write_in_place(draw: ImageDraw.ImageDraw, line: Line, shape: np.ndarray) -> None:
    """Write the text where its line is, no wider than it."""
    width, height = float(np.linalg.norm(shape[1] - shape[0])), float(np.linalg.norm(shape[3] - shape[0]))
    size = int(np.clip(0.75 * height, 9, 200))
    length = arimo(size, _WEIGHT).getlength(line.text)
    font = arimo(max(6, int(size * min(1.0, width / max(length, 1)))), _WEIGHT)
    left, top = shape.min(0).tolist()
    draw.text((left, (top + int(shape[:, 1].max())) / 2), line.text, _colour(line), font, anchor="lm")


def _write(draw: ImageDraw.ImageDraw, line: Line, shape: np.ndarray) -> None:
    """Write the text above its line, or at the picture's edge, on white."""
    font = arimo(int(np.clip(0.42 * np.linalg.norm(shape[3] - shape[0]), 9, 60)), _WEIGHT)
    above, below = font.getmetrics()
    left, top = shape.min(0).tolist()
    y = max(top - above - below, 0)
    draw.rectangle((left, y, left + font.getlength(line.text), y + above + below), (255, 255, 255))
    draw.text((left, y), line.text, _colour(line), font)


def _colour(line: Line) -> tuple[int, int, int]:
    return SURE if line.confidence >= 0.9 else DOUBTFUL if line.confidence >= 0.5 else UNSURE
