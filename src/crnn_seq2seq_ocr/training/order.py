"""In which order the samples of an epoch are seen: a pure function of a place in it and a key, in constant memory.

Nothing of it has to be saved, and any process can ask for any place.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from crnn_seq2seq_ocr.data.combined import Joined, Repeated, Stretched, Subset
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError

OrderName = Literal["random", "shards"]

WINDOW = 4096
"""Samples that follow each other in their files, and are shuffled among themselves."""


@runtime_checkable
class Sharded(Protocol):
    """A source whose samples lie in several files, one after the other."""

    @property
    def shard_ends(self) -> np.ndarray:
        """(S,) int64, rising: where each ends among all samples."""
        ...


class Order(Protocol):
    """An order of the samples of a source."""

    def index(self, place: int, key: int) -> int:
        """Return which sample comes at a place of an epoch, of those of this key."""
        ...


def order_of(source: Source, name: OrderName) -> Order:
    """Return the order of a source: all samples at random, or shard after shard.

    In order of shards each epoch has the shards in another order, and the samples of a window of `WINDOW`, which follow
    each other in their files, are shuffled. Of a sum every source is read so, each at an even pace.

    Raises:
        DataError: Nothing of the source lies in shards.
    """
    if name == "random":
        return Shuffled(len(source))
    found = _by_shards(source)
    if not found.in_shards:
        raise DataError(
            f"data.order=shards is for data that lies in shards (WebDataset tar files, TFRecords), which "
            f"{source.description} does not: leave it out"
        )
    return found


@dataclass(frozen=True)
class Shuffled:
    """All samples at random."""

    size: int
    in_shards = False

    def index(self, place: int, key: int) -> int:
        """See `Order`."""
        return shuffled(place, self.size, key)


@dataclass(frozen=True)
class Windows:
    """Shard after shard, shuffled within windows.

    Attributes:
        ends: (S,) where each shard ends.
        window: Samples that are shuffled among themselves.
    """

    ends: np.ndarray
    window: int = WINDOW
    in_shards = True

    def index(self, place: int, key: int) -> int:
        """See `Order`."""
        start = place - place % self.window
        size = min(self.window, int(self.ends[-1]) - start)
        place = start + shuffled(place - start, size, key + start)
        shards, ends = self._shards(key)
        turn = int(np.searchsorted(ends, place, side="right"))
        begin = int(ends[turn - 1]) if turn else 0
        shard = int(shards[turn])
        return (int(self.ends[shard - 1]) if shard else 0) + place - begin

    def _shards(self, key: int) -> tuple[np.ndarray, np.ndarray]:
        return _shards_in_order(self.ends.tobytes(), key)


@functools.lru_cache(16)
def _shards_in_order(packed: bytes, key: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers (S,) of the shards in the order of a key, and where each ends in it (S,)."""
    ends = np.frombuffer(packed, np.int64)
    shards = np.array([shuffled(place, len(ends), key) for place in range(len(ends))])
    return shards, np.diff(ends, prepend=0)[shards].cumsum()


@dataclass(frozen=True)
class Again:
    """The samples of a smaller source again and again, each time in another order.

    Attributes:
        inner: The order of these.
        size: How many they are.
    """

    inner: "Order"
    size: int
    in_shards: bool

    def index(self, place: int, key: int) -> int:
        """See `Order`."""
        turn, place = divmod(place, self.size)
        return self.inner.index(place, key + turn)


@dataclass(frozen=True)
class Mixed:
    """Several sources, each at an even pace through the whole epoch.

    Attributes:
        inner: The order of each.
        sizes: How many samples each has.
    """

    inner: Sequence["Order"]
    sizes: Sequence[int]
    in_shards: bool
    begins: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Note where each begins among all samples."""
        object.__setattr__(self, "begins", [sum(self.sizes[:number]) for number in range(len(self.sizes))])

    def index(self, place: int, key: int) -> int:
        """See `Order`."""
        total = sum(self.sizes)
        for number, size in enumerate(self.sizes[:-1]):
            rank = place * size // total
            if (place + 1) * size // total > rank:
                return self.begins[number] + self.inner[number].index(rank, key)
            place -= rank  # among those of the sources that follow
            total -= size
        return self.begins[-1] + self.inner[-1].index(place, key)


Known = Shuffled | Windows | Again | Mixed


def _by_shards(source: Source) -> Known:
    match source:
        case Joined():
            parts = [_by_shards(each) for each in source.sources]
            return Mixed(parts, [len(each) for each in source.sources], any(part.in_shards for part in parts))
        case Repeated() | Stretched() if len(source) >= len(source.source):
            inner = _by_shards(source.source)
            return Again(inner, len(source.source), inner.in_shards)
        case _:
            ends = _ends(source)
            return Shuffled(len(source)) if ends is None else Windows(ends)


def _ends(source: Source) -> np.ndarray | None:
    """Return where shards end in a source, or in what was chosen of one; None where there are none."""
    if isinstance(source, Sharded):
        return np.ascontiguousarray(source.shard_ends, np.int64)
    if not isinstance(source, Subset):
        return None
    inner = _ends(source.source)
    if inner is None:
        return None
    chosen = np.asarray(source.indices)
    if np.any(chosen[1:] < chosen[:-1]):
        return None
    ends = np.searchsorted(chosen, inner)
    return np.unique(ends[ends > 0]).astype(np.int64)


def shuffled(position: int, size: int, key: int) -> int:
    """Where a position of 0..size-1 goes in the permutation number `key`, in constant memory.

    A four-round Feistel network on the next even number of bits; results outside the range walk on
    (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    low = (1 << half) - 1
    while True:
        left, right = position >> half, position & low
        for turn in range(4):
            left, right = right, left ^ (_mix(right + (turn << 32) + key * 0x9E3779B97F4A7C15) & low)
        position = (left << half) | right
        if position < size:
            return position


def _mix(value: int) -> int:
    """Mix the bits as the finaliser of splitmix64 does (Steele, Lea and Flood, 2014)."""
    value &= 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 31)
