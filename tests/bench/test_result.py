"""Numbers as a table and as JSON."""

import io
import json

import pytest
from rich.console import Console

from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.bench.result import Benchmark, Measurement, compared, number, show
from crnn_seq2seq_ocr.bench.timing import Spread

FOUND = {
    "a=1": {"step": Spread((10.0, 20.0, 10.0)), "size": Spread((3.0, 3.0, 3.0))},
    "a=2": {"step": Spread((5.0, 10.0, 6.0)), "size": Spread((3.0, 3.0, 3.0))},
}


def benchmark(measurements: list[Measurement]) -> Benchmark:
    return Benchmark("a [b]", {"repeats": 3}, measurements, Circumstances(command="crnn-ocr bench", commit="abc+"))


def test_variants_are_compared_to_the_first() -> None:
    found = compared(FOUND, {"step": "ms", "absent": "s", "size": "MB"})
    assert [(each.what, each.variant, each.unit) for each in found] == [
        ("step", "a=1", "ms"), ("step", "a=2", "ms"), ("size", "a=1", "MB"), ("size", "a=2", "MB")
    ]  # fmt: skip
    assert [each.ratio and each.ratio.values for each in found] == [None, (0.5, 0.5, 0.6), None, None]


def test_nothing_is_divided_by_zero() -> None:
    zero = {"a": {"x": Spread((0.0,))}, "b": {"x": Spread((1.0,))}}
    assert [each.ratio for each in compared(zero, {"x": "ms"})] == [None, None]


def test_json_holds_each_round() -> None:
    content = json.loads(json.dumps(benchmark(compared(FOUND, {"step": "ms"})).to_dict()))
    assert content["circumstances"]["commit"] == "abc+"
    assert content["settings"] == {"repeats": 3}
    assert content["measurements"][1] == {
        "what": "step", "variant": "a=2", "unit": "ms", "median": 6, "low": 5.5, "high": 8, "values": [5, 10, 6],
        "ratio": {"median": 0.5, "low": 0.5, "high": 0.55, "values": [0.5, 0.5, 0.6]},
    }  # fmt: skip


@pytest.mark.parametrize("variants", [["a=1", "a=2"], [""]])
def test_the_table(variants: list[str]) -> None:
    out = io.StringIO()
    found = {variant: FOUND[variant or "a=1"] for variant in variants}
    show(benchmark(compared(found, {"step": "ms", "size": "MB"})), Console(file=out, width=150))
    text = out.getvalue()
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["crnn-ocr", "bench"]
    assert "commit abc+" in text
    assert "a [b]" in text
    if len(variants) == 2:
        assert ["step", "a=1", "10", "10–15", "ms"] in lines
        assert ["a=2", "6", "5.5–8", "ms", "0.5", "(0.5–0.55)"] in lines
    else:
        assert ["step", "10", "10–15", "ms"] in lines
        assert "variant" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0123456, "0.0123"), (1.2345, "1.23"), (99.94, "99.9"), (123.4, "123"), (12345.6, "12,346"), (0, "0")],
)
def test_three_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown
