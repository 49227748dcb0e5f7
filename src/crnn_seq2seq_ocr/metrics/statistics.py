"""Statistics of an evaluation: accuracy by length, confusions, and what the confidence is worth.

Texts are compared by the ``strict`` profile. Results are small frozen dataclasses, ready for
`dataclasses.asdict` and JSON.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz.distance import Levenshtein

from crnn_seq2seq_ocr.metrics.profiles import strict
from crnn_seq2seq_ocr.metrics.scores import cer


@dataclass(frozen=True, slots=True)
class LengthBin:
    """References of ``low`` to ``high`` characters, both included; ``cer`` is None for empty references."""

    low: int
    high: int
    count: int
    correct: int
    sequence_accuracy: float
    cer: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """One kind of single-character mistake; ``expected`` is empty for an insertion, ``found`` for a deletion."""

    kind: Literal["substitution", "insertion", "deletion"]
    expected: str
    found: str
    count: int
    reference: str
    """Text of the first sample that has the mistake."""
    prediction: str
    """What was read there."""


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """What follows from accepting only readings whose confidence is at least ``threshold``."""

    threshold: float
    accepted: float
    """Share of all samples that are accepted."""
    error: float
    """Share of the accepted ones that are wrong."""


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The threshold that accepts at least the share ``coverage`` of all samples, and its price."""

    coverage: float
    threshold: float
    accepted: float
    error: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Samples with a confidence from ``low`` (included) to ``high``: the mean confidence and the share right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def correctness(references: Sequence[str], predictions: Sequence[str]) -> list[bool]:
    """Whether each whole text is right by the strict profile."""
    return [
        strict(reference) == strict(prediction) for reference, prediction in zip(references, predictions, strict=True)
    ]


def accuracy_by_length(references: Sequence[str], predictions: Sequence[str], *, width: int = 5) -> list[LengthBin]:
    """Accuracy of texts of 1 to ``width`` characters, of the next ``width`` lengths, and so on.

    Bins without samples are left out; empty references have a bin of their own (0 to 0).
    """
    bins: dict[int, list[tuple[str, str]]] = {}
    for reference, prediction in zip(map(strict, references), map(strict, predictions), strict=True):
        bins.setdefault(math.ceil(len(reference) / width), []).append((reference, prediction))
    return [_length_bin(number, bins[number], width) for number in sorted(bins)]


def _length_bin(number: int, pairs: list[tuple[str, str]], width: int) -> LengthBin:
    correct = sum(reference == prediction for reference, prediction in pairs)
    error_rate = cer([reference for reference, _ in pairs], [prediction for _, prediction in pairs])
    return LengthBin(
        low=max(0, (number - 1) * width + 1),
        high=number * width,
        count=len(pairs),
        correct=correct,
        sequence_accuracy=correct / len(pairs),
        cer=None if math.isnan(error_rate) else error_rate,
    )


def confusions(references: Sequence[str], predictions: Sequence[str], *, limit: int = 30) -> list[Confusion]:
    """Return the most frequent single-character mistakes along a shortest edit path, most frequent first.

    Ties are ordered by character, so that the same data always give the same list.
    """
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], tuple[str, str]] = {}
    for reference, prediction in zip(map(strict, references), map(strict, predictions), strict=True):
        for operation in Levenshtein.editops(reference, prediction):
            expected = "" if operation.tag == "insert" else reference[operation.src_pos]
            found = "" if operation.tag == "delete" else prediction[operation.dest_pos]
            counts[expected, found] += 1
            examples.setdefault((expected, found), (reference, prediction))
    ordered = sorted(counts, key=lambda mistake: (-counts[mistake], mistake))
    return [Confusion(_kind(*mistake), *mistake, counts[mistake], *examples[mistake]) for mistake in ordered[:limit]]


def _kind(expected: str, found: str) -> Literal["substitution", "insertion", "deletion"]:
    if expected and found:
        return "substitution"
    return "deletion" if expected else "insertion"


