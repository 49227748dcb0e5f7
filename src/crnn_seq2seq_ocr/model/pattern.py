"""Reading within a pattern: a regular expression, or some characters, as a graph over token ids."""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.text import EOS_ID, SPECIAL_COUNT, UNASSIGNED, Tokenizer

MOST_CELLS = 20_000_000
"""Nodes times tokens: 80 MB."""

_FAR = np.iinfo(np.int32).max


class Pattern:
    """Texts that a regular expression matches whole, of some characters.

    The expression becomes an automaton once (package outlines-core, extra ``[pattern]``); what is allowed after a
    beginning is then one row of a table, whatever the expression.

    Args:
        tokenizer: Gives the ids.
        allow: Characters as within the brackets of a regular expression, such as ``0-9A-F``; None allows all that the
            model knows.
        expression: A regular expression without look-around and references back; None allows any text.

    Raises:
        DataError: The expression or the characters are no such thing, allow nothing that the model can read, or are
            too large.
        DependencyError: An expression needs outlines-core.
    """

    def __init__(self, tokenizer: Tokenizer, *, allow: str | None = None, expression: str | None = None) -> None:
        characters = _allowed(tokenizer, allow)
        if expression is None:
            moves = [{number: 1 for number in characters.values()} | {EOS_ID: 2}] * 2 + [{}]
        else:
            moves = _moves(expression, characters)
        if len(moves) * len(tokenizer) > MOST_CELLS:
            raise DataError(f"the pattern {expression!r} has {len(moves):,} states, too many: allow fewer repetitions")
        self._next = np.zeros((len(moves), len(tokenizer)), np.int32)
        for node, each in enumerate(moves):
            self._next[node, list(each)] = list(each.values())
        self._to_end = _distances(self._next)
        rules = [f"the pattern {expression}"] if expression is not None else []
        rules += [f"the characters {allow}"] if allow is not None else []
        self.description = " of ".join(rules) or "all texts"
        """What is allowed, for people."""
        if self._to_end[0] == _FAR:
            raise DataError(f"no text of the model's characters is within {self.description}: see `crnn-ocr models`")

    @property
    def shortest(self) -> int:
        """Characters of the shortest text."""
        return int(self._to_end[0]) - 1

    @property
    def fingerprint(self) -> str:
        """Tells patterns that allow different texts apart; two ways to write one may differ too."""
        return hashlib.sha256(self._next.tobytes()).hexdigest()[:16]

    def children(self, nodes: NDArray[np.int64], room: int) -> NDArray[np.int64]:
        """(R, classes) nodes that each token leads to from nodes (R,), 0 where it is not allowed.

        Only tokens from which some text can still be ended with `room` further tokens are allowed.
        """
        children = self._next[nodes].astype(np.int64)
        return np.where(self._to_end[children] <= room, children, 0)


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
        chosen = re.compile(f"[{allow}]")
    except re.error as error:
        raise DataError(f"--allow {allow!r} is not what stands in brackets, such as 0-9A-F: {error}") from None
    ids = {character: number for character, number in known.items() if chosen.fullmatch(character)}
    if not ids:
        raise DataError(f"the model knows none of the characters {allow!r}: see what it was trained on")
    return ids


def _moves(expression: str, characters: dict[str, int]) -> list[dict[int, int]]:
    """Of every node the node that each token leads to; node 0 is the root, the last one the end."""
    with needing("a pattern"):
        from outlines_core import Index, Vocabulary
    # Ids of their own: the library keeps the end apart from all characters.
    end = max(characters.values()) + 1
    try:
        index = Index(expression, Vocabulary(end, {character: [number] for character, number in characters.items()}))
    except Exception as error:  # ValueError, and classes of its own
        raise DataError(
            f"the pattern {expression!r} cannot be used ({error}): take a regular expression without look-around and "
            "references back, of characters that the model knows"
        ) from None
    transitions, finals = index.get_transitions(), index.get_final_states()
    start = index.get_initial_state()
    states = sorted({start, *finals, *transitions, *(to for each in transitions.values() for to in each.values())})
    nodes = {state: number for number, state in enumerate(states, 1)}
    last = len(states) + 1

    def of(state: int) -> dict[int, int]:
        """Return the moves from a state."""
        children = {token: nodes[to] for token, to in transitions.get(state, {}).items() if token != end}
        return children | ({EOS_ID: last} if state in finals else {})

    return [of(start), *map(of, states), {}]


def _distances(following: NDArray[np.int32]) -> NDArray[np.int32]:
    """Fewest tokens from every node to the end, which is the last node; `_FAR` where there is no way."""
    distances = np.full(len(following), _FAR, np.int32)
    distances[-1] = 0
    for length in range(1, len(following) + 1):
        reached = np.isin(following, np.flatnonzero(distances == length - 1)) & (following > 0)
        fresh = reached.any(1) & (distances == _FAR)
        if not fresh.any():
            break
        distances[fresh] = length
    return distances
