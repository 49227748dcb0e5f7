"""Where the decoder looks."""

import torch

from crnn_seq2seq_ocr.model.attention import ContentAttention, PositionAttention
from crnn_seq2seq_ocr.model.encoder import Memory


def make_memory(seed: int = 0) -> Memory:
    cells = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[True] * 6, [True, True, False, True, False, False]])
    return Memory(cells, mask, (3, 1, 2))


@torch.no_grad()
def test_content_weights_sum_to_one_and_skip_what_is_masked() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    weights = attention(torch.randn(2, 8), torch.randn(2, 8), attention.keys(memory), memory.mask)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert (weights[memory.mask] > 0).all()
    assert (weights[~memory.mask] == 0).all()


@torch.no_grad()
def test_content_moves_with_the_cells() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    embedded, hidden, order = torch.randn(2, 8), torch.randn(2, 8), torch.tensor([3, 5, 0, 1, 4, 2])
    moved = Memory(memory.cells[:, order], memory.mask[:, order], memory.grid)
    weights = attention(embedded, hidden, attention.keys(memory), memory.mask)
    torch.testing.assert_close(attention(embedded, hidden, attention.keys(moved), moved.mask), weights[:, order])


@torch.no_grad()
def test_position_never_looks_at_the_memory() -> None:
    torch.manual_seed(0)
    attention, embedded, hidden = PositionAttention(8, 6), torch.randn(2, 8), torch.randn(2, 8)
    weights = [attention(embedded, hidden, attention.keys(memory), memory.mask)
               for memory in (make_memory(0), make_memory(1))]  # fmt: skip
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    torch.testing.assert_close(weights[0].sum(1), torch.ones(2))
    assert not torch.allclose(weights[0], attention(embedded, hidden + 1, torch.empty(2, 0), make_memory().mask))
