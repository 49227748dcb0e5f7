"""Statistics of an evaluation on small cases worked out by hand, and their edges."""

import math

import pytest

from crnn_seq2seq_ocr.metrics import (
    Confusion,
    LengthBin,
    ReliabilityBin,
    ThresholdPoint,
    accuracy_by_length,
    confusions,
    correctness,
    expected_calibration_error,
    reliability,
    risk_at_coverage,
    risk_coverage_area,
    threshold_curve,
)


def test_correctness_is_strict() -> None:
    assert correctness(["l’Abbé", "A", "a b"], ["l'Abbé", "a", "a b"]) == [True, False, True]


def test_accuracy_by_length() -> None:
    bins = accuracy_by_length(["", "abcde", "abcde", "abcdef", "x" * 16], ["", "abcde", "abcdx", "abc", "x" * 16])

    assert bins == [
        LengthBin(low=0, high=0, count=1, correct=1, sequence_accuracy=1.0, cer=None),
        LengthBin(low=1, high=5, count=2, correct=1, sequence_accuracy=0.5, cer=0.1),
        LengthBin(low=6, high=10, count=1, correct=0, sequence_accuracy=0.0, cer=0.5),
        LengthBin(low=16, high=20, count=1, correct=1, sequence_accuracy=1.0, cer=0.0),
    ]


def test_confusions_are_counted_with_their_first_example() -> None:
    found = confusions(["Elle", "belle", "bac", "abc"], ["EIle", "beIle", "bacs", "ac"])

    assert found == [
        Confusion("substitution", "l", "I", 2, "Elle", "EIle"),
        Confusion("insertion", "", "s", 1, "bac", "bacs"),
        Confusion("deletion", "b", "", 1, "abc", "ac"),
    ]
    assert confusions(["Elle", "bac"], ["EIle", "bacs"], limit=1) == [
        Confusion("insertion", "", "s", 1, "bac", "bacs"),
    ]


def test_variants_are_no_confusions() -> None:
    assert confusions(["l’Abbé"], ["l'Abbé"]) == []


def test_threshold_curve_takes_equal_confidences_together() -> None:
    curve = threshold_curve([True, False, True, False], [0.9, 0.5, 0.5, 0.1])

    assert curve == [
        ThresholdPoint(threshold=0.9, accepted=0.25, error=0.0),
        ThresholdPoint(threshold=0.5, accepted=0.75, error=pytest.approx(1 / 3)),
        ThresholdPoint(threshold=0.1, accepted=1.0, error=0.5),
    ]


def test_long_curves_are_thinned_and_keep_their_end() -> None:
    correct = [index % 10 != 0 for index in range(2000)]
    curve = threshold_curve(correct, [index / 2000 for index in range(2000)], points=50)

    assert len(curve) == 50
    assert curve[-1].accepted == 1.0
    assert curve[-1].error == pytest.approx(0.1)
    assert curve[24].accepted == pytest.approx(0.5)


def test_risk_at_coverage_takes_the_least_that_covers() -> None:
    correct = [True] * 90 + [False] * 10
    points = risk_at_coverage(correct, [1 - index / 1000 for index in range(100)], coverages=(0.5, 0.95, 0.99))

    assert [point.accepted for point in points] == [0.5, 0.95, 0.99]
    assert [point.error for point in points] == pytest.approx([0, 5 / 95, 9 / 99])


def test_risk_at_coverage_with_ties_takes_the_whole_tie() -> None:
    (point,) = risk_at_coverage([True, False, True], [0.7, 0.7, 0.2], coverages=(0.1,))

    assert (point.threshold, point.error) == (0.7, 0.5)
    assert point.accepted == pytest.approx(2 / 3)


def test_area_orders_good_before_useless_before_bad_confidences() -> None:
    correct = [True, True, False, False]

    assert risk_coverage_area(correct, [0.9, 0.8, 0.2, 0.1]) == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert risk_coverage_area(correct, [0.5] * 4) == pytest.approx(0.5)
    assert risk_coverage_area(correct, [0.1, 0.2, 0.8, 0.9]) == pytest.approx((1 + 1 + 2 / 3 + 2 / 4) / 4)


def test_reliability_and_calibration_error() -> None:
    table = reliability([True, False, True], [0.25, 0.25, 1.0], bins=10)

    assert table == [
        ReliabilityBin(low=0.2, high=0.3, count=2, confidence=0.25, accuracy=0.5),
        ReliabilityBin(low=0.9, high=1.0, count=1, confidence=1.0, accuracy=1.0),
    ]
    assert expected_calibration_error([True, False, True], [0.25, 0.25, 1.0]) == pytest.approx(2 / 3 * 0.25)


def test_all_right() -> None:
    assert threshold_curve([True, True], [0.5, 0.5]) == [ThresholdPoint(0.5, 1.0, 0.0)]
    assert risk_coverage_area([True, True], [0.9, 0.5]) == 0
    assert expected_calibration_error([True], [1.0]) == 0
    assert confusions(["a"], ["a"]) == []


def test_no_samples() -> None:
    assert accuracy_by_length([], []) == []
    assert confusions([], []) == []
    assert threshold_curve([], []) == []
    assert risk_at_coverage([], []) == []
    assert reliability([], []) == []
    assert math.isnan(risk_coverage_area([], []))
    assert math.isnan(expected_calibration_error([], []))


@pytest.mark.parametrize("statistic", [threshold_curve, risk_at_coverage, risk_coverage_area, reliability])
def test_bad_confidences_are_refused(statistic) -> None:
    with pytest.raises(ValueError, match="finite"):
        statistic([True], [math.nan])
    with pytest.raises(ValueError, match="2 judgements but 1 confidences"):
        statistic([True, False], [0.5])


def test_confidence_above_one_has_no_calibration() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability([True], [1.5])
