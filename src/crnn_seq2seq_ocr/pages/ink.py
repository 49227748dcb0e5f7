"""Which pixels of a straightened line are text: by them words are told apart, and their boxes fit."""

from dataclasses import dataclass

import cv2
import numpy as np

CONTRAST = 24
"""Grey levels, of 255, between the text and what is around it, at least; less is not told from noise."""

MOST = 0.6
"""Share of a line's pixels that may be text; where more seems to be, it is a picture."""

FILLED = 0.3
"""Share of the fullest row's pixels that the last row above the tails of letters has at least."""


@dataclass(frozen=True)
class Ink:
    """The text of a line, in shares of its width and height.

    Attributes:
        pixels: bool (H, W), where text is.
        runs: (N, 2), the begin and end of each stretch of columns with text in them, from left to right; what hangs
            below the line is not looked at, since it reaches under the letters beside it.
        height: Of all of the text, in widths of the line.
    """

    pixels: np.ndarray
    runs: np.ndarray
    height: float

    @property
    def gaps(self) -> np.ndarray:
        """Begin and end of what is empty between the runs, (N - 1, 2)."""
        return np.stack([self.runs[:-1, 1], self.runs[1:, 0]], axis=1)

    def rows(self, left: float, right: float) -> tuple[float, float]:
        """Find the first and the last row with text between two shares of the width; 0 and 1 where none has."""
        height, width = self.pixels.shape
        part = self.pixels[:, int(left * width) : max(int(left * width) + 1, int(np.ceil(right * width)))]
        found = np.flatnonzero(part.any(axis=1))
        return (found[0] / height, (found[-1] + 1) / height) if len(found) else (0.0, 1.0)


def find_ink(pixels: np.ndarray) -> Ink | None:
    """Find the text in the RGB pixels (H, W, 3) of a line; None where it does not stand out."""
    height, width = pixels.shape[:2]
    if min(height, width) < 4:
        return None
    background = np.median(pixels.reshape(-1, 3), axis=0)
    distance = np.abs(pixels - background).max(axis=2).astype(np.uint8)
    _, mask = cv2.threshold(distance, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if not 0 < mask.mean() <= MOST or distance[mask > 0].mean() - distance[mask == 0].mean() < CONTRAST:
        return None
    ink = _without_rests(mask)
    rows = np.flatnonzero(ink.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(ink[: _baseline(ink)].any(axis=0))
    breaks = np.flatnonzero(np.diff(columns) > 1)
    begin = np.concatenate([columns[:1], columns[breaks + 1]])
    end = np.concatenate([columns[breaks], columns[-1:]]) + 1
    return Ink(ink, np.stack([begin, end], axis=1) / width, float(rows[-1] + 1 - rows[0]) / width)


def _baseline(ink: np.ndarray) -> int:
    """Find the row below which there are only tails of letters."""
    filled = ink.sum(axis=1)
    return int(np.flatnonzero(filled >= FILLED * filled.max())[-1]) + 1


def _without_rests(mask: np.ndarray) -> np.ndarray:
    """Leave out specks, rules, and what reaches in from the lines above and below: bool (H, W)."""
    height = mask.shape[0]
    _, labels, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left_out = np.zeros(len(found), bool)
    left_out[0] = True
    tall, wide, area = found[:, cv2.CC_STAT_HEIGHT], found[:, cv2.CC_STAT_WIDTH], found[:, cv2.CC_STAT_AREA]
    top = found[:, cv2.CC_STAT_TOP]
    at_edge = (top == 0) | (top + tall == height)
    left_out |= area < (0.04 * height) ** 2
    left_out |= at_edge & (tall < 0.2 * height)
    left_out |= (wide > 3 * height) & (tall < 0.12 * height)
    return np.asarray(~left_out[labels])
