"""An evaluation as one HTML page that needs nothing else: no network, no scripts, light and dark."""

import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from crnn_seq2seq_ocr.metrics import PROFILES
from crnn_seq2seq_ocr.report.cards import cards
from crnn_seq2seq_ocr.report.charts import length_chart, reliability_chart, threshold_chart
from crnn_seq2seq_ocr.report.content import CardSection, EvaluationReport

# Whatever a text or a name may hold, the browser runs no script and fetches nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_MOST_CONFUSIONS = 15
_ALIGN = {"for example": ' class="text"'}

_DESCRIPTIONS = {profile.name: profile.description for profile in PROFILES}


def render_html(report: EvaluationReport) -> str:
    """Write the report as one HTML page."""
    style = files("crnn_seq2seq_ocr.report").joinpath("style.css").read_text(encoding="utf-8")
    sections = [*_led(report), *_statistics(report), *map(_cards, report.sections)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>{_header(report)}{_tiles(report)}{_contents(sections)}"
        f"{''.join(map(_section, sections))}</main></body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page; heading and note are plain text, the content is HTML."""

    heading: str
    note: str
    content: str

    @property
    def anchor(self) -> str:
        """Where links to it lead."""
        return re.sub(r"[^a-z0-9]+", "-", self.heading.lower())


def _led(report: EvaluationReport) -> list[_Section]:
    return [] if report.lead is None else [_cards(report.lead)]


def _statistics(report: EvaluationReport) -> list[_Section]:
    return [_scores(report), _counts(report), _lengths(report), _confidence(report), _confusions(report)]


def _cards(section: CardSection) -> _Section:
    return _Section(section.heading, section.note, cards(section))


def _contents(sections: list[_Section]) -> str:
    links = [f'<a href="#{each.anchor}">{escape(each.heading)}</a>' for each in sections]
    return f"<nav>{''.join(links)}</nav>"


def _section(section: _Section) -> str:
    return (
        f'<section id="{section.anchor}"><h2>{escape(section.heading)}</h2>'
        f'<p class="note">{escape(section.note)}</p>{section.content}</section>'
    )


def _header(report: EvaluationReport) -> str:
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in report.facts)
    return f'<header class="page"><h1>{escape(report.title)}</h1><dl class="facts">{facts}</dl></header>'


def _tiles(report: EvaluationReport) -> str:
    strict = report.scores["strict"]
    tiles = [
        ("whole text right", _percent(strict["sequence_accuracy"]), "strict"),
        ("character error rate", _percent(strict["cer"]), "strict, lower is better"),
        ("evaluated", f"{report.evaluated:,}", "samples"),
        ("dropped", f"{sum(report.dropped.values()):,}", "samples"),
    ]
    shown = "".join(f"<div><b>{value}</b><span>{name}</span><small>{note}</small></div>" for name, value, note in tiles)
    return f'<div class="tiles">{shown}</div>'


def _scores(report: EvaluationReport) -> _Section:
    rows = []
    for name, values in report.scores.items():
        own = next((key for key in ("lcs_ratio", "positional_accuracy") if key in values), None)
        own_score = "–" if own is None else f"{_percent(values[own])}<small>{own.replace('_', ' ')}</small>"
        left_out = f"<small>{values['left_out']:,} left out</small>" if values["left_out"] else ""
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th><td class="strong">{_percent(values["sequence_accuracy"])}</td>'
            f"<td>{_percent(values['cer'])}</td><td>{_percent(values['wer'])}</td><td>{_percent(values['ned'])}</td>"
            f"<td>{own_score}</td><td>{values['correct']:,} / {values['count']:,}{left_out}</td></tr>"
        )
    definitions = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(_DESCRIPTIONS.get(name, ''))}</dd>" for name in report.scores
    )
    table = _table(["profile", "whole text right", "CER ↓", "WER ↓", "NED ↓", "its own", "right / counted"], rows)
    return _Section(
        "Scores",
        "A profile says what counts as equal. CER and WER: edits over all characters or words of the references, "
        "pooled. NED: mean of edits over the longer text. An arrow down: lower is better.",
        f'{table}<dl class="definitions">{definitions}</dl>',
    )


def _counts(report: EvaluationReport) -> _Section:
    rows = [f'<tr><th scope="row">evaluated</th><td>{report.evaluated:,}</td></tr>']
    rows += [
        f'<tr><th scope="row">dropped: {escape(reason)}</th><td>{count:,}</td></tr>'
        for reason, count in sorted(report.dropped.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    return _Section("Samples", "Dropped samples count in no score.", _table(["", "samples"], rows))


def _lengths(report: EvaluationReport) -> _Section:
    return _Section("Accuracy by length", "By the strict profile.", length_chart(report.lengths))


def _confidence(report: EvaluationReport) -> _Section:
    rows = [
        f'<tr><th scope="row">{point.coverage:.0%}</th><td>{point.threshold:.3f}</td>'
        f"<td>{point.accepted:.1%}</td><td>{point.error:.2%}</td></tr>"
        for point in report.coverages
    ]
    bins = [
        f'<tr><th scope="row">{each.low:.0%}–{each.high:.0%}</th><td>{each.count:,}</td>'
        f"<td>{each.confidence:.1%}</td><td>{each.accuracy:.1%}</td></tr>"
        for each in report.reliability
    ]
    worth = (
        f"Area under the risk-coverage curve {_number(report.risk_coverage_area)}, "
        f"expected calibration error {_number(report.calibration_error)}: lower is better."
    )
    return _Section(
        "What the confidence is worth",
        "Accept only readings from a threshold on: what share is that, and how many of those are wrong? " + worth,
        f'<div class="pair"><figure>{threshold_chart(report.curve)}</figure>'
        f"<figure>{reliability_chart(report.reliability)}</figure></div>"
        + _table(["accept at least", "from confidence", "accepted", "wrong among them"], rows)
        + _table(["confidence", "samples", "mean confidence", "whole text right"], bins),
    )


def _confusions(report: EvaluationReport) -> _Section:
    rows = [
        f"<tr><td>{_cell(each.expected)}</td><td>{_cell(each.found)}</td><td>{each.count:,}</td>"
        f'<td class="text">{escape(each.reference)} → {escape(each.prediction)}</td></tr>'
        for each in report.confusions[:_MOST_CONFUSIONS]
    ]
    return _Section(
        "Most frequent confusions",
        "Single characters along a shortest way from the true text to the one read.",
        _table(["true", "read", "times", "for example"], rows) if rows else '<p class="empty">None.</p>',
    )


def _table(columns: list[str], rows: list[str]) -> str:
    head = "".join(f'<th scope="col"{_ALIGN.get(column, "")}>{column}</th>' for column in columns)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _cell(character: str) -> str:
    if not character:
        return '<span class="empty">nothing</span>'
    return f"<kbd>{'␣' if character.isspace() else escape(character)}</kbd>"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
