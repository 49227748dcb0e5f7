"""Whether what was exported reads as the network in PyTorch does: the same ids and probabilities on drawn pictures.

N batch, V views, L tokens of the longest text, A tokens told of each place.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.data.pictures import decode_picture, resize
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import ExportError
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.text import Tokenizer

TOLERANCE = 1e-4
"""Most that a probability, or a weight of attention, may differ."""

BATCHES = (1, 3)


class Reads(Protocol):
    """The part of a `Backend` that is compared."""

    def read(self, images: np.ndarray, view_mask: np.ndarray) -> Outputs:
        """Read the texts of images uint8 (N, V, H, W, 3) with view_mask (N, V) bool."""


@dataclass(frozen=True)
class Case:
    """A batch of so many texts of so many views of a width."""

    samples: int
    views: int
    width: int


@dataclass(frozen=True)
class Checked:
    """What was compared, and found to be the same.

    Attributes:
        cases: The batches.
        tokens: How many ids.
        probability: Largest difference of a token's probability.
        attention: Largest difference of a weight of attention.
    """

    cases: tuple[Case, ...]
    tokens: int
    probability: float
    attention: float


def check(expected: Reads, found: Reads, description: Description) -> Checked:
    """Compare two backends on drawn pictures: two sizes of the batch, two numbers of views, two widths where they vary.

    Raises:
        ExportError: They differ; the message has the first difference.
    """
    drawn = drawn_pictures(description, count=max(BATCHES))
    cases = tuple(_cases(description))
    tokens, probability, attention = 0, 0.0, 0.0
    for case in cases:
        images, view_mask = _batch(case, drawn, description.preprocessing)
        one, other = expected.read(images, view_mask), found.read(images, view_mask)
        difference = first_difference(one, other, Tokenizer(description.charset))
        if difference is not None:
            raise ExportError(
                f"what was exported reads otherwise than the model in PyTorch. First difference in a batch of "
                f"{case.samples}, {case.views} views, {case.width} pixels wide: {difference}"
            )
        tokens += int(one.lengths.sum())
        probability = max(probability, float(np.abs(np.exp(one.log_probs) - np.exp(other.log_probs)).max()))
        attention = max(attention, float(np.abs(one.attention - other.attention).max()))
    return Checked(cases, tokens, probability, attention)


def first_difference(expected: Outputs, found: Outputs, tokenizer: Tokenizer) -> str | None:
    """Where two outputs differ first, in words; None where they agree."""
    for row, lengths in enumerate(zip(expected.lengths, found.lengths, strict=True)):
        for place in range(min(lengths)):
            both = [_token(each, row, place, tokenizer) for each in (expected, found)]
            ids, probabilities, _ = zip(*both, strict=True)
            weights = np.abs(expected.attention[row, place] - found.attention[row, place]).max()
            if ids[0] != ids[1] or not abs(probabilities[0] - probabilities[1]) <= TOLERANCE:
                return f"token {place + 1} of text {row + 1} is {both[0][2]} in PyTorch, {both[1][2]} in the file"
            others = _likely(expected, row, place) - _likely(found, row, place)
            if not np.abs(others).max() <= TOLERANCE:
                return f"probabilities beside token {place + 1} of text {row + 1} differ by {np.abs(others).max():.2g}"
            if not weights <= TOLERANCE:
                return f"attention of token {place + 1} of text {row + 1} differs by {weights:.2g}"
        if lengths[0] != lengths[1]:
            return f"text {row + 1} has {lengths[0]} tokens in PyTorch, {lengths[1]} in the file"
    return None


def _likely(outputs: Outputs, row: int, place: int) -> np.ndarray:
    """Probabilities (A,) of the likeliest tokens; which they are is not compared, as equal ones have no order."""
    probabilities: np.ndarray = np.exp(outputs.likely_log_probs[row, place])
    return probabilities


def _token(outputs: Outputs, row: int, place: int, tokenizer: Tokenizer) -> tuple[int, float, str]:
    """Id, probability, and both in words."""
    number, probability = int(outputs.tokens[row, place]), float(np.exp(outputs.log_probs[row, place]))
    return number, probability, f"{number} {tokenizer.character(number)!r} with probability {probability:.6f}"


def drawn_pictures(description: Description, *, count: int) -> list[np.ndarray]:
    """Pictures such as the model may be given, RGB (H, W, 3): drawn words where any width will do, else signs."""
    source = open_source(f"{drawn_source(description)}?count={count}&seed=20")
    return [decode_picture(source[place].images[0], name=source.description) for place in range(count)]


def drawn_source(description: Description) -> str:
    """Return the name of drawn pictures such as the model may be given."""
    return "synthetic:words" if description.preprocessing.resize == "fit" else "synthetic:signs"


def _cases(description: Description) -> Iterator[Case]:
    size = description.preprocessing
    together = description.model.encoder.mixes_views  # they need all views
    views = [size.views] if together else [1, size.views]
    widths = [size.width_step, size.width] if size.resize == "fit" else [size.width]
    for samples, count, width in itertools.product(BATCHES, dict.fromkeys(views), dict.fromkeys(widths)):
        yield Case(samples, count, width)


def _batch(case: Case, drawn: list[np.ndarray], size: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, V, H, W, 3) and view_mask (N, V); the last text of several lacks its last view of several."""
    images = np.stack(
        [
            np.stack([resize(np.roll(picture, place, 1), (size.height, case.width)) for place in range(case.views)])
            for picture in drawn[: case.samples]
        ]
    )
    view_mask = np.ones(images.shape[:2], bool)
    if case.samples > 1 and case.views > 1:
        images[-1, -1], view_mask[-1, -1] = 0, False
    return images, view_mask


def to_metadata(checked: Checked) -> dict[str, Any]:
    """For the file's metadata."""
    return {
        "with": "PyTorch, on drawn pictures",
        "cases": [vars(case) for case in checked.cases],
        "tokens": checked.tokens,
        "largest difference of a probability": checked.probability,
        "largest difference of an attention weight": checked.attention,
    }
