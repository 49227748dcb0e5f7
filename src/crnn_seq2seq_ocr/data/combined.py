"""Parts, repetitions and sums of sources."""

from collections.abc import Sequence

import numpy as np

from crnn_seq2seq_ocr.data.sample import Sample, Source


def within(index: int, count: int, what: str = "sample") -> int:
    """Return the index, if it is one of 0..count-1.

    Raises:
        IndexError: It is not.
    """
    if not 0 <= index < count:
        raise IndexError(f"{what} {index} of {count}")
    return index


class _Mapped:
    """A source whose samples are those of another one, in an order of its own."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def faults(self) -> list[str]:
        """What is missing from the whole source, one line each."""
        return self.source.faults

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Sample:
        return self.source[self._inner(within(index, len(self)))]

    def text(self, index: int) -> str:
        """Return the text of a sample."""
        return self.source.text(self._inner(within(index, len(self))))

    def _inner(self, index: int) -> int:
        raise NotImplementedError


class Subset(_Mapped):
    """Some samples of a source.

    Args:
        source: Where they come from.
        indices: Which, in order.
    """

    def __init__(self, source: Source, indices: Sequence[int]) -> None:
        super().__init__(source)
        self.indices = indices

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"{len(self):,} of {self.source.description}"

    def __len__(self) -> int:
        return len(self.indices)

    def _inner(self, index: int) -> int:
        return int(self.indices[index])


class Repeated(_Mapped):
    """A source whose samples come several times in one epoch, so that few real ones weigh among many drawn ones.

    Args:
        source: Where they come from.
        times: How often.
    """

    def __init__(self, source: Source, times: int) -> None:
        super().__init__(source)
        self.times = times

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"{self.times} times {self.source.description}"

    def __len__(self) -> int:
        return self.times * len(self.source)

    def _inner(self, index: int) -> int:
        return index % len(self.source)


class Stretched(_Mapped):
    """A source at another size: its samples again and again from the first one, or only the first ones.

    Args:
        source: Where they come from.
        count: How many samples there are then.
    """

    def __init__(self, source: Source, count: int) -> None:
        super().__init__(source)
        self.count = count

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"{self.count:,} out of {self.source.description}"

    def __len__(self) -> int:
        return self.count

    def _inner(self, index: int) -> int:
        return index % len(self.source)


def weighted(sources: Sequence[Source], weights: Sequence[float]) -> "Joined":
    """Several sources, each with its share of an epoch.

    An epoch is so long that it holds every sample of every source at least once; those of sources that are small
    for their share come more often. Which sample a position holds is a function of the position alone.

    Args:
        sources: Where the samples come from; none is empty.
        weights: The share of each, more than 0; only their ratios count.
    """
    total = sum(weights)
    shares = [weight / total for weight in weights]
    epoch = max(len(source) / share for source, share in zip(sources, shares, strict=True))
    # At least the source's own size, which the division may miss by one.
    counts = [max(len(source), round(epoch * share)) for source, share in zip(sources, shares, strict=True)]
    return Joined([Stretched(source, count) for source, count in zip(sources, counts, strict=True)])


class Joined:
    """Several sources, one after the other; names of samples begin with the number of their source, from 1."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self.sources])

    @property
    def description(self) -> str:
        """One line for people: what they are, where, how many."""
        return f"{len(self):,} samples: " + " + ".join(source.description for source in self.sources)

    @property
    def faults(self) -> list[str]:
        """What is missing from the sources, one line each."""
        return [fault for source in self.sources for fault in source.faults]

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Sample:
        number, inner = locate(self._ends, index)
        sample = self.sources[number][inner]
        return Sample(f"{number + 1}:{sample.name}", sample.images, sample.text, sample.views)

    def text(self, index: int) -> str:
        """Return the text of a sample."""
        number, inner = locate(self._ends, index)
        return self.sources[number].text(inner)


def locate(ends: np.ndarray, index: int, what: str = "sample") -> tuple[int, int]:
    """Which part an index of all falls into, and its index there.

    Args:
        ends: (P,) the running sum of the sizes of the parts.
        index: From 0.
        what: What a message calls it.

    Raises:
        IndexError: There is no such index.
    """
    within(index, int(ends[-1]), what)
    part = int(np.searchsorted(ends, index, side="right"))
    return part, index - (int(ends[part - 1]) if part else 0)
