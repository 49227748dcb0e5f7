"""What reading a page gives: blocks of lines of words, each with its text, how sure it is, and where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Quadrilateral = tuple[tuple[float, float], ...]
"""Four corners (x, y) in pixels of the picture, clockwise from the top left as the text is read."""


@dataclass(frozen=True)
class PlacedCharacter:
    """One character.

    Attributes:
        text: The character.
        confidence: The model's probability of it, given those before.
        quadrilateral: Where it stands: the height of its line, and halfway to its neighbours as the attention saw them.
    """

    text: str
    confidence: float
    quadrilateral: Quadrilateral


@dataclass(frozen=True)
class Word:
    """What stands between two spaces.

    Attributes:
        text: The word.
        confidence: The model's probability of exactly this text.
        quadrilateral: Where it stands.
        characters: One by one.
    """

    text: str
    confidence: float
    quadrilateral: Quadrilateral
    characters: tuple[PlacedCharacter, ...]


@dataclass(frozen=True)
class Line:
    """Words that are read one after the other.

    Attributes:
        text: The words with spaces between them.
        confidence: The model's probability of exactly this text.
        quadrilateral: Around all of them.
        words: In the order in which they are read.
    """

    text: str
    confidence: float
    quadrilateral: Quadrilateral
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Block:
    """Lines that stand below each other and belong together.

    Attributes:
        lines: From the first to the last.
        quadrilateral: Around all of them.
    """

    lines: tuple[Line, ...]
    quadrilateral: Quadrilateral

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """The share of its lines that are expected to be exactly right."""
        return _mean([line.confidence for line in self.lines])


@dataclass(frozen=True)
class Page:
    """A photograph or one page of a document, read.

    Attributes:
        name: The file; a page of several is ``scan.pdf#page=3``.
        size: Width and height of the upright picture in pixels.
        blocks: In the order in which they are read; none where there is no text.
        error: Why it could not be read; None if it could.
        reason: The kind of the error, the name of its class.
    """

    name: str
    size: tuple[int, int]
    blocks: tuple[Block, ...]
    error: str | None = None
    reason: str | None = None

    @property
    def text(self) -> str:
        """The blocks, with an empty line between them."""
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def confidence(self) -> float:
        """The share of its lines that are expected to be exactly right; 1 where there are none."""
        return _mean([line.confidence for line in self.lines()])

    def lines(self) -> Iterator[Line]:
        """All lines, in the order in which they are read."""
        for block in self.blocks:
            yield from block.lines

    def words(self) -> Iterator[Word]:
        """All words, in the order in which they are read."""
        for line in self.lines():
            yield from line.words

    def to_dict(self) -> dict[str, Any]:
        """Everything but the characters, for JSON."""
        if self.error is not None:
            return {"name": self.name, "error": self.error}
        return {
            "name": self.name,
            "width": self.size[0],
            "height": self.size[1],
            "text": self.text,
            "confidence": self.confidence,
            "blocks": [
                _told(block) | {"lines": [_told(line) | {"words": [*map(_told, line.words)]} for line in block.lines]}
                for block in self.blocks
            ],
        }


def failed_page(name: str, error: Exception) -> Page:
    """Return the page of something that cannot be read."""
    return Page(name, (0, 0), (), str(error), type(error).__name__)


def as_quadrilateral(corners: np.ndarray) -> Quadrilateral:
    """Corners (4, 2) as plain numbers, to a tenth of a pixel."""
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in corners)


def _told(part: Block | Line | Word) -> dict[str, Any]:
    return {
        "text": part.text,
        "confidence": part.confidence,
        "quadrilateral": [list(each) for each in part.quadrilateral],
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 1.0
