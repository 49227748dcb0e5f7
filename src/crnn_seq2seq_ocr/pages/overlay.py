"""A picture with what was read drawn over it: boxes in the colour of how sure it is, and the texts."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from crnn_seq2seq_ocr.pages.values import Line, Page
from crnn_seq2seq_ocr.system.font import arimo

SURE, DOUBTFUL, UNSURE = (21, 128, 61), (180, 83, 9), (190, 18, 60)
"""Colours from 90 %, from 50 %, and below."""

_WEIGHT = 500


def draw_overlay(pixels: np.ndarray, page: Page) -> np.ndarray:
    """RGB uint8 (H, W, 3) of the picture, paler, with each line's quadrilateral and text.

    Args:
        pixels: The picture that the page was read of.
        page: Its text.
    """
    picture = np.ascontiguousarray(255 - (255 - pixels) // 2)
    thickness = max(1, min(page.size) // 500)
    shapes = [(line, np.round(np.array(line.quadrilateral)).astype(np.int32)) for line in page.lines()]
    for line, shape in shapes:
        cv2.polylines(picture, [shape], True, _colour(line), thickness)
    canvas = Image.fromarray(picture)
    for line, shape in shapes:
        _write(ImageDraw.Draw(canvas), line, shape)
    return np.array(canvas)


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
