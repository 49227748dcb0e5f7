"""Scores of a corpus: lists of references and of predictions in, one number out.

All of them compare the texts as given; `score` applies the profiles first. A score of nothing (no
samples; for rates, no reference characters or words) is undefined: nan, which `score` shows as None.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence

from rapidfuzz.distance import LCSseq, Levenshtein

from crnn_seq2seq_ocr.metrics.profiles import PROFILES, Profile

Scores = dict[str, dict[str, float | int | None]]
"""Profile name to its counts and scores, see `score`."""


def edit_distance(reference: Sequence[Hashable], prediction: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and substitutions of single elements (Levenshtein 1966)."""
    return Levenshtein.distance(reference, prediction)


def cer(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Character error rate, pooled: sum of edit distances / sum of reference lengths. Lower is better.

    Can exceed 1. What is written for an empty reference counts as insertions.
    """
    return _pooled_error_rate(references, predictions)


def wer(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Word error rate, pooled: as `cer`, over words (parted by whitespace) instead of characters."""
    return _pooled_error_rate([text.split() for text in references], [text.split() for text in predictions])


def ned(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Normalised edit distance: mean of edit distance / longer length. 0 to 1, lower is better.

    Two empty texts have distance 0. (Elsewhere "NED" often names 1 minus this: see `one_minus_ned`.)
    """
    return _mean(Levenshtein.normalized_distance(*pair) for pair in zip(references, predictions, strict=True))


def one_minus_ned(references: Sequence[str], predictions: Sequence[str]) -> float:
    """1 - `ned`, higher is better: the "1-N.E.D." of the ICDAR competitions."""
    return 1 - ned(references, predictions)


def sequence_accuracy(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Share of samples whose whole text is right. An empty reference wants an empty prediction."""
    return _mean(reference == prediction for reference, prediction in zip(references, predictions, strict=True))


def character_totals(references: Sequence[str], predictions: Sequence[str]) -> tuple[int, int]:
    """Compute the two numbers that the original prints: 2 x sum of LCS lengths, and the sum of all lengths.

    LCS is the longest common subsequence of a reference and its prediction.
    """
    pairs = list(zip(references, predictions, strict=True))
    common = sum(LCSseq.similarity(reference, prediction) for reference, prediction in pairs)
    return 2 * common, sum(len(reference) + len(prediction) for reference, prediction in pairs)


def lcs_ratio(references: Sequence[str], predictions: Sequence[str]) -> float:
    """2 x sum of LCS / sum of both lengths, pooled: the original's "character precision". Higher is better.

    A Dice score, not 1 - CER. Two empty texts add nothing.
    """
    return _divide(*character_totals(references, predictions))


def positional_accuracy(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Mean over samples of the share of reference positions where the prediction has the same character.

    The "character accuracy" of tensorflow/models attention_ocr/python/metrics.py: positions past the
    reference's end are masked, positions past the prediction's end are wrong. An empty reference has no
    wrong position and counts 1 (there: 0 / 0).
    """
    return _mean(_positional(*pair) for pair in zip(references, predictions, strict=True))


def score(references: Sequence[str], predictions: Sequence[str], profiles: Sequence[Profile] = PROFILES) -> Scores:
    """Every score by every profile.

    Returns:
        By profile name: ``count`` (samples compared), ``left_out`` (samples that the profile leaves out,
        see `Profile.skips_empty`), ``correct`` (whole texts right), ``sequence_accuracy``, ``cer``, ``wer``,
        ``ned``, and ``lcs_ratio`` or ``positional_accuracy`` where the profile's source publishes it.
        Undefined scores are None; a profile that ignores the tail has no edit distances: None, too.

    Raises:
        ValueError: As many references as predictions are needed.
    """
    return {profile.name: _score_one(references, predictions, profile) for profile in profiles}


def _score_one(
    references: Sequence[str], predictions: Sequence[str], profile: Profile
) -> dict[str, float | int | None]:
    pairs = [_comparable(*pair, profile) for pair in zip(references, predictions, strict=True)]
    kept = [pair for pair in pairs if pair[0] or not profile.skips_empty]
    ours, theirs = [reference for reference, _ in kept], [prediction for _, prediction in kept]
    measures: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {"sequence_accuracy": sequence_accuracy}
    if not profile.ignores_tail:
        measures |= {"cer": cer, "wer": wer, "ned": ned}
    if profile.character_score == "lcs_ratio":
        measures["lcs_ratio"] = lcs_ratio
    if profile.character_score == "positional_accuracy":
        measures["positional_accuracy"] = positional_accuracy
    values = {name: measure(ours, theirs) for name, measure in measures.items()}
    return {
        "count": len(kept),
        "left_out": len(pairs) - len(kept),
        "correct": sum(reference == prediction for reference, prediction in kept),
        **dict.fromkeys(("sequence_accuracy", "cer", "wer", "ned")),
    } | {name: None if math.isnan(value) else value for name, value in values.items()}


def _comparable(reference: str, prediction: str, profile: Profile) -> tuple[str, str]:
    reference, prediction = profile.transform(reference), profile.transform(prediction)
    return reference, prediction[: len(reference)] if profile.ignores_tail else prediction


def _positional(reference: str, prediction: str) -> float:
    if not reference:
        return 1.0
    # zip without strict: what the shorter text lacks is wrong or masked.
    return sum(a == b for a, b in zip(reference, prediction, strict=False)) / len(reference)


def _pooled_error_rate(references: Sequence[Sequence[Hashable]], predictions: Sequence[Sequence[Hashable]]) -> float:
    edits = sum(edit_distance(*pair) for pair in zip(references, predictions, strict=True))
    return _divide(edits, sum(map(len, references)))


def _mean(values: Iterable[float]) -> float:
    collected = list(values)
    return _divide(math.fsum(collected), len(collected))


def _divide(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
