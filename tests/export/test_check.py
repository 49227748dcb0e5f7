"""The comparison finds the first thing that differs."""

import numpy as np
import pytest

from crnn_seq2seq_ocr.export.check import first_difference
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.text import Tokenizer

pytestmark = pytest.mark.slow

TOKENIZER = Tokenizer("abc")


def outputs() -> Outputs:
    """Two texts: "ab" and "c"."""
    attention = np.zeros((2, 3, 1, 1, 2), np.float32)
    attention[..., 0] = 0.75
    attention[..., 1] = 0.25
    return Outputs(
        np.array([[4, 5, 2], [6, 2, 0]]),
        np.log(np.array([[0.5, 0.25, 1], [0.5, 0.5, 1]], np.float32)),
        np.array([3, 2]),
        attention,
        np.array([[[4, 5], [5, 4], [2, 4]], [[6, 4], [2, 6], [0, 0]]]),
        np.log(np.array([[[0.5, 0.3], [0.25, 0.2], [1, 0]], [[0.5, 0.3], [0.5, 0.4], [1, 1]]], np.float32) + 1e-9),
    )


def test_no_difference() -> None:
    other = outputs()
    other.log_probs[0, 0] += 1e-5
    other.attention[0, 0] += 1e-5
    other.attention[1, 2] = 9  # after the end
    assert first_difference(outputs(), other, TOKENIZER) is None


def test_another_id() -> None:
    other = outputs()
    other.tokens[1, 0] = 5
    expected = "token 1 of text 2 is 6 'c' with probability 0.500000 in PyTorch, 5 'b' with probability 0.500000 in the"
    assert first_difference(outputs(), other, TOKENIZER) == f"{expected} file"


@pytest.mark.parametrize("value", [np.log(0.2502), np.nan, -np.inf])
def test_another_probability(value: float) -> None:
    other = outputs()
    other.log_probs[0, 1] = value
    other.tokens[1, 0] = 5
    found = first_difference(outputs(), other, TOKENIZER)
    assert found is not None
    assert found.startswith("token 2 of text 1 is 5 'b' with probability 0.250000 in PyTorch, 5 'b' with probability")


@pytest.mark.parametrize("value", [0.76, np.nan])
def test_another_attention(value: float) -> None:
    other = outputs()
    other.attention[1, 1, 0, 0, 0] = value
    assert (first_difference(outputs(), other, TOKENIZER) or "").startswith("attention of token 2 of text 2 differs by")


def test_other_probabilities_beside_it() -> None:
    other = outputs()
    other.likely[0, 1, 1] = 6  # which of two that are alike comes first is nobody's fault
    assert first_difference(outputs(), other, TOKENIZER) is None
    other.likely_log_probs[0, 1, 1] = np.log(0.21)
    assert first_difference(outputs(), other, TOKENIZER) == "probabilities beside token 2 of text 1 differ by 0.01"


def test_another_length() -> None:
    other = outputs()
    other.lengths[1] = 1
    assert first_difference(outputs(), other, TOKENIZER) == "text 2 has 2 tokens in PyTorch, 1 in the file"
