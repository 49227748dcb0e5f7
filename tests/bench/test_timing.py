"""How numbers are taken: rounds, medians, ratios round by round."""

from collections.abc import Mapping

import pytest
import torch

from crnn_seq2seq_ocr.bench.timing import Laps, Spread, side_by_side


def test_a_spread_is_its_median_and_quartiles() -> None:
    spread = Spread((5.0, 1.0, 2.0, 4.0, 3.0))
    assert (spread.low, spread.median, spread.high) == (2, 3, 4)
    assert spread.to_dict() == {"median": 3, "low": 2, "high": 4, "values": [5, 1, 2, 4, 3]}
    alone = Spread((7.0,))
    assert (alone.low, alone.median, alone.high) == (7, 7, 7)


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that is slow in one round is slow for all: the ratio does not see it."""
    first, other = Spread((1.0, 10.0, 1.0)), Spread((2.0, 20.0, 2.0))
    assert other.over(first).values == (2, 2, 2)


def test_each_round_runs_every_variant_once_and_begins_with_another() -> None:
    order: list[str] = []

    def variant(name: str) -> Mapping[str, float]:
        order.append(name)
        return {"calls": len(order), "two": 2}

    found = side_by_side({name: lambda name=name: variant(name) for name in "abc"}, repeats=4, warmup=1)  # type: ignore[misc]
    assert "".join(order) == "abc" + "abc" + "bca" + "cab" + "abc"
    assert list(found) == ["a", "b", "c"]
    assert found["a"]["calls"].values == (4, 9, 11, 13)
    assert found["b"]["two"].values == (2, 2, 2, 2)


def test_laps_add_up_parts_and_leave_out_what_is_between(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0, 1, 3, 10, 14, 15])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    laps = Laps(torch.device("cpu"))  # at 0
    laps.end("a")  # 1
    laps.end("b")  # 3
    laps.begin()  # 10
    laps.end("a")  # 14
    laps.end("b")  # 15
    assert laps.seconds == {"a": 5, "b": 3}
