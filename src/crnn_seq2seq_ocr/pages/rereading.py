"""What of a straightened line the reader sees: close to its text first, in other ways too where that was unsure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from crnn_seq2seq_ocr.data.pictures import resize
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.pages.assemble import Piece
from crnn_seq2seq_ocr.pages.crops import Crop
from crnn_seq2seq_ocr.pages.ink import Ink, find_ink

ABOVE = 0.1
"""Room above and below the text, in its heights: a detector leaves more, and the reader shrinks all to one height."""

LOWEST = 0.7
"""Share of a crop's height that is kept at least: of a dash alone, only how low it is tells what it is."""

WIDER = 1.15
"""How many times as wide an unsure line is shown once more."""

UNSURE = math.log(0.97)
"""The mean log-probability of a character below which a line is read in the other ways too."""

ENDLESS = -1.0
"""Added where a reading has no end: of many dots or dashes a reader may go on for as long as it can."""

ReadPixels = Callable[[list[np.ndarray]], list[tuple[Reading, float]]]
"""Reads lines, and says which share of the width of what the model looked at each took up."""


def close_up(crop: Crop, ink: Ink | None) -> np.ndarray:
    """Return the rows of a crop (H, W, 3) with text in them and a little room; all where text was not told apart."""
    if ink is None:
        return crop.pixels
    height = crop.pixels.shape[0]
    rows = np.flatnonzero(ink.pixels.any(axis=1))
    low, high = float(rows[0]), float(rows[-1] + 1)
    room = max((high - low) * ABOVE, (LOWEST * height - (high - low)) / 2)
    return crop.pixels[max(0, round(low - room)) : min(height, round(high + room))]


def read_close(crops: Sequence[Crop], read: ReadPixels) -> list[Piece | None]:
    """Read crops close to their text; None where nothing was read.

    Args:
        crops: Of one line each.
        read: Reads pixels of lines.
    """
    inks = [find_ink(crop.pixels) for crop in crops]
    seen = read([close_up(crop, ink) for crop, ink in zip(crops, inks, strict=True)])
    return [
        Piece(crop.corners, reading, covered, ink) if reading.text.strip() else None
        for crop, ink, (reading, covered) in zip(crops, inks, seen, strict=True)
    ]


def read_again(lines: Sequence[tuple[Crop, Piece | None]], read: ReadPixels) -> list[Piece | None]:
    """Read unsure lines in other ways, and keep the surest reading of each.

    Args:
        lines: Crops, the right way up, and what was read of them.
        read: Reads pixels of lines.
    """
    pieces = [piece for _, piece in lines]
    for way in (_wider, _whole):
        unsure = [
            (place, crop, piece)
            for place, ((crop, _), piece) in enumerate(zip(lines, pieces, strict=True))
            if piece is not None and sureness(piece.reading) < UNSURE
        ]
        seen = read([way(crop, piece.ink) for _, crop, piece in unsure])
        for (place, _, piece), (reading, covered) in zip(unsure, seen, strict=True):
            if reading.text.strip() and sureness(reading) > sureness(piece.reading):
                pieces[place] = replace(piece, reading=reading, covered=covered)
    return pieces


def sureness(reading: Reading) -> float:
    """Compute the mean log-probability of the characters and the end, by which texts of all lengths compare."""
    without_end = 0.0 if reading.complete else ENDLESS
    return math.log(max(reading.confidence, 1e-300)) / (len(reading.characters) + 1) + without_end


def _wider(crop: Crop, ink: Ink | None) -> np.ndarray:
    pixels = close_up(crop, ink)
    height, width = pixels.shape[:2]
    return resize(pixels, (height, round(width * WIDER)))


def _whole(crop: Crop, ink: Ink | None) -> np.ndarray:
    return crop.pixels
