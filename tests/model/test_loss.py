"""What training minimises."""

import itertools
import math

import pytest
import torch

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.model.loss import column_losses, loss_divisor, token_losses

TARGETS = torch.tensor([[4, 5, 2, 0], [6, 2, 0, 0]])
LOGITS = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0))
NLL = -LOGITS.log_softmax(2).gather(2, TARGETS[:, :, None]).squeeze(2)


def test_masked_padding_costs_nothing() -> None:
    settings = LossSettings(padding="masked")
    torch.testing.assert_close(token_losses(LOGITS, TARGETS, settings), NLL * (TARGETS != 0))
    assert loss_divisor(TARGETS, settings) == 5


def test_counted_padding_costs_like_a_character() -> None:
    settings = LossSettings(padding="counted")
    torch.testing.assert_close(token_losses(LOGITS, TARGETS, settings), NLL)
    assert loss_divisor(TARGETS, settings) == 2


@pytest.mark.parametrize("padding", ["masked", "counted"])
def test_label_smoothing_spreads_over_all_classes(padding: str) -> None:
    settings = LossSettings.model_validate({"padding": padding, "label_smoothing": 0.2})
    expected = 0.8 * NLL - 0.2 * LOGITS.log_softmax(2).mean(2)
    if padding == "masked":
        expected = expected * (TARGETS != 0)
    torch.testing.assert_close(token_losses(LOGITS, TARGETS, settings), expected)


def test_column_losses_sum_over_all_ways_to_write_a_text() -> None:
    columns = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1))
    found = column_losses(columns, TARGETS)
    probabilities = columns.softmax(2)
    for row, text in enumerate(((4, 5), (6,))):
        total = 0.0
        for path in itertools.product(range(8), repeat=3):
            shown = [token for token, _ in itertools.groupby(path) if token != 0]
            if tuple(shown) == text:
                total += math.prod(probabilities[row, place, token].item() for place, token in enumerate(path))
        assert found[row].item() == pytest.approx(-math.log(total), rel=1e-4)


def test_a_text_that_does_not_fit_into_the_columns_costs_nothing() -> None:
    assert column_losses(torch.randn(2, 1, 8), TARGETS).tolist()[0] == 0
