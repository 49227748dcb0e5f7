"""Where the decoder looks: two ways to weigh the cells of the memory, and the glimpse that the weights give.

N batch, T memory cells, D width of the model, A width of the keys.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from crnn_seq2seq_ocr.model.encoder import Memory

LOCATION_FEATURES = 16
"""Channels that describe the neighbourhood of a cell in the weights so far."""


class TwoInputs(nn.Linear):
    """A dense layer of two inputs side by side, whose product with the first can be taken for all steps at once."""

    def __init__(self, first: int, second: int, size_out: int, *, bias: bool = True) -> None:
        super().__init__(first + second, size_out, bias=bias)
        self.first = first

    def of_first(self, inputs: Tensor) -> Tensor:
        """Compute what the first input adds, with the bias: (..., size_out)."""
        return functional.linear(inputs, self.weight[:, : self.first], self.bias)

    def of_second(self, inputs: Tensor) -> Tensor:
        """Compute what the second input adds: (..., size_out)."""
        return functional.linear(inputs, self.weight[:, self.first :])


class PositionAttention(nn.Module):
    """The original's: weights from the last token's embedding and the state alone.

    Each of a fixed number of columns has its own row in one dense layer; the memory's content is
    never looked at (MindSpore model zoo, crnn_seq2seq_ocr, src/seq2seq.py).
    """

    def __init__(self, width: int, columns: int) -> None:
        super().__init__()
        self.score = TwoInputs(width, width, columns)

    def keys(self, memory: Memory) -> Tensor:
        """Nothing is prepared: an empty tensor, (N, 0)."""
        return memory.cells.new_empty(memory.cells.shape[0], 0)

    def of_tokens(self, embedded: Tensor) -> Tensor:
        """Compute what embedded tokens (..., D) add to the scores: (..., T)."""
        return self.score.of_first(embedded)

    def forward(self, of_token: Tensor, hidden: Tensor, coverage: Tensor, keys: Tensor, memory: Memory) -> Tensor:
        """Weights (N, T) from of_token (N, T) and hidden (N, D)."""
        return (of_token + self.score.of_second(hidden)).float().softmax(1)


class ContentAttention(nn.Module):
    """Additive attention over keys of the memory that knows where it has looked so far.

    Additive attention: Bahdanau et al., 2015, arXiv 1409.0473. The last weights and their sum over all
    steps, convolved over the grid of cells: Chorowski et al., 2015, arXiv 1506.07503; Tu et al., 2016,
    arXiv 1601.04811. No gradient goes through that memory of itself: what it brings is small, what it
    takes is a third of the loop's backward pass.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, size)
        self.query = TwoInputs(width, width, size, bias=False)
        self.location = nn.Conv2d(2, LOCATION_FEATURES, (3, 7), padding=(1, 3), bias=False)
        self.place = nn.Linear(LOCATION_FEATURES, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, memory: Memory) -> Tensor:
        """(N, T, A), once for all steps."""
        keys: Tensor = self.key(memory.cells)
        return keys

    def of_tokens(self, embedded: Tensor) -> Tensor:
        """Compute what embedded tokens (..., D) add to the query: (..., A)."""
        return self.query.of_first(embedded)

    def forward(self, of_token: Tensor, hidden: Tensor, coverage: Tensor, keys: Tensor, memory: Memory) -> Tensor:
        """Weights (N, T), zero in missing views; coverage (N, 2, T) are the last weights and their sum so far."""
        views, rows, columns = memory.grid
        query = of_token + self.query.of_second(hidden)  # (N, A)
        maps = coverage.detach().view(-1, 2, views, rows, columns).transpose(1, 2).flatten(0, 1)  # (N*V, 2, R, U)
        looked = self.place(self.location(maps).permute(0, 2, 3, 1)).view(keys.shape)  # (N*V, R, U, A) to (N, T, A)
        scores: Tensor = self.score(torch.tanh(keys + query[:, None] + looked)).squeeze(2).float()  # (N, T)
        return scores.masked_fill(~memory.mask, float("-inf")).softmax(1)


class Glimpses:
    """Sums of a memory's cells (N, T, D), weighted by attention (N, T): glimpses (N, D).

    In training the gradient of the cells is one product for all steps. Autograd alone would make a
    gradient as large as the memory at each step and add them up, which takes longer than all the rest.
    """

    def __init__(self, cells: Tensor) -> None:
        kind = cells.device.type
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            cells = cells.to(torch.get_autocast_dtype(kind))  # once, not at each step
        self._steps: list[tuple[Tensor, Tensor]] = []
        self._collects = torch.is_grad_enabled() and cells.requires_grad
        if self._collects:
            cells = _CollectGradient.apply(cells, self._steps)  # type: ignore[no-untyped-call]
        self._cells = cells

    def __call__(self, attention: Tensor) -> Tensor:
        """Compute the glimpse of attention (N, T)."""
        weights = attention.to(self._cells.dtype)
        if self._collects:
            glimpse: Tensor = _Glimpse.apply(weights, self._cells, self._steps)  # type: ignore[no-untyped-call]
            return glimpse
        return _weighted_sum(weights, self._cells)


def _weighted_sum(weights: Tensor, cells: Tensor) -> Tensor:  # (N, T), (N, T, D) -> (N, D)
    return torch.bmm(weights[:, None], cells).squeeze(1)


class _CollectGradient(torch.autograd.Function):
    """The cells as they are; backward, which runs after that of all glimpses, makes their gradient."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, steps: list[tuple[Tensor, Tensor]]) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.steps = steps
        return cells.view_as(cells)

    @staticmethod
    def backward(ctx: Any, *_: Tensor | None) -> tuple[Tensor | None, None]:
        if not ctx.steps:
            return None, None
        weights = torch.stack([step[0] for step in ctx.steps], 2)  # (N, T, L)
        gradients = torch.stack([step[1] for step in ctx.steps], 1)  # (N, L, D)
        ctx.steps.clear()
        return torch.bmm(weights, gradients.to(weights.dtype)), None


class _Glimpse(torch.autograd.Function):
    """A weighted sum that leaves the gradient of the cells to `_CollectGradient`."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, cells: Tensor, steps: list[tuple[Tensor, Tensor]]) -> Tensor:
        ctx.save_for_backward(weights, cells)
        ctx.steps = steps
        return _weighted_sum(weights, cells)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients  # (N, D)
        weights, cells = ctx.saved_tensors
        ctx.steps.append((weights, gradient))
        return torch.bmm(cells, gradient.to(cells.dtype)[:, :, None]).squeeze(2), None, None
