"""Profiles: what each one counts, and the original's own examples."""

import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.metrics import (
    PROFILES,
    character_totals,
    fold,
    lcs_ratio,
    original_decode,
    profile_named,
    sequence_accuracy,
    standardize_original,
    strict,
)
from crnn_seq2seq_ocr.metrics.profiles import alphanumeric
from crnn_seq2seq_ocr.text import SPECIAL_COUNT, UNASSIGNED, Tokenizer

GOLDEN = json.loads((Path(__file__).parent.parent / "fixtures" / "golden_metrics.json").read_text(encoding="utf-8"))


def original_tokenizer() -> Tokenizer:
    """A tokenizer with the original's 10,000 ids, as far as the recorded examples know their characters."""
    charset = [UNASSIGNED] * (GOLDEN["vocabulary"]["len_rev"] - SPECIAL_COUNT)
    runs = {"0": "0123456789", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a": "abcdefghijklmnopqrstuvwxyz"}
    for first, number in GOLDEN["vocabulary"]["ids"].items():
        if number is not None and number >= SPECIAL_COUNT:
            for offset, character in enumerate(runs.get(first, first)):
                charset[number - SPECIAL_COUNT + offset] = character
    return Tokenizer("".join(charset))


@pytest.mark.parametrize(("text", "expected"), GOLDEN["standardize"])
def test_standardisation_is_the_originals(text: str, expected: str) -> None:
    assert standardize_original(text) == expected


@pytest.mark.parametrize("pair", GOLDEN["pairs"], ids=lambda pair: f"{pair['annotation']}|{pair['prediction']}")
def test_pairs_score_as_in_the_original(pair: dict) -> None:
    reference, prediction = standardize_original(pair["annotation"]), standardize_original(pair["prediction"])

    assert character_totals([reference], [prediction]) == (2 * pair["lcs"], pair["len_sum"])
    assert (reference == prediction) is pair["correct"]


def test_totals_are_the_originals() -> None:
    references = [standardize_original(pair["annotation"]) for pair in GOLDEN["pairs"]]
    predictions = [standardize_original(pair["prediction"]) for pair in GOLDEN["pairs"]]
    total = GOLDEN["total"]

    assert character_totals(references, predictions) == (total["correct_characters"], total["total_characters"])
    assert f"{lcs_ratio(references, predictions):f}" == total["character_precision"]
    assert f"{sequence_accuracy(references, predictions):f}" == total["annotation_precision"]


@pytest.mark.parametrize(("ids", "expected"), GOLDEN["decode"])
def test_ids_print_as_in_the_original(ids: list[int], expected: str) -> None:
    assert standardize_original(original_decode(ids, original_tokenizer())) == expected


def test_special_ids_print_literally_up_to_the_end() -> None:
    assert original_decode((0, 1, 3, 4, 2, 4), Tokenizer("x")) == "_PAD_GO_UNKx"


def test_strict_folds_typographic_variants_and_nothing_else() -> None:
    assert strict("Rue de l’E\u0301glise — “A”") == 'Rue de l\'Église - "A"'
    assert strict(" Œuvre  É ") == " Œuvre  É "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Rue  de\tl’Église ", "rue de l'eglise"),
        ("Cœur Æ ÿ Straße", "coeur ae y strasse"),
        ("ÇÎÔÛ İ ﬁ", "ciou i fi"),
        ("Saint-Michel", "saint-michel"),
    ],
)
def test_folded(text: str, expected: str) -> None:
    assert fold(text) == expected


def test_benchmark_rule_drops_all_but_ascii_letters_and_digits() -> None:
    assert alphanumeric("Rue Émile-Zola, n° 12 ½") == "ruemilezolan12"


def test_every_profile_has_its_own_name_and_a_description() -> None:
    names = [profile.name for profile in PROFILES]

    assert names == ["strict", "folded", "original", "tensorflow", "str"]
    assert all(profile.description.endswith(".") for profile in PROFILES)
    assert [profile_named(name) for name in names] == list(PROFILES)
    with pytest.raises(KeyError, match="loose"):
        profile_named("loose")
