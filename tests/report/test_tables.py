"""Terminal tables say what the numbers say."""

from rich.console import Console
from rich.table import Table

from crnn_seq2seq_ocr.metrics import Confusion, CoveragePoint, accuracy_by_length, reliability, score
from crnn_seq2seq_ocr.report.tables import (
    confusion_table,
    count_table,
    coverage_table,
    length_table,
    reliability_table,
    score_table,
)


def shown(table: Table) -> str:
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def row(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(start))


def test_score_table_has_a_row_per_profile() -> None:
    text = shown(score_table(score(["É", "Rue Foch"], ["É", "Rue Fach"])))

    assert row(text, "strict").split() == ["strict", "50.00%", "11.11%", "33.33%", "6.25%", "–", "1", "/", "2"]
    assert "LCS ratio" in row(text, "original")
    assert "positional" in row(text, "tensorflow")
    assert "(1 left out)" in row(text, "str ")


def test_scores_of_nothing_show_dashes() -> None:
    assert row(shown(score_table(score([], []))), "strict").split() == ["strict", *"–––––", "0", "/", "0"]


def test_count_table_lists_reasons_by_frequency() -> None:
    lines = shown(count_table(7, {"too long": 1, "[bold]odd[/bold]": 4})).splitlines()

    named = [line.split() for line in lines if line.split() and line.split()[-1].isdigit()]
    assert [words[-1] for words in named] == ["7", "4", "1"]
    assert "[bold]odd[/bold]" in "".join(lines)


def test_length_coverage_and_confusion_tables() -> None:
    assert row(shown(length_table(accuracy_by_length(["abc"], ["abc"]))), "1-5").split() == [
        "1-5", "1", "100.00%", "0.00%",
    ]  # fmt: skip
    points = [CoveragePoint(coverage=0.9, threshold=0.5, accepted=0.92, error=0.01)]
    assert row(shown(coverage_table(points)), "90%").split() == ["90%", "0.500", "92.00%", "1.00%"]
    mistakes = [Confusion("insertion", "", " ", 3, "ab", "a b"), Confusion("substitution", "[", "l", 1, "[", "l")]
    text = shown(confusion_table(mistakes, limit=1))
    assert row(text, "nothing").split() == ["nothing", "␣", "3", "ab", "→", "a", "b"]
    assert len(text.splitlines()) == len(shown(confusion_table(mistakes)).splitlines()) - 1


def test_calibration() -> None:
    text = shown(reliability_table(reliability([True, False, True], [0.25, 0.25, 1.0]), 1 / 6))
    assert "expected calibration error 0.1667" in text
    assert row(text, "20%-30%").split() == ["20%-30%", "2", "25.00%", "50.00%"]
    assert row(text, "90%-100%").split() == ["90%-100%", "1", "100.00%", "100.00%"]
    assert "error" not in shown(reliability_table([], None))


def test_tables_do_not_read_texts_as_markup() -> None:
    assert "[red]x" in shown(confusion_table([Confusion("substitution", "[", "x", 1, "[red]x", "y")]))
