"""From what was read of each piece to a page: words, lines, blocks, and where each character stands."""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from crnn_seq2seq_ocr.inference.readings import Character, Reading
from crnn_seq2seq_ocr.pages.crops import between, within
from crnn_seq2seq_ocr.pages.ink import Ink
from crnn_seq2seq_ocr.pages.order import arrange, direction
from crnn_seq2seq_ocr.pages.splitting import WordPart, split
from crnn_seq2seq_ocr.pages.values import Block, Line, Page, PlacedCharacter, Word, as_quadrilateral
from crnn_seq2seq_ocr.text import normalize


@dataclass(frozen=True)
class Piece:
    """A crop that was read.

    Attributes:
        corners: (4, 2), where it stands, clockwise from the top left of its text.
        reading: What it says.
        covered: Which share of the width of what the model looked at is the crop; the rest is filling.
        ink: Its text in pixels; None where it was not told from the background.
    """

    corners: np.ndarray
    reading: Reading
    covered: float
    ink: Ink | None = None


def assemble(name: str, size: tuple[int, int], pieces: list[Piece]) -> Page:
    """Assemble a page of all that was read of it.

    Args:
        name: The file.
        size: Width and height of the picture in pixels.
        pieces: In any order.
    """
    if not pieces:
        return Page(name, size, ())
    corners = np.stack([piece.corners for piece in pieces])
    angle = direction(corners)
    words = [_words(piece) for piece in pieces]
    blocks = []
    for lines in arrange(corners, [piece.reading.text for piece in pieces]):
        done = tuple(_line([pieces[place] for place in line], [words[place] for place in line]) for line in lines)
        around = np.concatenate([pieces[place].corners for line in lines for place in line])
        blocks.append(Block(done, as_quadrilateral(_around(around, angle))))
    return Page(name, size, tuple(blocks))


def _line(pieces: list[Piece], words: list[list[Word]]) -> Line:
    if len(pieces) == 1:
        corners = pieces[0].corners
    else:
        all_corners = np.stack([piece.corners for piece in pieces])
        corners = _around(all_corners.reshape(-1, 2), direction(all_corners))
    inside = tuple(word for each in words for word in each)
    return Line(
        text=" ".join(word.text for word in inside),
        confidence=prod(piece.reading.confidence for piece in pieces),
        quadrilateral=as_quadrilateral(corners),
        words=inside,
    )


def _words(piece: Piece) -> list[Word]:
    """Cut a piece into words at its spaces."""
    edges = _edges(piece.reading.characters, piece.covered)
    found = split(piece.reading.characters, edges, piece.ink)
    return [word for each in found if (word := _word(piece, each)) is not None]


def _word(piece: Piece, part: WordPart) -> Word | None:
    text = normalize("".join(each.text for each in part.characters))
    if not text:
        return None
    left, right = part.edges[0], part.edges[-1]
    rows = (0.0, 1.0) if piece.ink is None else piece.ink.rows(left, right)
    return Word(
        text=text,
        confidence=prod(each.confidence for each in part.characters),
        quadrilateral=as_quadrilateral(within(between(piece.corners, left, right), *rows)),
        characters=tuple(
            PlacedCharacter(each.text, each.confidence, as_quadrilateral(within(between(piece.corners, *at), *rows)))
            for each, at in zip(part.characters, pairwise(part.edges), strict=True)
        ),
    )


def _edges(characters: tuple[Character, ...], covered: float) -> np.ndarray:
    """Where each character begins, and the last ends, as shares of the width of the crop: (characters + 1,).

    Characters are as wide as it is to their neighbours; attention that went back does not turn the order round.
    """
    centres = np.maximum.accumulate(np.array([each.x for each in characters]) / covered).clip(0, 1)
    between_them = (centres[:-1] + centres[1:]) / 2
    half = float(np.median(np.diff(centres))) / 2 if len(centres) > 1 else 0.5
    first, last = max(0.0, centres[0] - half), min(1.0, centres[-1] + half)
    return np.concatenate([[first], between_them, [last]])


def _around(points: np.ndarray, angle: float) -> np.ndarray:
    """Compute the corners (4, 2) of the smallest box around points that is turned by an angle."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = points @ turn
    (left, top), (right, bottom) = turned.min(0), turned.max(0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return np.asarray(corners @ turn.T)
