"""Samples as cards of the HTML page: picture, texts with their differences, attention."""

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from crnn_seq2seq_ocr.metrics import strict
from crnn_seq2seq_ocr.report.attention import confidence_level
from crnn_seq2seq_ocr.report.content import CardSection, SampleCard
from crnn_seq2seq_ocr.text import normalize, plain

_JPEG_QUALITY = 85
_LARGEST = 1200  # pixels; a longer side is scaled down, so that pages stay light


def cards(section: CardSection) -> str:
    """Return the cards of a section."""
    if not section.cards:
        return '<p class="empty">None.</p>'
    return f'<div class="cards">{"".join(map(card, section.cards))}</div>'


def card(sample: SampleCard) -> str:
    """One sample."""
    level = confidence_level(sample.confidence)
    return (
        '<article class="card">'
        f"<header>{_verdict(sample)}<code>{escape(sample.name)}</code>"
        f'<span class="confidence {level}" title="confidence of the whole text">{sample.confidence:.1%}</span></header>'
        f"{_picture(sample)}{_texts(sample)}{_heat_maps(sample)}</article>"
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


def _verdict(sample: SampleCard) -> str:
    if sample.reference is None:
        return ""
    if strict(sample.reference) == strict(sample.prediction):
        return '<span class="verdict right">✓ right</span>'
    return '<span class="verdict wrong">✗ wrong</span>'


def _texts(sample: SampleCard) -> str:
    missed, wrong = (set(), set()) if sample.reference is None else differing(sample.reference, sample.prediction)
    probabilities = _probabilities(sample)
    rows = [_text_row("read", normalize(sample.prediction), wrong, "wrong", probabilities)]
    if sample.reference is not None:
        rows.insert(0, _text_row("true", normalize(sample.reference), missed, "missed", None))
    return f'<dl class="texts">{"".join(rows)}</dl>'


def _text_row(name: str, text: str, marked: set[int], mark: str, probabilities: Sequence[float] | None) -> str:
    characters = [
        _character(character, mark if place in marked else "", probabilities[place] if probabilities else None)
        for place, character in enumerate(text)
    ]
    shown = "".join(characters) or '<span class="empty">nothing</span>'
    return f"<dt>{name}</dt><dd>{shown}</dd>"


def _character(character: str, mark: str, probability: float | None) -> str:
    shown = escape("␣" if mark and character.isspace() else character)
    classes = " ".join(filter(None, [mark, "" if probability is None else confidence_level(probability)]))
    title = "" if probability is None else f' title="{probability:.1%}"'
    return f'<span class="{classes}"{title}>{shown}</span>' if classes else shown


def _probabilities(sample: SampleCard) -> list[float] | None:
    """One probability per character of the prediction, if the sample tells them."""
    if "".join(character for character, _ in sample.characters) != normalize(sample.prediction):
        return None
    return [probability for character, probability in sample.characters for _ in character]


def _picture(sample: SampleCard) -> str:
    """Show the way of the attention where there is one, else the picture itself."""
    chosen = sample.picture if sample.overview is None else sample.overview
    if chosen is None:
        return ""
    what = "picture" if sample.overview is None else "picture with the way of the attention"
    image = _image(chosen, f"{what} of {sample.name}")
    if sample.picture is None or sample.overview is None:
        return image
    return f"{image}<details><summary>the picture alone</summary>{_image(sample.picture, sample.name)}</details>"


def _heat_maps(sample: SampleCard) -> str:
    if not sample.heat_maps:
        return ""
    figures = [
        f"<figure>{_image(heat_map, f'attention for {character}')}<figcaption><b>{escape(_visible(character))}</b>"
        f'<span class="{confidence_level(probability)}">{probability:.1%}</span></figcaption></figure>'
        for heat_map, (character, probability) in zip(sample.heat_maps, sample.characters, strict=True)
    ]
    return f'<details><summary>character by character</summary><div class="maps">{"".join(figures)}</div></details>'


def _image(picture: np.ndarray, description: str) -> str:
    height, width = picture.shape[:2]
    return (
        f'<img src="{data_uri(picture)}" width="{width}" height="{height}" alt="{escape(description)}" loading="lazy">'
    )


def _visible(character: str) -> str:
    return "␣" if character.isspace() else character
