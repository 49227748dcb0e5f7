"""Which way up text is: some lines of each page are read both ways, and the page's vote decides where one is unsure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crnn_seq2seq_ocr.pages.assemble import Piece
from crnn_seq2seq_ocr.pages.crops import Crop
from crnn_seq2seq_ocr.pages.rereading import sureness

VOTERS = 6
"""Lines of a page that are read both ways, the longest: upside down a reader may be sure of a short one."""

SURE = math.log(0.92)
"""The mean log-probability of a character of the voters from which they are not read the other way ..."""

LONG = 20.0
"""... where they are so long together, in their heights. Of drawn pages upside down it was 0.74 at most."""

UNSURE = math.log(0.7)
"""The mean log-probability of a character below which the other ways are tried."""

PREFERRED = math.log(1.2)
"""So much surer must a character be, on average, against the vote of its page."""

ReadCrops = Callable[[list[Crop]], list[Piece | None]]


@dataclass
class _Line:
    """A crop, and what was read of it by the number of quarter turns to the left."""

    group: tuple[int, bool]
    crop: Crop
    read: dict[int, Piece | None] = field(default_factory=dict)

    @property
    def ways(self) -> tuple[int, ...]:
        """Quarter turns that may be right, the likely one first: tall text runs up, or down, or is one character."""
        return (1, 3, 0) if self.crop.tall else (0, 2)

    @property
    def length(self) -> float:
        height, width = self.crop.pixels.shape[:2]
        return float(max(height, width) / min(height, width))

    def sureness(self, way: int) -> float:
        piece = self.read.get(way)
        return -math.inf if piece is None else sureness(piece.reading)


def read_all_ways(pages: Sequence[Sequence[Crop]], read: ReadCrops) -> list[list[tuple[Crop, Piece | None]]]:
    """Read each crop of each page, turned the right way up as far as can be told; None where nothing was read.

    Args:
        pages: The crops of each page.
        read: Reads crops as they are.
    """
    lines = [_Line((number, crop.tall), crop) for number, crops in enumerate(pages) for crop in crops]
    _read(read, [(line, line.ways[0]) for line in lines])
    groups: dict[tuple[int, bool], list[_Line]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    voters = {group: sorted(of, key=lambda line: line.length)[-VOTERS:] for group, of in groups.items()}
    _read(read, [(line, line.ways[1]) for each in voters.values() if not _surely_upright(each) for line in each])
    preferred = {group: _vote(each) for group, each in voters.items()}
    _read(read, [(line, preferred[line.group]) for line in lines])
    _read(read, [(line, way) for line in lines if line.sureness(preferred[line.group]) < UNSURE for way in line.ways])
    found = iter([_best(line, preferred[line.group]) for line in lines])
    return [[next(found) for _ in crops] for crops in pages]


def _read(read: ReadCrops, wanted: list[tuple[_Line, int]]) -> None:
    """Read lines so many quarter turns to the left, those that were not."""
    new = [(line, way) for line, way in wanted if way not in line.read]
    for (line, way), piece in zip(new, read([line.crop.turned(way) for line, way in new]), strict=True):
        line.read[way] = piece


def _surely_upright(lines: list[_Line]) -> bool:
    """Whether lines were read so well in their likely way that the other is not worth the time."""
    long = sum(line.length for line in lines)
    return long >= LONG and sum(line.sureness(line.ways[0]) * line.length for line in lines) >= SURE * long


def _vote(lines: list[_Line]) -> int:
    """Choose the way in which the lines are surest together, of the two that all were read."""
    one, other = lines[0].ways[:2]
    return max((one, other), key=lambda way: sum(max(line.sureness(way), -9.0) * line.length for line in lines))


def _best(line: _Line, preferred: int) -> tuple[Crop, Piece | None]:
    best = max(line.read, key=lambda way: line.sureness(way) + (PREFERRED if way == preferred else 0))
    return line.crop.turned(best), line.read[best]
