"""Variants of some work timed side by side: warm-up, rounds in which each runs once, medians with their spread."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

Work = Callable[[], Mapping[str, float]]
"""Does some work once and returns what was measured of it, by name."""


@dataclass(frozen=True)
class Spread:
    """One thing measured several times.

    Attributes:
        values: One of each round, in order.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The first quartile."""
        return self._quartile(0)

    @property
    def high(self) -> float:
        """The third quartile."""
        return self._quartile(2)

    def over(self, other: "Spread") -> "Spread":
        """Divide by another that was measured in the same rounds, round by round."""
        return Spread(tuple(mine / its for mine, its in zip(self.values, other.values, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """For JSON, every value too."""
        return {"median": self.median, "low": self.low, "high": self.high, "values": list(self.values)}

    def _quartile(self, number: int) -> float:
        if len(self.values) == 1:
            return self.values[0]
        return statistics.quantiles(self.values, n=4, method="inclusive")[number]


class Laps:
    """Seconds of the parts of some work, one after the other; parts of the same name are added up.

    Args:
        device: Where the work is done: what was asked of it must be finished before the clock is read.

    Attributes:
        seconds: By part.
    """

    def __init__(self, device: torch.device) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self.begin()

    def begin(self) -> None:
        """Begin the next part now; the time since the last belongs to none."""
        self._since = self._now()

    def end(self, part: str) -> None:
        """End a part and begin the next."""
        now = self._now()
        self.seconds[part] += now - self._since
        self._since = now

    def _now(self) -> float:
        if self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)
        return time.perf_counter()


def side_by_side(variants: Mapping[str, Work], *, repeats: int, warmup: int = 1) -> dict[str, dict[str, Spread]]:
    """Measure each variant in rounds, so that whatever else the machine does falls on all of them alike.

    Args:
        variants: By name; each round begins with another one.
        repeats: Rounds that count.
        warmup: Rounds before them.
    """
    names = list(variants)
    for _ in range(warmup):
        for work in variants.values():
            work()
    rounds: list[dict[str, Mapping[str, float]]] = []
    for number in range(repeats):
        first = number % len(names)
        rounds.append({name: variants[name]() for name in (*names[first:], *names[:first])})
    return {name: _spreads([each[name] for each in rounds]) for name in names}


def _spreads(found: list[Mapping[str, float]]) -> dict[str, Spread]:
    return {what: Spread(tuple(each[what] for each in found)) for what in found[0]}
