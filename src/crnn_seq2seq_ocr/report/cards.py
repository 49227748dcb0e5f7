"""Samples as the cards of an HTML page show them: pictures, texts with their differences, attention."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from crnn_seq2seq_ocr.metrics import strict
from crnn_seq2seq_ocr.report.attention import confidence_level
from crnn_seq2seq_ocr.report.content import SampleCard
from crnn_seq2seq_ocr.text import normalize, plain

_JPEG_QUALITY = 85
_LARGEST = 1200  # pixels; a longer side is scaled down, so that pages stay light


@dataclass(frozen=True, slots=True)
class Image:
    """A picture within the page; its size is the picture's own, whatever the file's."""

    address: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Character:
    """A character of a text: classes of the stylesheet, empty where it is neither wrong nor unsure."""

    text: str
    classes: str
    probability: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A sample as ``cards.html`` shows it.

    Attributes:
        name: Of the sample.
        confidence: Of the whole text.
        right: Whether the text is right; None where that is not known.
        overview: The picture with the way of the attention.
        picture: The picture alone.
        texts: The true text, where it is known, and the one read.
        heat_maps: For each character its attention, itself and its probability.
    """

    name: str
    confidence: float
    right: bool | None
    overview: Image | None
    picture: Image | None
    texts: tuple[tuple[str, tuple[Character, ...]], ...]
    heat_maps: tuple[tuple[Image, str, float], ...]


def shown(sample: SampleCard) -> Shown:
    """Make what is shown of a sample."""
    return Shown(
        name=sample.name,
        confidence=sample.confidence,
        right=strict(sample.reference) == strict(sample.prediction) if sample.reference is not None else None,
        overview=None if sample.overview is None else _image(sample.overview),
        picture=None if sample.picture is None else _image(sample.picture),
        texts=_texts(sample),
        heat_maps=tuple(
            (_image(heat_map), character, probability)
            for heat_map, (character, probability) in zip(sample.heat_maps, sample.characters, strict=True)
        )
        if sample.heat_maps
        else (),
    )


def data_uri(picture: np.ndarray) -> str:
    """RGB pixels (H, W, 3) as a ``data:`` address holding a JPEG."""
    scale = min(1.0, _LARGEST / max(picture.shape[:2]))
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def differing(reference: str, prediction: str) -> tuple[set[int], set[int]]:
    """Places in the reference that were missed or misread, and places in the prediction that are wrong.

    Both texts are compared in NFC with typographic variants made plain, so places count NFC characters.
    """
    missed, wrong = set(), set()
    for operation in Levenshtein.editops(plain(normalize(reference)), plain(normalize(prediction))):
        if operation.tag != "insert":
            missed.add(operation.src_pos)
        if operation.tag != "delete":
            wrong.add(operation.dest_pos)
    return missed, wrong


def _texts(sample: SampleCard) -> tuple[tuple[str, tuple[Character, ...]], ...]:
    probabilities = _probabilities(sample)
    if sample.reference is None:
        return (("read", _characters(normalize(sample.prediction), set(), "wrong", probabilities)),)
    missed, wrong = differing(sample.reference, sample.prediction)
    return (
        ("true", _characters(normalize(sample.reference), missed, "missed", None)),
        ("read", _characters(normalize(sample.prediction), wrong, "wrong", probabilities)),
    )


def _characters(text: str, marked: set[int], mark: str, probabilities: list[float] | None) -> tuple[Character, ...]:
    return tuple(
        _character(character, mark if place in marked else "", probabilities[place] if probabilities else None)
        for place, character in enumerate(text)
    )


def _character(character: str, mark: str, probability: float | None) -> Character:
    text = "␣" if mark and character.isspace() else character
    classes = " ".join(filter(None, [mark, "" if probability is None else confidence_level(probability)]))
    return Character(text, classes, probability)


def _probabilities(sample: SampleCard) -> list[float] | None:
    """Return one probability per character of the prediction, if the sample tells them."""
    if "".join(character for character, _ in sample.characters) != normalize(sample.prediction):
        return None
    return [probability for character, probability in sample.characters for _ in character]


def _image(picture: np.ndarray) -> Image:
    return Image(data_uri(picture), picture.shape[1], picture.shape[0])
