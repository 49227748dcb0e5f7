"""What training minimises."""

import pytest
import torch

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.model.loss import loss_divisor, token_losses

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
