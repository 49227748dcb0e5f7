"""What reading a picture gives: its text, its characters, how sure each is and where it was seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Alternative:
    """What may stand in the place of a character: a text, empty where the whole text may end, and its probability."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Character:
    """One character read.

    Attributes:
        text: The character.
        confidence: The model's probability of it, given those before.
        view: Which view the decoder looked at most, from 0; None where the model mixes views.
        x: Where in the view it looked, 0 left to 1 right (centre of mass of the attention).
        y: The same, 0 top to 1 bottom; 0.5 where the model's memory has no rows.
        alternatives: What else it may be, given the characters before, the likeliest first.
    """

    text: str
    confidence: float
    view: int | None
    x: float
    y: float
    alternatives: tuple[Alternative, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        # Not `asdict`, which copies: 36 microseconds a character instead of 1.4.
        return {
            "text": self.text,
            "confidence": self.confidence,
            "view": self.view,
            "x": self.x,
            "y": self.y,
            "alternatives": [{"text": each.text, "confidence": each.confidence} for each in self.alternatives],
        }


@dataclass(frozen=True)
class Reading:
    """What was read of one text.

    Attributes:
        name: The file or sample.
        text: The text; empty if it could not be read.
        confidence: The model's probability of exactly this text: the product over its characters and its end.
        characters: One by one.
        complete: False where the text was cut at the model's longest.
        attention: float32 (characters, views, rows, columns), where the decoder looked; one view where the
            model mixes them; None with an error.
        views: uint8 (V, H, W, 3), what the model looked at: missing views only where it mixes all of them;
            None with an error.
        allowed: With a constraint: the probability that the network gave to what was allowed, the product over the
            characters and the end of the sum over all tokens allowed there. 1: it would have kept to the constraint
            anyway; near 0: it saw something else. `confidence` divided by it is the probability of this text among
            the allowed ones. None without a constraint.
        error: Why the pictures could not be read; None if they could.
        reason: The kind of the error, the name of its class.
    """

    name: str
    text: str
    confidence: float
    characters: tuple[Character, ...]
    complete: bool = True
    attention: np.ndarray | None = None
    views: np.ndarray | None = None
    allowed: float | None = None
    error: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures, for JSON."""
        content: dict[str, Any] = {"name": self.name}
        if self.error is not None:
            return content | {"error": self.error}
        return content | {
            "text": self.text,
            "confidence": self.confidence,
            **({} if self.allowed is None else {"allowed": self.allowed}),
            "complete": self.complete,
            "characters": [each.to_dict() for each in self.characters],
        }


@dataclass(frozen=True)
class PreparedSample:
    """A sample as the model takes it.

    Attributes:
        name: The file or sample.
        views: uint8 (V, H, W, 3).
        view_mask: bool (V,), False where a view is missing.
    """

    name: str
    views: np.ndarray
    view_mask: np.ndarray

    @property
    def width(self) -> int:
        """Of its views, in pixels: only samples of one width can be read together."""
        return int(self.views.shape[2])


def failed(name: str, error: Exception) -> Reading:
    """Return the reading of something that cannot be read."""
    return Reading(name=name, text="", confidence=0.0, characters=(), error=str(error), reason=type(error).__name__)
