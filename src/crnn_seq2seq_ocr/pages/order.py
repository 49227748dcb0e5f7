"""The order in which people read: columns from left to right, lines from top to bottom, blocks of lines.

Quadrilaterals are turned upright first, by the direction in which most of the text runs. A region is then cut where an
empty gutter runs through several of its rows and both sides are columns of text, or panels beside each other, rather
than cells of a form or a table. What is left is put into lines, and lines that follow each other closely into blocks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

BINS = 512
"""Columns of the grid in which gutters are looked for."""

GUTTER = 0.8
"""Width of a gutter, at least, in heights of a line."""

FILLED = 0.55
"""Share of its column's width that the middle line of a column takes up at least; cells of a form take up less."""

LONG = 5.0
"""Width of a column's middle line, at least, in its heights."""

SAME_LINE = 0.5
"""Share of the smaller height in which two pieces of a line overlap."""

SAME_BLOCK = 1.1
"""Distance of two lines of a block, at most, in heights of the smaller."""

SAME_SIZE = 1.8
"""How many times as high one of two lines of a block, or two pieces of a line, may be."""


BESIDE = 0.35
"""How far apart, in heights of the smaller, the centres of two lines may be that stand beside each other."""

SHIFT = 0.5
"""How far apart all of them may be, where they are of two sizes."""

UNEVEN = 0.12
"""Standard deviation of that distance, at least, where lines stand beside each other by chance."""

_AMOUNT = re.compile(r"\d+(?:[.,]\d{1,2})?\s*(?:€|\$|£|EUR)|\d+[.,]\d{2}", re.IGNORECASE)
_PRICE = re.compile(rf"(?:.*\s)?(?:{_AMOUNT.pattern})", re.IGNORECASE)


@dataclass(frozen=True)
class _Boxes:
    """Upright boxes, each array (N,).

    Attributes:
        index: Numbers of the quadrilaterals.
        left, top, right, bottom: Their edges.
        label: Whether the text ends with a colon.
        price: Whether it ends with an amount of money.
        amount: Whether it is one and nothing else.
    """

    index: np.ndarray
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    label: np.ndarray
    price: np.ndarray
    amount: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, chosen: np.ndarray) -> "_Boxes":
        return _Boxes(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @property
    def height(self) -> np.ndarray:
        return np.asarray(self.bottom - self.top)

    @property
    def width(self) -> np.ndarray:
        return np.asarray(self.right - self.left)


def arrange(corners: np.ndarray, texts: Sequence[str] | None = None) -> list[list[list[int]]]:
    """Put quadrilaterals into blocks of lines of their numbers, all in reading order.

    Args:
        corners: (N, 4, 2), each clockwise from the top left of its text.
        texts: What each says, as far as it is known: colons after labels and prices after names tell forms and price
            lists from columns, where they stand at the same heights.
    """
    if not len(corners):
        return []
    boxes = _upright(np.asarray(corners, np.float64), [""] * len(corners) if texts is None else texts)
    blocks: list[list[np.ndarray]] = []
    for region in _regions(boxes):
        blocks += _blocks(region, _lines(region))
    return [[line.tolist() for line in block] for block in blocks]


def direction(corners: np.ndarray) -> float:
    """Find the angle in radians at which most text of quadrilaterals (N, 4, 2) runs: 0 from left to right."""
    along = corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]
    angles = np.arctan2(along[:, 1], along[:, 0])
    weights = np.linalg.norm(along, axis=1)
    # The quarter in which most run, then the middle one of those: a mean would lie between them.
    quarters = np.round(angles / (np.pi / 2)).astype(int) % 4
    quarter = np.bincount(quarters, weights=weights, minlength=4).argmax()
    inside = quarters == quarter
    offsets = (angles[inside] - quarter * np.pi / 2 + np.pi) % (2 * np.pi) - np.pi
    order = offsets.argsort()
    total = weights[inside][order].cumsum()
    return float(quarter * np.pi / 2 + offsets[order][np.searchsorted(total, total[-1] / 2)])


def _upright(corners: np.ndarray, texts: Sequence[str]) -> _Boxes:
    angle = direction(corners)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = corners @ np.array([[cos, -sin], [sin, cos]])  # (N, 4, 2)
    # The middles of the sides: of a box that leans, the corners reach into the lines above and below.
    middles = (turned + np.roll(turned, -1, axis=1)) / 2
    low, high = middles.min(1), middles.max(1)
    trimmed = [text.strip() for text in texts]
    return _Boxes(
        np.arange(len(corners)), low[:, 0], low[:, 1], high[:, 0], high[:, 1],
        label=np.array([text.endswith(":") for text in trimmed]),
        price=np.array([_PRICE.fullmatch(text) is not None for text in trimmed]),
        amount=np.array([_AMOUNT.fullmatch(text) is not None for text in trimmed]),
    )  # fmt: skip


