"""Pages with known text, drawn with the font that Pillow brings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr.inference.reader import Reader


@dataclass
class Drawn:
    """A page and the quadrilaterals of its texts, which is also a detector that finds exactly these."""

    pixels: np.ndarray
    boxes: list[np.ndarray] = field(default_factory=list)

    def find(self, picture: np.ndarray) -> list[np.ndarray]:
        return self.boxes


def draw(texts: Sequence[tuple[str, int, int]], *, size: tuple[int, int] = (600, 300), height: int = 28) -> Drawn:
    """Texts at their places (x, y), black on white."""
    image = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(image)
    font = ImageFont.load_default(height)
    boxes = []
    for text, x, y in texts:
        canvas.text((x, y), text, fill="black", font=font)
        left, top, right, bottom = canvas.textbbox((x, y), text, font=font)
        left, top, right, bottom = left - 4, top - 4, right + 4, bottom + 4
        boxes.append(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32))
    return Drawn(np.asarray(image), boxes)


def turned(drawn: Drawn, quarters: int) -> Drawn:
    """A page after quarter turns to the left; its boxes begin at the picture's top left, as detectors give them."""
    boxes = drawn.boxes
    width = drawn.pixels.shape[1]
    for _ in range(quarters):
        boxes = [np.roll(np.stack([box[:, 1], width - box[:, 0]], 1), 1, axis=0) for box in boxes]
        width = drawn.pixels.shape[0] if width == drawn.pixels.shape[1] else drawn.pixels.shape[1]
    return Drawn(np.ascontiguousarray(np.rot90(drawn.pixels, quarters)), boxes)


@pytest.fixture(scope="session")
def words() -> Reader:
    return Reader.load("words")
