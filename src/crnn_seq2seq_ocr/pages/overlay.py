"""A picture with what was read drawn over it: boxes in the colour of how sure it is, and the texts."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr.pages.values import Page

SURE, DOUBTFUL, UNSURE = (21, 128, 61), (180, 83, 9), (190, 18, 60)
"""Colours from 90 %, from 50 %, and below."""


def draw_overlay(pixels: np.ndarray, page: Page) -> np.ndarray:
    """RGB uint8 (H, W, 3) of the picture, paler, with each line's quadrilateral and text.

    Args:
        pixels: The picture that the page was read of.
        page: Its text.
    """
    image = Image.fromarray(255 - (255 - pixels) // 2)
    canvas = ImageDraw.Draw(image)
    for line in page.lines():
        colour = SURE if line.confidence >= 0.9 else DOUBTFUL if line.confidence >= 0.5 else UNSURE
        canvas.polygon(list(line.quadrilateral), outline=colour, width=max(1, min(page.size) // 500))
        left, top = (min(values) for values in zip(*line.quadrilateral, strict=True))
        size = np.linalg.norm(np.subtract(line.quadrilateral[3], line.quadrilateral[0]))
        font = ImageFont.load_default(float(np.clip(0.45 * size, 9, 60)))
        _, _, right, bottom = canvas.textbbox((left, top), line.text, font=font, anchor="lb")
        _, above, _, _ = canvas.textbbox((left, top), line.text, font=font, anchor="lb")
        move = max(0.0, -above)  # text above the picture's edge is moved into it
        canvas.rectangle((left, above + move, right, bottom + move), fill=(255, 255, 255))
        canvas.text((left, top + move), line.text, fill=colour, font=font, anchor="lb")
    return np.asarray(image)
