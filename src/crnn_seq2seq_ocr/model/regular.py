r"""Regular expressions as position automata, whose size is that of the expression and never more.

A position is one place of the expression that matches one character. Which positions may follow which is a matrix;
several positions may be reached at once, so nothing is made deterministic: an expression such as ``[01]*1[01]{20}``,
whose deterministic automaton has two million states, has 23 positions.

Source: V. M. Glushkov, The abstract theory of automata, 1961; the construction by first, last and follow is as in
G. Berry and R. Sethi, From regular expressions to deterministic automata, 1986.
"""

import re
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_POSITIONS = 1000
"""Of one expression, repetitions counted out: a matrix of 4 MB."""

MOST_CHARACTERS = 1000
"""Of one expression."""

DEEPEST = 50
"""So many groups within each other."""

_REPEATED = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_CLASSES = frozenset("dDwWsSnrtfva")
_LENGTHS = {"x": 2, "u": 4, "U": 8}


class Positions(NamedTuple):
    """The automaton of an expression of P positions.

    Attributes:
        atoms: What each position matches, an expression of one character.
        first: bool (P,), where a text may begin.
        last: bool (P,), where it may end.
        follow: bool (P, P), which may come right after which.
        empty: Whether the empty text matches.
    """

    atoms: list[str]
    first: NDArray[np.bool_]
    last: NDArray[np.bool_]
    follow: NDArray[np.bool_]
    empty: bool


def positions_of(expression: str, *, most: int = MOST_POSITIONS) -> Positions:
    """Build the automaton of a regular expression in Python's syntax, of which a whole text is to match.

    Args:
        expression: Without look-around, references back, flags and word boundaries.
        most: Refuse more positions.

    Raises:
        ValueError: It is none, uses what is not regular, or has too many positions; the message says which.
    """
    if len(expression) > MOST_CHARACTERS:
        raise ValueError(f"it has {len(expression):,} characters, {MOST_CHARACTERS:,} are read")
    compiled(expression)
    tree = _Parser(expression).parse()
    count = tree.size()
    if count > most:
        raise ValueError(f"it has {count:,} positions with its repetitions counted out, at most {most:,} are allowed")
    builder = _Builder(count)
    part = tree.build(builder)
    return Positions(builder.atoms, part.first, part.last, builder.follow, part.empty)


def compiled(expression: str, flags: int = 0) -> "re.Pattern[str]":
    """Compile an expression of somebody else.

    Raises:
        ValueError: It is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what [ within brackets may mean one day
            return re.compile(expression, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def class_of(characters: str) -> "re.Pattern[str]":
    """Compile what stands within the brackets of one class, such as ``0-9A-F``.

    Raises:
        ValueError: It is none, or leaves the brackets: what stood behind them could take any time.
    """
    expression = f"[{characters}]"
    found = compiled(expression)
    if _Parser(expression).end_of_class() != len(expression):
        raise ValueError("a bracket ends before the end: write \\] for the character")
    return found


class _Part(NamedTuple):
    """Of a part of the expression: whether it matches nothing, and where it begins and ends, bool (P,)."""

    empty: bool
    first: NDArray[np.bool_]
    last: NDArray[np.bool_]


class _Builder:
    """Collects positions and what follows them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.atoms: list[str] = []
        self.follow = np.zeros((count, count), bool)

    def nothing(self) -> _Part:
        none = np.zeros(self.count, bool)
        return _Part(True, none, none)

    def position(self, atom: str) -> _Part:
        here = np.zeros(self.count, bool)
        here[len(self.atoms)] = True
        self.atoms.append(atom)
        return _Part(False, here, here)

    def then(self, one: _Part, other: _Part) -> _Part:
        self.follow[one.last] |= other.first
        return _Part(
            one.empty and other.empty,
            one.first | other.first if one.empty else one.first,
            one.last | other.last if other.empty else other.last,
        )


class _Atom(NamedTuple):
    text: str

    def size(self) -> int:
        return 1

    def build(self, builder: _Builder) -> _Part:
        return builder.position(self.text)


class _Sequence(NamedTuple):
    parts: "list[_Tree]"

    def size(self) -> int:
        return sum(part.size() for part in self.parts)

    def build(self, builder: _Builder) -> _Part:
        whole = builder.nothing()
        for part in self.parts:
            whole = builder.then(whole, part.build(builder))
        return whole


