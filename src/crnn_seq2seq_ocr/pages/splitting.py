"""Lines into words: at the spaces that were read, moved to where the picture is empty, and at wide gaps beside them."""

from dataclasses import dataclass

import numpy as np

from crnn_seq2seq_ocr.inference.readings import Character
from crnn_seq2seq_ocr.pages.ink import Ink

REACH = 2.5
"""How far from where the reader saw a space its gap may be, in heights of the text."""

NEAR = 0.1
"""How many heights of width a gap is worth that is one height nearer."""

LOST = 0.3
"""Width of a gap, at least, in heights of the text, where a space was not read and the line has no two others."""

WIDE = 0.5
"""Width that is enough where the line has one other space: typewritten letters have wide gaps beside thin ones."""

ALIKE = 0.8
"""Width of such a gap, at least, in widths of the middle one of the line's spaces."""

UNREAD = 0.5
"""How much nearer to such a gap, in heights of the text, a cut is than any character, where some were not read."""

JOINED = 0.25
"""The same for a place beside an apostrophe, which has gaps of its own."""

APOSTROPHES = "'’"
"""They join what is on both sides."""

WIDER = 2.5
"""How many times as wide as the middle gap between letters such a gap is, at least: letters may be spaced out."""


@dataclass(frozen=True)
class WordPart:
    """The characters of a word.

    Attributes:
        characters: One by one.
        edges: Where each begins and the last ends, as shares of the line's width, (characters + 1,).
    """

    characters: tuple[Character, ...]
    edges: np.ndarray


def split(characters: tuple[Character, ...], edges: np.ndarray, ink: Ink | None) -> list[WordPart]:
    """Split a line into words.

    Args:
        characters: Of the line.
        edges: Where each begins and the last ends as the attention saw them, (characters + 1,).
        ink: The text in pixels; None leaves words where the attention saw them.
    """
    spaces = [place for place, each in enumerate(characters) if each.text.isspace()]
    cuts = [(place, place + 1) for place in spaces]
    if ink is None:
        return _parts(characters, edges, cuts, [None] * len(cuts), ink)
    gaps = _gaps_of(spaces, edges, ink)
    joined = _joined(characters)
    for gap in _lost(gaps, ink):
        place = _place(gap, cuts, gaps, edges, ink, joined)
        if place is not None:
            cuts.append((place, place))
            gaps.append(gap)
    order = sorted(range(len(cuts)), key=lambda number: cuts[number])
    return _parts(characters, edges, [cuts[each] for each in order], [gaps[each] for each in order], ink)


def _gaps_of(spaces: list[int], edges: np.ndarray, ink: Ink) -> list[int | None]:
    """Find the number of the gap of each space: those that are widest and nearest together, in their order."""
    centres, widths = ink.gaps.mean(axis=1), np.diff(ink.gaps, axis=1)[:, 0]
    if not spaces or not len(centres):
        return [None] * len(spaces)
    places = (edges[spaces] + edges[np.array(spaces) + 1]) / 2
    away = np.abs(places[:, None] - centres) / ink.height  # (spaces, gaps)
    worth = np.where(away < REACH, widths / ink.height - NEAR * away, -np.inf)
    # best[s, g]: of the first s spaces and g gaps; a space may have no gap, and a gap none or one space.
    best = np.zeros((len(spaces) + 1, len(centres) + 1))
    taken = np.zeros(best.shape, bool)
    for space in range(len(spaces)):
        for gap in range(len(centres)):
            without = max(best[space, gap + 1], best[space + 1, gap])
            joined = best[space, gap] + worth[space, gap]
            best[space + 1, gap + 1], taken[space + 1, gap + 1] = max(without, joined), joined > without
    found: list[int | None] = [None] * len(spaces)
    space, gap = len(spaces), len(centres)
    while space and gap:
        if taken[space, gap]:
            found[space - 1] = gap - 1
            space, gap = space - 1, gap - 1
        elif best[space - 1, gap] >= best[space, gap - 1]:
            space -= 1
        else:
            gap -= 1
    return found


def _lost(gaps: list[int | None], ink: Ink) -> list[int]:
    """Find the gaps that are as wide as spaces though none was read there."""
    widths = np.diff(ink.gaps, axis=1)[:, 0] / ink.height
    spaces = [gap for gap in gaps if gap is not None]
    others = np.setdiff1d(np.arange(len(widths)), spaces)
    if not len(others):
        return []
    usual = ALIKE * float(np.median(widths[spaces])) if spaces else LOST
    if len(spaces) == 1:
        usual = min(max(usual, LOST), WIDE)
    least = max(usual, WIDER * float(np.median(widths[others])))
    return [int(gap) for gap in others if widths[gap] > least]


def _joined(characters: tuple[Character, ...]) -> set[int]:
    """Find the places beside an apostrophe between letters, where no word ends."""
    return {
        place + side
        for place in range(1, len(characters) - 1)
        if characters[place].text in APOSTROPHES
        and characters[place - 1].text.isalpha()
        and characters[place + 1].text.isalpha()
        for side in (0, 1)
    }


def _place(
    gap: int,
    cuts: list[tuple[int, int]],
    gaps: list[int | None],
    edges: np.ndarray,
    ink: Ink,
    joined: set[int],
) -> int | None:
    """Find which character begins after a gap, the nearest between the cuts beside it.

    None if there is none, or a cut is so much nearer that what stands between the gap and that cut was not read, or
    one of the `joined` places is so much nearer that the gap is its own.
    """
    pairs = [(cut, at) for cut, at in zip(cuts, gaps, strict=True) if at is not None]
    first = max([after for (_, after), at in pairs if at < gap], default=0) + 1
    last = min([before for (before, _), at in pairs if at > gap], default=len(edges) - 1) - 1
    inside = [place for place in range(first, last + 1) if not any(begin <= place <= end for begin, end in cuts)]
    away = np.abs(edges - ink.gaps[gap].mean())
    place = min((each for each in inside if each not in joined), key=lambda each: away[each], default=None)
    if place is None:
        return None
    at_cuts = [away[each] + UNREAD * ink.height for cut in cuts for each in cut if first - 1 <= each <= last + 1]
    at_joined = [away[each] + JOINED * ink.height for each in inside if each in joined]
    return place if away[place] <= min([*at_cuts, *at_joined], default=np.inf) else None


def _parts(
    characters: tuple[Character, ...],
    edges: np.ndarray,
    cuts: list[tuple[int, int]],
    gaps: list[int | None],
    ink: Ink | None,
) -> list[WordPart]:
    """Make the parts between cuts, each a number of characters before it and after it; gaps say where they end."""
    empty = [None if gap is None or ink is None else ink.gaps[gap] for gap in gaps]
    begins = [(0, None if ink is None else ink.runs[0, 0])]
    begins += [(after, None if at is None else at[1]) for (_, after), at in zip(cuts, empty, strict=True)]
    ends = [(before, None if at is None else at[0]) for (before, _), at in zip(cuts, empty, strict=True)]
    ends += [(len(characters), None if ink is None else ink.runs[-1, 1])]
    parts = []
    for (begin, left), (end, right) in zip(begins, ends, strict=True):
        if end > begin:
            places = edges[begin : end + 1].copy()
            low = places[0] if left is None else left
            high = max(places[-1] if right is None else right, low)
            places[[0, -1]] = low, high
            parts.append(WordPart(characters[begin:end], places.clip(low, high)))
    return parts
