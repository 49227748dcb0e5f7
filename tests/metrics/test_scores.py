"""Scores against values worked out by hand."""

import json
import math

import pytest

from crnn_seq2seq_ocr.metrics import (
    cer,
    edit_distance,
    lcs_ratio,
    ned,
    one_minus_ned,
    positional_accuracy,
    score,
    sequence_accuracy,
    wer,
)

REFERENCES = ["abcd", "ab", ""]
PREDICTIONS = ["abxd", "abcd", ""]  # one substitution; two insertions; nothing


def test_edit_distance() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3


def test_cer_is_pooled() -> None:
    assert cer(REFERENCES, PREDICTIONS) == pytest.approx(3 / 6)


def test_cer_counts_what_is_written_for_an_empty_reference() -> None:
    assert cer(["", "ab"], ["xyz", "ab"]) == pytest.approx(3 / 2)


def test_wer_counts_words() -> None:
    assert wer(["Rue de la Paix", "Rue Zola"], ["Rue de Paix", "Rue  Zolo"]) == pytest.approx(2 / 6)


def test_ned_is_a_mean_over_samples_and_over_the_longer_text() -> None:
    assert ned(REFERENCES, PREDICTIONS) == pytest.approx((1 / 4 + 2 / 4 + 0) / 3)
    assert one_minus_ned(REFERENCES, PREDICTIONS) == pytest.approx(0.75)


def test_sequence_accuracy() -> None:
    assert sequence_accuracy(REFERENCES, PREDICTIONS) == pytest.approx(1 / 3)


def test_lcs_ratio() -> None:
    assert lcs_ratio(REFERENCES, PREDICTIONS) == pytest.approx(2 * (3 + 2) / (4 + 4 + 2 + 4))


def test_positional_accuracy_is_a_mean_of_shares_masked_past_the_reference() -> None:
    assert positional_accuracy(["abcd", "ab", "abcd"], ["axcd", "abzz", "a"]) == pytest.approx((3 / 4 + 1 + 1 / 4) / 3)


@pytest.mark.parametrize("measure", [cer, wer, ned, one_minus_ned, sequence_accuracy, lcs_ratio, positional_accuracy])
def test_nothing_has_no_score(measure) -> None:
    assert math.isnan(measure([], []))


@pytest.mark.parametrize("measure", [cer, wer, ned, sequence_accuracy, lcs_ratio, positional_accuracy, score])
def test_lists_of_different_length_are_refused(measure) -> None:
    with pytest.raises(ValueError, match="shorter"):
        measure(["a", "b"], ["a"])


def test_rates_without_reference_characters_are_undefined() -> None:
    assert math.isnan(cer([""], ["x"]))


def test_profiles_judge_differently() -> None:
    scores = score(["Rue de l’Église", "Saint-Michel"], ["Rue de l'Eglise", "Saint MichelXY"])

    right = {name: values["correct"] for name, values in scores.items()}
    assert right == {"strict": 0, "folded": 1, "original": 0, "tensorflow": 0, "str": 0}
    assert {values["count"] for values in scores.values()} == {2}
    assert scores["strict"]["cer"] == pytest.approx(4 / 27)
    assert scores["tensorflow"]["cer"] is None


def test_tensorflow_profile_forgives_the_tail_but_not_a_missing_end() -> None:
    scores = score(["abc", "abc", "abc"], ["abcdef", "ab", "aBc"])["tensorflow"]

    assert scores["correct"] == 1
    assert scores["sequence_accuracy"] == pytest.approx(1 / 3)
    assert scores["positional_accuracy"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_benchmark_profile_counts_what_it_leaves_out() -> None:
    scores = score(["É", "Foch!"], ["x", "foch"])["str"]

    assert (scores["count"], scores["left_out"], scores["correct"]) == (1, 1, 1)


def test_character_scores_stand_only_where_the_source_has_them() -> None:
    scores = score(["ab"], ["ab"])

    assert {name for name, values in scores.items() if "lcs_ratio" in values} == {"original"}
    assert {name for name, values in scores.items() if "positional_accuracy" in values} == {"tensorflow"}


def test_scores_of_nothing_are_valid_json() -> None:
    scores = json.loads(json.dumps(score([], []), allow_nan=False))

    assert scores["strict"] == {
        "count": 0, "left_out": 0, "correct": 0, "sequence_accuracy": None, "cer": None, "wer": None, "ned": None,
    }  # fmt: skip
