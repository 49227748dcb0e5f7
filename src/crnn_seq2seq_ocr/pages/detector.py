"""Where text is in a picture: what a detector must be able to do, and the one that comes with the extra [find]."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from crnn_seq2seq_ocr.errors import DependencyError
from crnn_seq2seq_ocr.system.dependencies import needing

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BOXES = 4096
"""More than this is texture, not text: a page of a newspaper has about 1,500 lines."""

NARROWEST = 1 / 60
"""Pictures narrower than this share of their length hold no text that could be found."""

_WEIGHTS = "PP-OCRv6_det_small.onnx"


class Detector(Protocol):
    """Finds text: any object with this method will do."""

    def find(self, picture: np.ndarray) -> "Sequence[np.ndarray] | np.ndarray":
        """Find the quadrilaterals around words or lines, in any order.

        Args:
            picture: RGB uint8 (H, W, 3).

        Returns:
            Corners (x, y) in pixels, each (4, 2), clockwise from the top left.
        """
        ...


class RapidDetector:
    """The detector PP-OCRv6 small as the package ``rapidocr`` brings it; nothing is downloaded.

    Args:
        side: The longer side, in pixels, that larger pictures are shrunk to. More finds smaller text and takes longer.
        threads: That it computes with; None takes all cores.

    Raises:
        DependencyError: The package is not installed, or holds no weights.
        ValueError: A setting is out of range.
    """

    def __init__(self, *, side: int = 960, threads: int | None = None) -> None:
        if not 32 <= side <= 8192:
            raise ValueError(f"side is 32 to 8192 pixels, not {side}")
        with needing("finding text"):
            from rapidocr import RapidOCR
        self.side = side
        self._find = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_rec": False,
                "Global.max_side_len": max(side, 2000),
                "Det.limit_type": "max",
                "Det.limit_side_len": side,
                "Det.max_candidates": MOST_BOXES,
                # The file is named, and so never looked for elsewhere.
                "Det.model_path": str(_weights()),
                "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
            }
        )

    def find(self, picture: np.ndarray) -> np.ndarray:
        """See `Detector`: an array (N, 4, 2)."""
        height, width = picture.shape[:2]
        if min(height, width) < NARROWEST * max(height, width):
            return np.zeros((0, 4, 2), np.float32)
        found = self._find(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), use_det=True, use_cls=False, use_rec=False)
        boxes = getattr(found, "boxes", None)
        return np.zeros((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32).reshape(-1, 4, 2)


def _weights() -> Path:
    """Return the file within the package.

    Raises:
        DependencyError: It is not there.
    """
    package = importlib.util.find_spec("rapidocr")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "models" / _WEIGHTS
    if not path.is_file():
        raise DependencyError(
            f"the package rapidocr that is installed has no {_WEIGHTS}: pip install --upgrade 'crnn-seq2seq-ocr[find]'"
        )
    return path