def _regions(boxes: _Boxes) -> list[_Boxes]:
    """Regions without columns, in reading order."""
    waiting, done = [boxes], []
    while waiting:
        region = waiting.pop()
        parts = _cut_columns(region)
        if len(parts) == 1:
            done.append(region)
        else:
            waiting += parts[::-1]
    return done


def _cut_columns(region: _Boxes) -> list[_Boxes]:
    """Split a region into what is above the first columns, the columns, and what is below; or give it back whole."""
    if len(region) < 4:
        return [region]
    unit = float(np.median(region.height))
    left, width = float(region.left.min()), float(region.right.max() - region.left.min())
    scale = BINS / max(width, 1e-6)
    rows = _rows(region)
    covered = np.stack([_coverage(region[row], left, scale) for row in rows])  # (rows, BINS)
    least = max(2, round(GUTTER * unit * scale))
    start = 0
    while start < len(rows):
        end, gutters = _run(covered, start, least)
        for gutter in gutters:
            first = _begin(covered, region, rows, start, gutter, unit)
            inside = np.concatenate(rows[first:end])
            at = left + gutter / scale
            sides = region[inside[_middle(region)[inside] < at]], region[inside[_middle(region)[inside] >= at]]
            if _columns(*sides):
                above = [region[np.concatenate(rows[:first])]] if first else []
                below = [region[np.concatenate(rows[end:])]] if end < len(rows) else []
                return [*above, *sides, *below]
        start = max(end, start + 1)
    return [region]


def _run(covered: np.ndarray, start: int, least: int) -> tuple[int, list[float]]:
    """Find the end of the longest run of rows from `start` on that share a gutter, and the middles of all in bins."""
    union = np.zeros(covered.shape[1], bool)
    gutters: list[float] = []
    for end in range(start, len(covered)):
        union = union | covered[end]
        found = _gutters(union, least)
        if not found:
            # Rows without a gutter may begin a run that has none; a gutter that ends, ends the run.
            return (end, gutters) if gutters else (end + 1, [])
        gutters = found
    return len(covered), gutters


def _begin(covered: np.ndarray, region: _Boxes, rows: list[np.ndarray], start: int, gutter: float, unit: float) -> int:
    """Find the first row of columns: those closely above that leave the gutter free begin one of them."""
    while start and not covered[start - 1, round(gutter)]:
        distance = region.top[rows[start]].min() - region.bottom[rows[start - 1]].max()
        if distance > SAME_BLOCK * unit:
            break
        start -= 1
    return start


def _gutters(union: np.ndarray, least: int) -> list[float]:
    """Find the middles of the empty stretches between covered ones that are wide enough, the widest first."""
    places = np.flatnonzero(union)
    gaps = np.diff(places)
    widest_first = np.argsort(-gaps, kind="stable")
    return [float(places[each] + gaps[each] / 2) for each in widest_first if gaps[each] > least]


def _coverage(row: _Boxes, left: float, scale: float) -> np.ndarray:
    covered = np.zeros(BINS + 1, int)
    begin = ((row.left - left) * scale).astype(int).clip(0, BINS - 1)
    end = np.ceil((row.right - left) * scale).astype(int).clip(1, BINS)
    np.add.at(covered, begin, 1)
    np.add.at(covered, np.maximum(end, begin + 1), -1)
    return covered.cumsum()[:BINS] > 0


def _rows(region: _Boxes) -> list[np.ndarray]:
    """Boxes whose middles reach into each other's height, from top to bottom: places in the region."""
    # The core of each box: lines of text often touch with their ascenders.
    top, bottom = region.top + 0.25 * region.height, region.bottom - 0.25 * region.height
    order = top.argsort(kind="stable")
    reach = np.maximum.accumulate(bottom[order])
    starts = np.flatnonzero(top[order][1:] > reach[:-1]) + 1
    return np.split(order, starts)


