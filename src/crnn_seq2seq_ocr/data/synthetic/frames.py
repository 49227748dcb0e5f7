"""Frames of plates: their outline and the border painted along it."""

import bisect
from dataclasses import dataclass

import cv2
import numpy as np

_STYLES = ("none", "round", "notched", "cut", "plain")
_STYLE_LIMITS = (0.12, 0.45, 0.75, 0.90)


@dataclass(frozen=True, slots=True)
class Frame:
    """Outline and border of a plate; lengths in its pixels."""

    bend: float
    """Radius of the outline's corners."""
    style: str
    """``round``, ``notched``, ``cut`` or ``plain`` corners of the border, or ``none``: no border."""
    inset: float
    """From the outline to the middle of the border."""
    thick: int
    """Width of the border; 0 where there is none."""
    reach: float
    """Size of the border's corners."""
    double: bool
    """Whether a thin second line runs inside the border."""

    def outline(self, height: int, width: int = 256) -> np.ndarray:
        """Where the plate is, uint8 (height, width)."""
        shape = np.zeros((height, width), np.uint8)
        cv2.fillPoly(shape, [frame_path(width, height, 1.0, self.bend, "round")], 255, cv2.LINE_AA, 3)
        return shape

    def draw(self, ink: np.ndarray) -> None:
        """Paints the border into the ink (height, width)."""
        if self.style == "none":
            return
        height, width = ink.shape
        path = frame_path(width, height, self.inset, self.reach, self.style)
        cv2.polylines(ink, [path], True, 255, self.thick, cv2.LINE_AA, 3)
        if self.double:
            path = frame_path(width, height, self.inset + self.thick + 1, self.reach, self.style)
            cv2.polylines(ink, [path], True, 255, 1, cv2.LINE_AA, 3)


def draw_frame(rng: np.random.Generator) -> Frame:
    """One of the frames that plates have."""
    bend = float(rng.uniform(2, 20)) if rng.random() < 0.6 else 1.0
    style = _STYLES[bisect.bisect_right(_STYLE_LIMITS, rng.random())]
    if style == "none":
        return Frame(bend, style, inset=0.0, thick=0, reach=0.0, double=False)
    inset, thick = float(rng.uniform(4, 12)), int(rng.integers(2, 6))
    if rng.random() < 0.12:
        inset, thick = 3.0, 7
    corner = float(rng.uniform(8, 20)) if style in {"notched", "cut"} else max(2.0, bend - inset / 2)
    return Frame(bend, style, inset, thick, reach=corner, double=rng.random() < 0.08)


def frame_path(width: int, height: int, inset: float, corner: float, style: str) -> np.ndarray:
    """Outline of a frame as points int32 (n, 1, 2) in eighths of a pixel.

    ``round`` corners bulge, ``notched`` ones are hollow, ``cut`` ones straight, ``plain`` ones square.
    """
    left, top, right, bottom = inset, inset, width - 1 - inset, height - 1 - inset
    corner = min(corner, (right - left) / 3, (bottom - top) / 3)
    angles = np.linspace(0, np.pi / 2, 7)
    points = []
    for x, y, turn in ((left, top, 0), (right, top, 1), (right, bottom, 2), (left, bottom, 3)):
        along = angles + turn * np.pi / 2
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