def threshold_curve(
    correct: Sequence[bool], confidences: Sequence[float], *, points: int = 100
) -> list[ThresholdPoint]:
    """Share accepted and error among the accepted, from the highest threshold to the lowest.

    One point per distinct confidence (samples of equal confidence are accepted together); of more than
    ``points`` only that many are kept, evenly spread over the shares and always with the last.

    Raises:
        ValueError: The lists differ in length, or a confidence is not finite.
    """
    thresholds, accepted, wrong = _cumulated(correct, confidences)
    if len(thresholds) > points:
        wanted = np.linspace(accepted[-1] / points, accepted[-1], points)
        kept = np.unique(np.searchsorted(accepted, wanted - 1e-9))
        thresholds, accepted, wrong = thresholds[kept], accepted[kept], wrong[kept]
    return [
        ThresholdPoint(float(threshold), float(taken / len(correct)), float(bad / taken))
        for threshold, taken, bad in zip(thresholds, accepted, wrong, strict=True)
    ]


def risk_at_coverage(
    correct: Sequence[bool],
    confidences: Sequence[float],
    *,
    coverages: Sequence[float] = (0.5, 0.8, 0.9, 0.95, 0.99),
) -> list[CoveragePoint]:
    """For each share: the highest threshold that accepts at least so many, and the error among them.

    Raises:
        ValueError: As `threshold_curve`.
    """
    thresholds, accepted, wrong = _cumulated(correct, confidences)
    if not len(thresholds):
        return []
    # A hair less than the share, so that 0.95 of 100 samples is 95 of them whatever 0.95 * 100 rounds to.
    places = [int(np.searchsorted(accepted, coverage * len(correct) - 1e-9)) for coverage in coverages]
    return [
        CoveragePoint(
            coverage=coverage,
            threshold=float(thresholds[place]),
            accepted=float(accepted[place] / len(correct)),
            error=float(wrong[place] / accepted[place]),
        )
        for coverage, place in zip(coverages, places, strict=True)
    ]


def risk_coverage_area(correct: Sequence[bool], confidences: Sequence[float]) -> float:
    """Area under the risk-coverage curve: mean over k = 1..n of the error among the k most confident.

    Lower is better; confidences that say nothing give the error rate itself. Within a tie the errors
    are spread evenly (the expectation over all orders). nan without samples. (Geifman and El-Yaniv 2017.)

    Raises:
        ValueError: As `threshold_curve`.
    """
    _, accepted, wrong = _cumulated(correct, confidences)
    if not len(accepted):
        return math.nan
    taken = np.arange(1, len(correct) + 1)
    return float(np.mean(np.interp(taken, np.append(0, accepted), np.append(0, wrong)) / taken))


def reliability(correct: Sequence[bool], confidences: Sequence[float], *, bins: int = 10) -> list[ReliabilityBin]:
    """Confidence against accuracy in ``bins`` bins of equal width over 0 to 1, empty bins left out.

    Raises:
        ValueError: The lists differ in length, or a confidence is outside 0 to 1.
    """
    right, sure = _checked(correct, confidences)
    if np.any((sure < 0) | (sure > 1)):
        raise ValueError("confidences must lie between 0 and 1")
    places = np.minimum((sure * bins).astype(int), bins - 1)  # a confidence of 1 belongs to the last bin
    return [
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            count=int(np.sum(places == place)),
            confidence=float(np.mean(sure[places == place])),
            accuracy=float(np.mean(right[places == place])),
        )
        for place in map(int, np.unique(places))
    ]


def expected_calibration_error(correct: Sequence[bool], confidences: Sequence[float], *, bins: int = 10) -> float:
    """Mean over samples of the gap between confidence and accuracy of their bin (Naeini et al. 2015).

    0 to 1, lower is better; nan without samples.

    Raises:
        ValueError: As `reliability`.
    """
    table = reliability(correct, confidences, bins=bins)
    total = sum(each.count for each in table)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in table) / total if total else math.nan


def _checked(correct: Sequence[bool], confidences: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    right, sure = np.asarray(correct, dtype=bool), np.asarray(confidences, dtype=np.float64)
    if right.shape != sure.shape:
        raise ValueError(f"{len(right)} judgements but {len(sure)} confidences")
    if not np.all(np.isfinite(sure)):
        raise ValueError("a confidence is not a finite number")
    return right, sure


def _cumulated(correct: Sequence[bool], confidences: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct confidences from high to low, with the numbers accepted and wrong down to each."""
    right, sure = _checked(correct, confidences)
    thresholds, groups = np.unique(-sure, return_inverse=True)
    accepted = np.cumsum(np.bincount(groups, minlength=len(thresholds)))
    wrong = np.cumsum(np.bincount(groups, weights=~right, minlength=len(thresholds)))
    return -thresholds, accepted, wrong
