"""An evaluation as one HTML page that needs nothing else: no network, no scripts, light and dark."""

from importlib.resources import files

from crnn_seq2seq_ocr.metrics import PROFILES
from crnn_seq2seq_ocr.report.charts import length_chart, reliability_chart, threshold_chart
from crnn_seq2seq_ocr.report.content import EvaluationReport
from crnn_seq2seq_ocr.report.templates import percent, templates

_MOST_CONFUSIONS = 15


def render_html(report: EvaluationReport) -> str:
    """Write the report as one HTML page."""
    style = files("crnn_seq2seq_ocr.report").joinpath("style.css").read_text(encoding="utf-8")
    return (
        templates()
        .get_template("report.html")
        .render(
            report=report,
            style=style,
            tiles=_tiles(report),
            definitions={profile.name: profile.description for profile in PROFILES},
            dropped=sorted(report.dropped.items(), key=lambda entry: (-entry[1], entry[0])),
            confusions=report.confusions[:_MOST_CONFUSIONS],
            length_chart=length_chart(report.lengths),
            threshold_chart=threshold_chart(report.curve),
            reliability_chart=reliability_chart(report.reliability),
        )
    )


def _tiles(report: EvaluationReport) -> list[tuple[str, str, str]]:
    """Return the numbers at the top: each with its name and a note."""
    strict = report.scores["strict"]
    return [
        (percent(strict["sequence_accuracy"]), "whole text right", "strict"),
        (percent(strict["cer"]), "character error rate", "strict, lower is better"),
        (f"{report.evaluated:,}", "evaluated", "samples"),
        (f"{sum(report.dropped.values()):,}", "dropped", "samples"),
    ]
