"""Readers whose texts are compared: our models, and the recogniser that another package brings."""

import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.errors import DataError, DependencyError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.text import normalize

RAPIDOCR = "rapidocr"
"""The name by which the recogniser PP-OCRv6 small of the package ``rapidocr`` is asked for."""

_WEIGHTS = "PP-OCRv6_rec_small.onnx"


class Guess(NamedTuple):
    """What a reader says of a picture: its text and how sure it is, 0 to 1; or why it could not read it."""

    text: str
    confidence: float
    error: str | None = None


class CropReader(Protocol):
    """Reads pictures of one text."""

    def read(self, paths: Iterable[Path]) -> Iterator[Guess]:
        """One guess for each picture, in order."""
        ...


def load_crop_reader(name: str) -> CropReader:
    """Load a reader by name: ``rapidocr``, a released model, a model folder, or an ``.onnx`` file.

    Raises:
        CheckpointError: There is no such model.
        DependencyError: A package is not installed.
    """
    return _RapidRecognizer() if name == RAPIDOCR else _OwnModel(Reader.load(name))


class _OwnModel:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, paths: Iterable[Path]) -> Iterator[Guess]:
        for reading in self._reader.read_stream(paths):
            yield Guess(reading.text, reading.confidence, reading.error)


class _RapidRecognizer:
    """PP-OCRv6 small.

    It gives the mean of its characters' probabilities, which says little of a long line: of 50 characters that are each
    98 % sure, one is most likely wrong. The confidence here is that mean for every character of the text multiplied.
    """

    def __init__(self) -> None:
        with needing(f"the reader {RAPIDOCR}"):
            from rapidocr import RapidOCR
        package = importlib.util.find_spec(RAPIDOCR)
        assert package is not None
        assert package.origin is not None
        weights = Path(package.origin).parent / "models" / _WEIGHTS
        if not weights.is_file():
            raise DependencyError(f"the package {RAPIDOCR} that is installed has no {_WEIGHTS}: upgrade it")
        self._recognize = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_det": False,
                "Global.use_cls": False,
                # The file is named, and so never looked for elsewhere.
                "Rec.model_path": str(weights),
            }
        )

    def read(self, paths: Iterable[Path]) -> Iterator[Guess]:
        for path in paths:
            try:
                picture = decode_picture(read_ordinary(path), name=str(path))
            except (DataError, OSError) as error:
                yield Guess("", 0.0, str(error))
                continue
            yield self._guess(picture)

    def _guess(self, picture: np.ndarray) -> Guess:
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        found = self._recognize(bgr, use_det=False, use_cls=False, use_rec=True)
        texts, scores = getattr(found, "txts", None), getattr(found, "scores", None)
        if not texts or not scores:
            return Guess("", 0.0)
        text = normalize(texts[0].strip())
        return Guess(text, float(scores[0]) ** max(1, len(text)))
