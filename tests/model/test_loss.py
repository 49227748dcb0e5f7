"""What training minimises."""

import itertools
import math

import pytest
import torch

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.model.loss import count_losses, ctc_losses, loss_divisor, token_losses

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


def test_ctc_losses_sum_over_all_ways_to_write_a_text() -> None:
    cells = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1))
    found = ctc_losses(cells, TARGETS)
    probabilities = cells.softmax(2)
    for row, text in enumerate(((4, 5), (6,))):
        total = 0.0
        for path in itertools.product(range(8), repeat=3):
            shown = [token for token, _ in itertools.groupby(path) if token != 0]
            if tuple(shown) == text:
                total += math.prod(probabilities[row, place, token].item() for place, token in enumerate(path))
        assert found[row].item() == pytest.approx(-math.log(total), rel=1e-4)


def test_a_text_that_does_not_fit_into_the_cells_costs_nothing() -> None:
    assert ctc_losses(torch.randn(2, 1, 8), TARGETS).tolist()[0] == 0


def cells_of(*views: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Cells that are sure of these tokens, one text of so many views; -1 stands for a cell of a missing view."""
    tokens = torch.tensor(views).flatten()[None]
    logits = torch.nn.functional.one_hot(tokens.clamp(min=0), 8).float() * 40
    return logits, tokens >= 0


@pytest.mark.parametrize(
    "views",
    [([4, 0, 5, 0],), ([0, 5, 4, 0],), ([4, 0, 5, 0], [0, 0, 5, 4]), ([4, 0, 5, 0], [-1, -1, -1, -1])],
)
def test_counts_leave_order_place_and_number_of_views_open(views: tuple[list[int], ...]) -> None:
    cells, mask = cells_of(*views)
    real = torch.tensor([sum(view[0] >= 0 for view in views)])
    assert count_losses(cells, mask, TARGETS[:1], real).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("view", [[4, 0, 0, 0], [4, 5, 5, 0], [4, 6, 0, 0], [0, 0, 0, 0]])
def test_counts_that_are_wrong_cost(view: list[int]) -> None:
    cells, mask = cells_of(view)
    assert count_losses(cells, mask, TARGETS[:1], torch.tensor([1])).item() > 0.3


def test_more_characters_than_cells_are_no_disaster() -> None:
    cells = torch.zeros(2, 1, 8, requires_grad=True)
    losses = count_losses(cells, torch.ones(2, 1, dtype=torch.bool), TARGETS, torch.tensor([1, 1]))
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert cells.grad is not None
    assert torch.isfinite(cells.grad).all()
