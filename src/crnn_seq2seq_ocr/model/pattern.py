"""Reading within a pattern: a regular expression, or some characters, as an automaton over token ids."""

import functools
import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.model.regular import MOST_POSITIONS, Positions, class_of, compiled, positions_of
from crnn_seq2seq_ocr.text import EOS_ID, SPECIAL_COUNT, UNASSIGNED, Tokenizer

_FAR = np.float32(np.finfo(np.float32).max)


class Pattern:
    """Texts that a regular expression matches whole, of some characters.

    The automaton has S positions: the start, those of the expression, and the end. A state says which of them each
    beginning may have reached. Time and memory grow with S only, whatever the expression.

    Args:
        tokenizer: Gives the ids.
        allow: Characters as within the brackets of a regular expression, such as ``0-9A-F``; None allows all that the
            model knows.
        expression: A regular expression without look-around and references back; None allows any text.
        most_positions: Refuse larger expressions, with their repetitions counted out.

    Attributes:
        follow: float32 (S, S), 1 where a position may come right after another.
        kinds: float32 (S, classes), 1 where a token leads to a position.
        to_end: float32 (S,), fewest tokens from each position to the end.

    Raises:
        DataError: The expression or the characters are no such thing, allow nothing that the model can read, or are
            too large.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        allow: str | None = None,
        expression: str | None = None,
        most_positions: int = MOST_POSITIONS,
    ) -> None:
        characters = _allowed(tokenizer, allow)
        found = _positions(expression, most_positions)
        size = len(found.atoms) + 2
        self.follow = np.zeros((size, size), np.float32)
        self.follow[0, 1:-1] = found.first
        self.follow[1:-1, 1:-1] = found.follow
        self.follow[1:-1, -1] = found.last
        self.follow[0, -1] = found.empty
        self.kinds = np.zeros((size, len(tokenizer)), np.float32)
        self.kinds[-1, EOS_ID] = 1
        matched: dict[str, list[int]] = {}
        for place, atom in enumerate(found.atoms, 1):
            if atom not in matched:
                single = compiled(atom, re.DOTALL if expression is None else 0)
                matched[atom] = [number for character, number in characters.items() if single.fullmatch(character)]
            self.kinds[place, matched[atom]] = 1
        self.to_end = _distances(self.follow, self.kinds)
        told = [f"the pattern {expression}"] if expression is not None else []
        told += [f"the characters {allow}"] if allow is not None else []
        self.description = " of ".join(told) or "all texts"
        """What is allowed, for people."""
        if self.to_end[0] == _FAR:
            raise DataError(f"no text of the model's characters is within {self.description}: see `crnn-ocr models`")

    @property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What an exported network takes to read within it, see `inference.onnx_steps`."""
        return {"first": self.start(1)[0], "follow": self.follow, "kinds": self.kinds, "to_end": self.to_end}

    @property
    def shortest(self) -> int:
        """Characters of the shortest text."""
        return int(self.to_end[0]) - 1

    @functools.cached_property
    def fingerprint(self) -> str:
        """Tells patterns that allow different texts apart; two ways to write one may differ too."""
        return hashlib.sha256(self.follow.tobytes() + self.kinds.tobytes()).hexdigest()[:16]

    def matches(self, ids: Sequence[int]) -> bool:
        """Whether a text of these ids, its end with them, is allowed."""
        state = self.start(1)
        for token in ids:
            state = self.after(state, np.array([token]))
        return bool(state[0, -1])

    def start(self, rows: int) -> NDArray[np.float32]:
        """Return the state (R, S) of so many empty beginnings."""
        state = np.zeros((rows, len(self.follow)), np.float32)
        state[:, 0] = 1
        return state

    def allowed(self, state: NDArray[np.float32], room: int) -> NDArray[np.bool_]:
        """Return which tokens may follow each beginning, (R, classes).

        Only tokens from which some text can still be ended with `room` further tokens are allowed.
        """
        near = (self.to_end <= room).astype(np.float32)
        found: NDArray[np.bool_] = ((state @ self.follow) * near) @ self.kinds > 0
        return found

    def after(self, state: NDArray[np.float32], tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the state after a further token (R,) of each beginning."""
        return (state @ self.follow > 0).astype(np.float32) * self.kinds[:, tokens].T


def _positions(expression: str | None, most: int) -> Positions:
    if expression is None:
        return positions_of(".*")
    try:
        return positions_of(expression, most=most)
    except ValueError as error:
        raise DataError(
            f"the pattern {expression[:200]!r} cannot be used ({error}): take a regular expression without look-around "
            "and references back"
        ) from None


def _allowed(tokenizer: Tokenizer, allow: str | None) -> dict[str, int]:
    """Characters with their ids."""
    known = {
        character: number
        for number, character in enumerate(tokenizer.charset, SPECIAL_COUNT)
        if character != UNASSIGNED
    }
    if allow is None:
        return known
    try:
        chosen = class_of(allow)
    except ValueError as error:
        raise DataError(f"--allow {allow!r} is not what stands in brackets, such as 0-9A-F: {error}") from None
    found = {character: number for character, number in known.items() if chosen.fullmatch(character)}
    if not found:
        raise DataError(f"the model knows none of the characters {allow!r}: see what it was trained on")
    return found


def _distances(follow: NDArray[np.float32], kinds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fewest tokens from every position to the end, which is the last one; `_FAR` where there is no way."""
    distances = np.full(len(follow), _FAR, np.float32)
    distances[-1] = 0
    enters = (kinds.any(1) & (follow > 0)).T  # (S, S): from where each position that a token leads to is reached
    reached = np.zeros(len(follow), bool)
    reached[-1] = True
    for length in range(1, len(follow) + 1):
        reached = enters[reached].any(0) & (distances == _FAR)
        if not reached.any():
            break
        distances[reached] = length
    return distances