def _columns(left: _Boxes, right: _Boxes) -> bool:
    """Whether both are columns of text or panels, and not the cells of a form or a table."""
    lines = _lines(left), _lines(right)
    if min(map(len, lines)) < 2 or np.mean([left.label[line[-1]] for line in lines[0]]) > 0.5:
        return False
    beside = _beside_each_other(_centres(left, lines[0]), _centres(right, lines[1]))
    if np.isnan(beside).mean() >= 0.5 or (len(beside) > 2 and np.nanstd(beside) > UNEVEN):
        return True
    if _filled(left, lines[0]) and _filled(right, lines[1]):
        return True
    if _is_price_list(left, lines[0]):
        return not any(right.amount[line[0]] for line in lines[1])
    return _is_price_list(right, lines[1]) and 1.2 * len(lines[0]) < len(lines[1])


def _is_price_list(side: _Boxes, lines: list[np.ndarray]) -> bool:
    """Whether most lines are of something and its price."""
    return bool(np.mean([side.price[line[-1]] and not side.amount[line[0]] for line in lines]) > 0.5)


def _filled(side: _Boxes, lines: list[np.ndarray]) -> bool:
    widths = np.array([side.right[line].max() - side.left[line].min() for line in lines])
    middle = float(np.median(widths))
    return middle >= FILLED * float(np.ptp([side.left.min(), side.right.max()])) and middle >= LONG * float(
        np.median(side.height)
    )


def _beside_each_other(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compute how far below the next line of the other side each line stands, of the side that has fewer.

    Args:
        left: Centres and heights of lines, (N, 2).
        right: The same of the other side.

    Returns:
        In heights of the smaller; NaN where none stands beside it.
    """
    few, many = sorted((left, right), key=len)
    distance = (few[:, None, 0] - many[None, :, 0]) / np.minimum(few[:, None, 1], many[None, :, 1])
    nearest = distance[np.arange(len(few)), np.abs(distance).argmin(axis=1)]
    # Small labels beside larger answers all stand a little higher, or lower.
    shift = float(np.median(nearest))
    nearest = nearest - (shift if abs(shift) < SHIFT else 0)
    return np.where(np.abs(nearest) < BESIDE, nearest, np.nan)


def _centres(side: _Boxes, lines: list[np.ndarray]) -> np.ndarray:
    return np.array([[np.mean(side.top[each] + side.bottom[each]) / 2, side.height[each].mean()] for each in lines])


def _lines(region: _Boxes) -> list[np.ndarray]:
    """Places of the boxes of each line, from left to right; lines from top to bottom."""
    middle = (region.top + region.bottom) / 2
    lines: list[list[int]] = []
    open_from = 0
    tallest = float(region.height.max())
    for place in middle.argsort(kind="stable"):
        while open_from < len(lines) and middle[lines[open_from][-1]] < middle[place] - tallest:
            open_from += 1
        joined = next((line for line in reversed(lines[open_from:]) if _beside(region, line[-1], place)), None)
        if joined is None:
            lines.append([int(place)])
        else:
            joined.append(int(place))
    sorted_lines = [np.array(sorted(line, key=lambda place: region.left[place])) for line in lines]
    return sorted(sorted_lines, key=lambda line: float(middle[line].mean()))


def _beside(region: _Boxes, one: int, other: int) -> bool:
    """Whether two boxes stand in one line."""
    overlap = min(region.bottom[one], region.bottom[other]) - max(region.top[one], region.top[other])
    small, large = sorted((region.height[one], region.height[other]))
    if large > SAME_SIZE * small or overlap < SAME_LINE * small:
        return False
    shared = min(region.right[one], region.right[other]) - max(region.left[one], region.left[other])
    return bool(shared < 0.5 * min(region.width[one], region.width[other]))


def _blocks(region: _Boxes, lines: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Lines in blocks; the places are those of the region, and come back as those of the page."""
    blocks: list[list[np.ndarray]] = []
    for line in lines:
        if blocks and _follows(region, blocks[-1][-1], line):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return [[region.index[line] for line in block] for block in blocks]


def _follows(region: _Boxes, above: np.ndarray, below: np.ndarray) -> bool:
    heights = float(np.median(region.height[above])), float(np.median(region.height[below]))
    gap = float(np.median(region.top[below]) - np.median(region.bottom[above]))
    shared = min(region.right[above].max(), region.right[below].max()) - max(
        region.left[above].min(), region.left[below].min()
    )
    return gap <= SAME_BLOCK * min(heights) and max(heights) <= SAME_SIZE * min(heights) and bool(shared > 0)


def _middle(region: _Boxes) -> np.ndarray:
    return np.asarray((region.left + region.right) / 2)
