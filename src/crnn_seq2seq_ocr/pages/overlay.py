"""A picture with what was read drawn over it: boxes in the colour of how sure it is, and the texts."""

import cv2
import numpy as np

from crnn_seq2seq_ocr.pages.values import Line, Page

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
    for line in page.lines():
        shape = np.round(np.array(line.quadrilateral)).astype(np.int32)
        cv2.polylines(picture, [shape], True, _colour(line), thickness)
        _write(picture, line, shape)
    return picture


def _write(picture: np.ndarray, line: Line, shape: np.ndarray) -> None:
    """Write the text above its line, or at the picture's edge, on white."""
    font = cv2.FontFace("sans")  # of OpenCV itself: it has the letters of all European languages
    size = int(np.clip(0.42 * np.linalg.norm(shape[3] - shape[0]), 9, 60))
    left, top = shape.min(0).tolist()
    _, above, width, height = cv2.getTextSize((0, 0), line.text, (0, 0), font, size, _WEIGHT)
    y = max(top - height, 0)
    cv2.rectangle(picture, (left, y), (left + width, y + height), (255, 255, 255), -1)
    cv2.putText(picture, line.text, (left, y - above), _colour(line), font, size, _WEIGHT)


def _colour(line: Line) -> tuple[int, int, int]:
    return SURE if line.confidence >= 0.9 else DOUBTFUL if line.confidence >= 0.5 else UNSURE
