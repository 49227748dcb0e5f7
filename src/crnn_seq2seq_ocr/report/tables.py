"""Tables of an evaluation for the terminal (rich)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crnn_seq2seq_ocr.metrics import Confusion, CoveragePoint, LengthBin, ReliabilityBin, Scores
from crnn_seq2seq_ocr.report.content import own_score

if TYPE_CHECKING:
    from rich.table import Table


def score_table(scores: Scores, *, title: str = "Scores") -> Table:
    """One row per profile; arrows show which scores are better when lower."""
    table = _table(title, ["profile"], ["whole text right", "CER ↓", "WER ↓", "NED ↓", "its own", "right / counted"])
    for name, values in scores.items():
        counted = f"{values['correct']} / {values['count']}"
        table.add_row(
            name,
            *(_percent(values[measure]) for measure in ("sequence_accuracy", "cer", "wer", "ned")),
            _own_score(values),
            f"{counted} ({values['left_out']} left out)" if values["left_out"] else counted,
        )
    return table


def count_table(evaluated: int, dropped: Mapping[str, int]) -> Table:
    """How many samples count, and how many were dropped for which reason."""
    table = _table("Samples", [""], ["samples"])
    table.add_row("evaluated", str(evaluated))
    for reason, count in sorted(dropped.items(), key=lambda entry: (-entry[1], entry[0])):
        table.add_row(f"dropped: {_plain(reason)}", str(count))
    return table


def length_table(bins: Sequence[LengthBin]) -> Table:
    """Accuracy by length of the reference."""
    table = _table("Accuracy by length (strict)", [], ["characters", "samples", "whole text right", "CER ↓"])
    for each in bins:
        name = str(each.low) if each.low == each.high else f"{each.low}-{each.high}"
        table.add_row(name, str(each.count), _percent(each.sequence_accuracy), _percent(each.cer))
    return table


def coverage_table(points: Sequence[CoveragePoint]) -> Table:
    """Tabulate the error among the most confident readings against the share accepted."""
    columns = ["accept at least", "from confidence", "accepted", "wrong among them"]
    table = _table("What the confidence is worth (strict)", [], columns)
    for point in points:
        table.add_row(
            f"{point.coverage:.0%}", f"{point.threshold:.3f}", _percent(point.accepted), _percent(point.error)
        )
    return table


def reliability_table(bins: Sequence[ReliabilityBin], error: float | None) -> Table:
    """How sure the model was, and how often it was right: in the title the mean gap between the two."""
    gap = "" if error is None else f", expected calibration error {error:.4f} ↓"
    table = _table(f"Calibration (strict){gap}", [], ["confidence", "samples", "mean confidence", "whole text right"])
    for each in bins:
        name = f"{each.low:.0%}-{each.high:.0%}"
        table.add_row(name, str(each.count), _percent(each.confidence), _percent(each.accuracy))
    return table


def confusion_table(mistakes: Sequence[Confusion], *, limit: int = 10) -> Table:
    """Tabulate the most frequent single-character mistakes with an example of each."""
    table = _table("Most frequent confusions (strict)", ["true", "read"], ["times"])
    table.add_column("for example", overflow="fold")
    for each in mistakes[:limit]:
        example = f"{_plain(each.reference)} → {_plain(each.prediction)}"
        table.add_row(_visible(each.expected), _visible(each.found), str(each.count), example)
    return table


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right")
    return table


def _own_score(values: Mapping[str, float | int | None]) -> str:
    own = own_score(values)
    return "–" if own is None else f"{_percent(own[1])} {own[0]}"


def _visible(character: str) -> str:
    if not character:
        return "nothing"
    return "␣" if character.isspace() else _plain(character)


def _plain(text: str) -> str:
    """Escape what rich would take for its markup."""
    from rich.markup import escape

    return escape(text)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"
