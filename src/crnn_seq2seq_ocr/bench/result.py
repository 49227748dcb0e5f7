"""What a benchmark found: numbers with their spread and circumstances, as a table and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.bench.timing import Spread

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True)
class Measurement:
    """One number.

    Attributes:
        what: Of what.
        variant: Under which settings; empty where there is but one.
        unit: Of the values.
        spread: The values.
        ratio: To those of the first variant, round by round; None for the first itself, where all are the same,
            and where the variants were not measured side by side.
    """

    what: str
    variant: str
    unit: str
    spread: Spread
    ratio: Spread | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        ratio = self.ratio.to_dict() if self.ratio else None
        return {"what": self.what, "variant": self.variant, "unit": self.unit, **self.spread.to_dict(), "ratio": ratio}


@dataclass(frozen=True)
class Benchmark:
    """All that one command measured.

    Attributes:
        title: For people.
        settings: What was asked for, beyond the command itself.
        measurements: In the order in which they are shown.
        circumstances: Of all of them.
    """

    title: str
    settings: dict[str, Any]
    measurements: list[Measurement]
    circumstances: Circumstances

    def to_dict(self) -> dict[str, Any]:
        """For JSON: every value of every round."""
        return {
            "title": self.title,
            "circumstances": asdict(self.circumstances),
            "settings": self.settings,
            "measurements": [each.to_dict() for each in self.measurements],
        }


def compared(found: Mapping[str, Mapping[str, Spread]], units: Mapping[str, str]) -> list[Measurement]:
    """Measurements of variants (what `side_by_side` gives), those of one thing together.

    Args:
        found: By variant, then by what was measured.
        units: What to take of each variant, in this order, with its unit.
    """
    first = next(iter(found))
    return [
        Measurement(what, variant, unit, spreads[what], ratio=_ratio(spreads[what], found[first][what]))
        for what, unit in units.items()
        for variant, spreads in found.items()
        if what in spreads
    ]


def _ratio(spread: Spread, first: Spread) -> Spread | None:
    return None if spread == first or not all(first.values) else spread.over(first)


def show(benchmark: Benchmark, console: "Console") -> None:
    """Print the circumstances and a table of all numbers."""
    for line in benchmark.circumstances.lines():
        console.print(line, markup=False, highlight=False)
    console.print(_table(benchmark))


def _table(benchmark: Benchmark) -> "Table":
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(benchmark.title), title_justify="left", box=box.SIMPLE_HEAD)
    varied = any(each.variant for each in benchmark.measurements)
    table.add_column("what", overflow="fold")
    if varied:
        table.add_column("variant", overflow="fold")
    for name in ("median", "quartiles", "unit", *(["times the first"] if varied else [])):
        table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
    before = None
    for each in benchmark.measurements:
        what = "" if each.what == before else each.what
        before = each.what
        ratio = [_with_quartiles(each.ratio)] if varied else []
        variant = [escape(each.variant)] if varied else []
        table.add_row(what, *variant, number(each.spread.median), _quartiles(each.spread), each.unit, *ratio)
    return table


def _quartiles(spread: Spread) -> str:
    return f"{number(spread.low)}–{number(spread.high)}" if len(spread.values) > 1 else ""


def _with_quartiles(ratio: Spread | None) -> str:
    if ratio is None:
        return ""
    quartiles = _quartiles(ratio)
    return f"{number(ratio.median)} ({quartiles})" if quartiles else number(ratio.median)


def number(value: float) -> str:
    """Three digits that count, and all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
