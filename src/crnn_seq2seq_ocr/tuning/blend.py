"""How far a tuned model stays from the one that it went on from: the share of its weights is chosen by measuring."""

import copy
from pathlib import Path

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.evaluation.evaluate import evaluate
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.training.averaging import average_with

SHARES = (1.0, 0.8, 0.6, 0.4)
"""Of the tuned weights that are tried, largest first; the rest are those that the training began with."""

FORGOTTEN = 0.005
"""Share of what the base could read that a tuned model may lose without being averaged: the few held-out samples would
hardly show what averaging costs, so no more of it is done than is needed."""


def blend(recognizer: Recognizer, description: Description, base: Path, *, own: Source, known: Source) -> float:
    """Average the tuned weights with those they began with, in place, so that less is forgotten.

    Only those of `SHARES` count that read no fewer of `own` than the tuned weights alone. Of these the largest is taken
    that has lost no more than `FORGOTTEN` of `known`; where none has, the one that reads most of it. Averages along
    the way from one model to the other often keep what both can read (WiSE-FT: Wortsman et al., 2022, arXiv
    2109.01903).

    Args:
        recognizer: The tuned network.
        description: What it says of itself.
        base: The model that it went on from.
        own: Held-out samples of the user's.
        known: Samples of what the base could read, other ones than those that are reported.

    Returns:
        The share of the tuned weights that was taken.

    Raises:
        CheckpointError: The two have other sizes.
    """
    tuned = copy.deepcopy(recognizer.state_dict())

    def take(share: float) -> None:
        recognizer.load_state_dict(tuned)
        average_with(recognizer, description, base, share=share)

    take(0.0)
    enough = _right(recognizer, description, known) - FORGOTTEN * len(known)
    least, best, chosen = 0, -1, 1.0
    for share in SHARES:
        take(share)
        kept = _right(recognizer, description, own)
        least = kept if share == SHARES[0] else least
        if kept >= least and (right := _right(recognizer, description, known)) > best:
            best, chosen = right, share
        if best >= enough:
            break
    take(chosen)
    return chosen


def _right(recognizer: Recognizer, description: Description, source: Source) -> int:
    """Texts that are read right."""
    recognizer.eval()
    evaluation = evaluate(Reader(TorchBackend(recognizer, description)), source, shown=0)
    return int(evaluation.report.scores["strict"]["correct"] or 0)
