"""Small charts as inline SVG, drawn in the colours of the page's stylesheet."""

import math
from collections.abc import Sequence

from crnn_seq2seq_ocr.metrics import LengthBin, ReliabilityBin, ThresholdPoint

_LEFT, _TOP, _WIDTH, _HEIGHT = 52, 20, 500, 190  # the plotted area inside the picture, in SVG units
_BOX = f"0 0 {_LEFT + _WIDTH + 24} {_TOP + _HEIGHT + 58}"


def length_chart(bins: Sequence[LengthBin]) -> str:
    """Bars: sequence accuracy of each range of lengths, with the number of samples."""
    if not bins:
        return _EMPTY
    step = _WIDTH / len(bins)
    parts = [_grid(1.0, "whole text right")]
    for place, each in enumerate(bins):
        middle, top = _LEFT + (place + 0.5) * step, _y(each.sequence_accuracy)
        name = str(each.low) if each.low == each.high else f"{each.low}–{each.high}"
        parts += [
            _bar(
                middle, each.sequence_accuracy, 0.62 * step, f"{name} characters: {each.correct} of {each.count} right"
            ),
            _text(middle, top - 5, f"{each.sequence_accuracy:.0%}", "value"),
            _text(middle, _TOP + _HEIGHT + 17, name),
            _text(middle, _TOP + _HEIGHT + 33, f"n {each.count}", "faint"),
        ]
    parts.append(_text(_LEFT + _WIDTH / 2, _TOP + _HEIGHT + 51, "characters of the reference", "faint"))
    return _svg("Accuracy by length", parts)


def threshold_chart(curve: Sequence[ThresholdPoint]) -> str:
    """Draw a line: the error among the accepted readings against the share accepted."""
    if not curve:
        return _EMPTY
    limit = _round_up(max(point.error for point in curve))
    places = [(_LEFT + point.accepted * _WIDTH, _y(point.error / limit)) for point in curve]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    floor = _TOP + _HEIGHT
    dots = [
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>accept from confidence {point.threshold:.3f}: '
        f"{point.accepted:.1%} accepted, {point.error:.2%} of them wrong</title></circle>"
        for point, (x, y) in zip(curve, places, strict=True)
    ]
    return _svg(
        "Error against the share accepted",
        [
            _grid(limit, "error among the accepted"),
            f'<polygon class="area" points="{places[0][0]:.1f},{floor} {line} {places[-1][0]:.1f},{floor}"/>',
            f'<polyline class="line" points="{line}"/>',
            *dots,
            *_share_axis("share of readings accepted"),
        ],
    )


def reliability_chart(bins: Sequence[ReliabilityBin]) -> str:
    """Bars: share right against confidence; on the dashed diagonal the confidence tells the truth."""
    if not bins:
        return _EMPTY
    bars = [
        _bar(
            _LEFT + (each.low + each.high) / 2 * _WIDTH,
            each.accuracy,
            (each.high - each.low) * _WIDTH - 3,
            f"confidence {each.low:.0%}–{each.high:.0%}, mean {each.confidence:.1%}: "
            f"{each.accuracy:.1%} of {each.count} right",
        )
        for each in bins
    ]
    diagonal = f'<line class="ideal" x1="{_LEFT}" y1="{_TOP + _HEIGHT}" x2="{_LEFT + _WIDTH}" y2="{_TOP}"/>'
    return _svg(
        "Accuracy against confidence",
        [_grid(1.0, "whole text right"), *bars, diagonal, *_share_axis("confidence")],
    )


_EMPTY = '<p class="empty">No samples.</p>'


def _svg(name: str, parts: Sequence[str]) -> str:
    return f'<svg class="chart" viewBox="{_BOX}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _grid(limit: float, name: str) -> str:
    """Horizontal lines at quarters of the limit, with their values, and the axis' name."""
    parts = [_text(_LEFT, _TOP - 8, name, "faint start")]
    for quarter in range(5):
        height = _y(quarter / 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{height:.1f}" x2="{_LEFT + _WIDTH}" y2="{height:.1f}"/>')
        parts.append(_text(_LEFT - 7, height + 4, _percent(limit * quarter / 4), "faint end"))
    return "".join(parts)


def _share_axis(name: str) -> list[str]:
    marks = [_text(_LEFT + share / 4 * _WIDTH, _TOP + _HEIGHT + 18, f"{share / 4:.0%}", "faint") for share in range(5)]
    return [*marks, _text(_LEFT + _WIDTH / 2, _TOP + _HEIGHT + 40, name, "faint")]


def _bar(middle: float, share: float, width: float, title: str) -> str:
    top = _y(share)
    return (
        f'<rect class="bar" x="{middle - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{_TOP + _HEIGHT - top:.1f}"><title>{title}</title></rect>'
    )


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{text}</text>'


def _y(share: float) -> float:
    return _TOP + (1 - share) * _HEIGHT


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _round_up(error: float) -> float:
    """Return the next of 1, 2, 4 or 10 percent, then of every 20 percent: a top of the axis with plain quarters."""
    for limit in (0.01, 0.02, 0.04, 0.1):
        if error <= limit:
            return limit
    return math.ceil(error * 5 - 1e-9) / 5