class _Choice(NamedTuple):
    parts: "list[_Tree]"

    def size(self) -> int:
        return sum(part.size() for part in self.parts)

    def build(self, builder: _Builder) -> _Part:
        built = [part.build(builder) for part in self.parts]
        return _Part(
            any(part.empty for part in built),
            np.logical_or.reduce([part.first for part in built]),
            np.logical_or.reduce([part.last for part in built]),
        )


class _Repeated(NamedTuple):
    part: "_Tree"
    least: int
    most: int | None

    def _times(self, size: int) -> int:
        """How often the part is written out; one of no position, such as ``()``, is the same however often."""
        times = max(1, self.least) if self.most is None else self.most
        return times if size else min(times, 1)

    def size(self) -> int:
        size = self.part.size()
        return size * self._times(size)

    def build(self, builder: _Builder) -> _Part:
        whole = builder.nothing()
        times = self._times(self.part.size())
        for number in range(times):
            part = self.part.build(builder)
            if self.most is None and number == times - 1:
                builder.follow[part.last] |= part.first
            if number >= self.least:
                part = part._replace(empty=True)
            whole = builder.then(whole, part)
        return whole


_Tree = _Atom | _Sequence | _Choice | _Repeated


class _Parser:
    """Reads an expression that `re` has found to be one."""

    def __init__(self, expression: str) -> None:
        self._text, self._place, self._depth = expression, 0, 0

    def parse(self) -> _Tree:
        return self._choice()

    def _next(self, count: int = 1) -> str:
        return self._text[self._place : self._place + count]

    def _choice(self) -> _Tree:
        parts = [self._sequence()]
        while self._next() == "|":
            self._place += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else _Choice(parts)

    def _sequence(self) -> _Tree:
        parts: list[_Tree] = []
        while self._next() not in ("", "|", ")"):
            if self._depth == 0 and self._is_edge(begins=not parts):
                self._place += 1
                continue
            parts.append(self._repetition(self._item()))
        return parts[0] if len(parts) == 1 else _Sequence(parts)

    def _is_edge(self, *, begins: bool) -> bool:
        """Whether here is a ``^`` or a ``$`` where a whole text begins or ends anyway."""
        if self._next() == "^":
            return begins
        return self._next() == "$" and self._text[self._place + 1 : self._place + 2] in ("", "|")

    def _item(self) -> _Tree:
        character = self._next()
        if character == "(":
            return self._group()
        if character in "^$":
            raise ValueError(f"{character} stands in the middle: the whole text matches anyway, leave it out")
        if character == "[":
            return self._take(self.end_of_class())
        if character == "\\":
            return self._take(self._end_of_escape())
        return self._take(self._place + 1)

    def _take(self, end: int) -> _Atom:
        text = self._text[self._place : end]
        self._place = end
        return _Atom(text if len(text) > 1 or text == "." else re.escape(text))

    def _group(self) -> _Tree:
        self._place += 1
        if self._next() == "?":
            name = re.compile(r"\?P<\w+>").match(self._text, self._place)
            if name is None and self._next(2) != "?:":
                raise ValueError(f"({self._next(3)} is not regular: take groups, alternatives and repetitions")
            self._place = name.end() if name else self._place + 2
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} groups lie within each other")
        inner = self._choice()
        self._depth -= 1
        self._place += 1
        return inner

    def end_of_class(self) -> int:
        """Return where the class ends that begins here."""
        place = self._place + 1
        place += self._text[place] == "^"
        place += self._text[place] == "]"  # as the first one it is a character
        while self._text[place] != "]":
            place += 2 if self._text[place] == "\\" else 1
        return place + 1

    def _end_of_escape(self) -> int:
        letter = self._text[self._place + 1]
        if letter in _LENGTHS:
            return self._place + 2 + _LENGTHS[letter]
        if letter.isascii() and letter.isalnum() and letter not in _CLASSES:
            raise ValueError(f"\\{letter} is not regular, or no character: take groups, alternatives and repetitions")
        return self._place + 2

    def _repetition(self, part: _Tree) -> _Tree:
        counts = self._counts()
        if counts is None:
            return part
        if self._next() == "+":
            raise ValueError("repetitions that give nothing back (a++) are not regular: leave the second + out")
        self._place += self._next() == "?"  # least or most first: the same texts match
        return _Repeated(part, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        character = self._next()
        if character and character in "*+?":
            self._place += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        counted = _REPEATED.match(self._text, self._place) if character == "{" else None
        if counted is None or counted[0] == "{}":
            return None  # a brace that stands for itself
        self._place = counted.end()
        least = int(counted[1] or 0)
        if counted[2] is None:
            return least, least
        return least, int(counted[3]) if counted[3] else None
