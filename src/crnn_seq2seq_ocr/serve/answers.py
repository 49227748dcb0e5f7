"""From readings to what clients get."""

import base64
from dataclasses import asdict

import numpy as np

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.serve.pictures import regions
from crnn_seq2seq_ocr.serve.problems import Problem
from crnn_seq2seq_ocr.serve.requests import Text
from crnn_seq2seq_ocr.serve.schemas import Detail, ReadAttention, ReadCharacter, ReadRegion, ReadText


def answer(text: Text, reading: Reading, detail: Detail, preprocessing: Preprocessing) -> ReadText:
    """Answer with a reading in as much detail as was asked for.

    Raises:
        Problem: 422, the pictures could not be decoded.
    """
    if reading.error is not None:
        raise Problem(422, "picture_unreadable", reading.error)
    return ReadText(
        name=text.name,
        text=reading.text,
        confidence=reading.confidence,
        allowed=reading.allowed,
        complete=reading.complete,
        characters=None if detail == "text" else _characters(reading),
        attention=_attention(text, reading, preprocessing) if detail == "attention" else None,
    )


def _characters(reading: Reading) -> list[ReadCharacter]:
    return [ReadCharacter.model_validate(each) for each in reading.characters]


def _attention(text: Text, reading: Reading, preprocessing: Preprocessing) -> ReadAttention | None:
    if reading.attention is None:
        return None
    weights = reading.attention  # (L, V, rows, columns)
    brightest = weights.max(axis=(1, 2, 3), keepdims=True).clip(1e-12)
    grids = np.rint(255 * weights / brightest).clip(0, 255).astype(np.uint8)
    seen = regions(text.pictures, preprocessing)
    _, views, rows, columns = weights.shape
    return ReadAttention(
        rows=rows,
        columns=columns,
        views=views,
        grids=[base64.b64encode(grid.tobytes()).decode("ascii") for grid in grids],
        regions=[ReadRegion(**asdict(each)) for each in (seen if views == 1 else seen[:views])],
    )
