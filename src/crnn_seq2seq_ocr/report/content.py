"""What a report says, as plain data: the statistics of an evaluation and the samples it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.metrics import (
    PROFILES,
    Confusion,
    CoveragePoint,
    LengthBin,
    ReliabilityBin,
    Scores,
    ThresholdPoint,
    accuracy_by_length,
    confusions,
    correctness,
    expected_calibration_error,
    reliability,
    risk_at_coverage,
    risk_coverage_area,
    score,
    threshold_curve,
)

_OWN_SCORES = {"lcs_ratio": "LCS ratio", "positional_accuracy": "positional"}


@dataclass(frozen=True, slots=True)
class SampleCard:
    """One sample as a report shows it; pictures are RGB uint8 (H, W, 3).

    Attributes:
        name: Name of the sample.
        reference: The true text; None where it is not known.
        prediction: The text that was read.
        confidence: Of the whole reading, 0 to 1.
        characters: The read characters with their probabilities.
        picture: The sign.
        overview: The sign with the way of the attention, see `report.attention.draw_overview`.
        heat_maps: One picture for each of ``characters``, see `report.attention.character_heat_maps`.
    """

    name: str
    reference: str | None
    prediction: str
    confidence: float
    characters: tuple[tuple[str, float], ...] = ()
    picture: np.ndarray | None = None
    overview: np.ndarray | None = None
    heat_maps: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, slots=True)
class CardSection:
    """Some samples under a heading, such as the worst cases."""

    heading: str
    note: str
    cards: tuple[SampleCard, ...]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Everything that an evaluation found out; make one with `summarize`.

    Attributes:
        title: Heading of the page.
        facts: What was evaluated, on what, when, how: names with values.
        evaluated: Number of samples that count in the scores.
        dropped: Samples that could not be evaluated: reason to number.
        scores: Of every profile, see `metrics.score`.
        lengths, confusions, curve, coverages, reliability: See `metrics`.
        risk_coverage_area, calibration_error: See `metrics`; None without samples.
        lead: Samples to show first of all.
        sections: Samples to show after the statistics.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    evaluated: int
    dropped: Mapping[str, int]
    scores: Scores
    lengths: Sequence[LengthBin]
    confusions: Sequence[Confusion]
    curve: Sequence[ThresholdPoint]
    coverages: Sequence[CoveragePoint]
    reliability: Sequence[ReliabilityBin]
    risk_coverage_area: float | None
    calibration_error: float | None
    lead: CardSection | None = None
    sections: tuple[CardSection, ...] = ()


def summarize(
    title: str,
    references: Sequence[str],
    predictions: Sequence[str],
    confidences: Sequence[float],
    *,
    facts: Sequence[tuple[str, str]] = (),
    dropped: Mapping[str, int] | None = None,
    lead: CardSection | None = None,
    sections: Sequence[CardSection] = (),
) -> EvaluationReport:
    """Return the report of an evaluation: every statistic of the three lists, one entry per sample.

    Raises:
        ValueError: The lists differ in length, or a confidence is not a number from 0 to 1.
    """
    correct = correctness(references, predictions)
    return EvaluationReport(
        title=title,
        facts=tuple(facts),
        evaluated=len(references),
        dropped=dict(dropped or {}),
        scores=score(references, predictions),
        lengths=accuracy_by_length(references, predictions),
        confusions=confusions(references, predictions),
        curve=threshold_curve(correct, confidences),
        coverages=risk_at_coverage(correct, confidences),
        reliability=reliability(correct, confidences),
        risk_coverage_area=_known(risk_coverage_area(correct, confidences)),
        calibration_error=_known(expected_calibration_error(correct, confidences)),
        lead=lead,
        sections=tuple(sections),
    )


def own_score(values: Mapping[str, float | int | None]) -> tuple[str, float | None] | None:
    """Find the name and value of the score that a profile has for itself; None where it has none."""
    return next(((label, values[name]) for name, label in _OWN_SCORES.items() if name in values), None)


def as_json(report: EvaluationReport) -> dict[str, Any]:
    """Return the report ready for ``json.dumps``, with the definition of each profile and without the pictures."""
    statistics = ("lengths", "confusions", "curve", "coverages", "reliability")
    return {
        "title": report.title,
        "facts": dict(report.facts),
        "evaluated": report.evaluated,
        "dropped": dict(report.dropped),
        "profiles": {profile.name: profile.description for profile in PROFILES if profile.name in report.scores},
        "scores": report.scores,
        **{name: [asdict(entry) for entry in getattr(report, name)] for name in statistics},
        "risk_coverage_area": report.risk_coverage_area,
        "calibration_error": report.calibration_error,
    }


def _known(value: float) -> float | None:
    return None if isnan(value) else value
