"""What cameras and files do to pictures, for augmentation and for drawn pictures: motion blur and compression."""

from collections.abc import Sequence

import cv2
import numpy as np


def compress(view: np.ndarray, quality: int) -> np.ndarray:
    """Return RGB pixels, uint8 (H, W, 3), as a JPEG file of a quality from 1 to 100 keeps them."""
    # OpenCV's order of colours is the other one; JPEG needs it right for its chroma.
    done, data = cv2.imencode(".jpg", cv2.cvtColor(view, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "a view is never too large for a JPEG file"
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    assert decoded is not None, "what was just encoded can be decoded"
    return decoded


def move(view: np.ndarray, length: float, angle: float, *, half: int) -> np.ndarray:
    """Blur RGB pixels along a line, as a camera does that moves.

    Args:
        view: uint8 (H, W, 3).
        length: Of the line in pixels; its ends lie on sixteenths of a pixel.
        angle: Of the line, in radians.
        half: The kernel has 2 * half + 1 pixels a side; the line must fit into it.
    """
    along = np.array((np.cos(angle), np.sin(angle))) * length / 2
    first, last = (np.round((half + sign * along) * 16).astype(int).tolist() for sign in (-1, 1))
    return blur_along(view, first, last, side=2 * half + 1, shift=4)


def blur_along(
    view: np.ndarray,
    first: Sequence[int],
    last: Sequence[int],
    *,
    side: int,
    shift: int = 0,
    border: int = cv2.BORDER_DEFAULT,
) -> np.ndarray:
    """Blur RGB pixels by a kernel that is a line.

    Args:
        view: uint8 (H, W, 3).
        first: An end of the line in the kernel, (x, y).
        last: The other end.
        side: Of the kernel, in pixels.
        shift: The ends are given in parts of a pixel: 2 to the power of this.
        border: What is beyond the edge of the view, as OpenCV names it.
    """
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, first, last, 1.0, 1, cv2.LINE_8, shift)
    return cv2.filter2D(view, -1, kernel / kernel.sum(), borderType=border)
