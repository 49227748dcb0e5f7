"""From quadrilaterals to straight pictures of lines: room around them, cuts of what is too long, quarter turns."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.pictures import resize

ROOM = 0.0
"""Room around a quadrilateral, as a share of its height."""

TALLEST = 96
"""Pixels of height that a crop is shrunk to: three times what a reader looks at."""

LONGEST = 22.0
"""Width over height beyond which a line is cut into pieces at its spaces."""


@dataclass(frozen=True)
class Crop:
    """A piece of a picture, straightened.

    Attributes:
        pixels: RGB uint8 (H, W, 3).
        corners: float32 (4, 2), where it stands in the picture, clockwise from its top left.
    """

    pixels: np.ndarray
    corners: np.ndarray

    @property
    def tall(self) -> bool:
        """Whether the text may run up or down."""
        height, width = self.pixels.shape[:2]
        return bool(height >= 1.5 * width)

    def turned(self, quarters: int) -> "Crop":
        """Turn by so many quarters to the left; the corners begin at the new top left."""
        return Crop(np.ascontiguousarray(np.rot90(self.pixels, quarters)), np.roll(self.corners, -quarters, axis=0))

    def part(self, begin: float, end: float) -> np.ndarray:
        """Return the corners of what lies between two shares of its width."""
        return between(self.corners, begin, end)


def between(corners: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Return the corners (4, 2) of what lies between two shares of the width of a quadrilateral."""
    (top_left, top_right, bottom_right, bottom_left) = corners
    top, bottom = top_right - top_left, bottom_right - bottom_left
    return np.stack(
        [top_left + begin * top, top_left + end * top, bottom_left + end * bottom, bottom_left + begin * bottom]
    )


def within(corners: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Return the corners (4, 2) of what lies between two shares of the height of a quadrilateral."""
    (top_left, top_right, bottom_right, bottom_left) = corners
    left, right = bottom_left - top_left, bottom_right - top_right
    return np.stack(
        [top_left + begin * left, top_right + begin * right, top_right + end * right, top_left + end * left]
    )


def cut(picture: np.ndarray, corners: np.ndarray, *, room: float = ROOM) -> list[Crop]:
    """Straighten a quadrilateral into pieces: one, or several where it is too long to be read at once.

    Args:
        picture: RGB uint8 (H, W, 3).
        corners: (4, 2), clockwise from the top left.
        room: Added on all sides, as a share of the height (of the shorter side).

    Returns:
        None at all where it has no area within the picture.
    """
    crop = straightened(picture, _widened(np.asarray(corners, np.float32), room))
    return [] if crop is None else _pieces(crop)


def straightened(picture: np.ndarray, corners: np.ndarray) -> Crop | None:
    """Straighten what is within a quadrilateral (4, 2) of a picture (H, W, 3); None where nothing is."""
    limits = np.array([picture.shape[1], picture.shape[0]], np.float32)
    placed = np.clip(corners, 0, limits).astype(np.float32)
    width, height = _sides(placed)
    if min(width, height) < 2 or not np.isfinite(placed).all():
        return None
    return Crop(_warped(picture, placed, width, height), placed)


def _widened(corners: np.ndarray, room: float) -> np.ndarray:
    """Move the corners outwards along the sides."""
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    if not all(lengths) or not room:
        return corners
    step = room * min(lengths)
    across, below = along / lengths[0] * step, down / lengths[1] * step
    return np.asarray(corners + np.stack([-across - below, across - below, across + below, below - across]))


def _sides(corners: np.ndarray) -> tuple[int, int]:
    """Width and height in pixels, the longer of the opposite sides."""
    lengths = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    if not np.isfinite(lengths).all():
        return 0, 0
    return round(max(lengths[0], lengths[2])), round(max(lengths[1], lengths[3]))


def _warped(picture: np.ndarray, corners: np.ndarray, width: int, height: int) -> np.ndarray:
    """Straighten the pixels of a quadrilateral; only what is around it is touched, however large the picture."""
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
    high = np.ceil(corners.max(0)).astype(int) + 3
    around = picture[low[1] : high[1], low[0] : high[0]]
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform((corners - low).astype(np.float32), target)
    pixels = cv2.warpPerspective(
        around, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    scale = TALLEST / min(width, height)
    if scale < 1:
        pixels = resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))))
    return pixels


def _pieces(crop: Crop) -> list[Crop]:
    """Cut a crop into equal parts at the emptiest place near to where they should be, where it is too long."""
    height, width = crop.pixels.shape[:2]
    count = int(np.ceil(width / (LONGEST * height)))
    if count == 1:
        return [crop]
    busy = _busy(crop.pixels)
    reach = height * 3
    cuts = [0]
    for number in range(1, count):
        middle = width * number // count
        begin = max(cuts[-1] + 1, middle - reach)
        cuts.append(begin + int(busy[begin : middle + reach].argmin()))
    cuts.append(width)
    return [
        Crop(np.ascontiguousarray(crop.pixels[:, begin:end]), crop.part(begin / width, end / width))
        for begin, end in itertools.pairwise(cuts)
    ]


def _busy(pixels: np.ndarray) -> np.ndarray:
    """How much changes in and around each column, (W,): least between words."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    changes = grey.std(axis=0)
    reach = max(1, pixels.shape[0] // 3)
    return np.asarray(cv2.blur(changes[None], (reach, 1))[0])
