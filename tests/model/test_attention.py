"""Where the decoder looks."""

import torch

from crnn_seq2seq_ocr.model.attention import ContentAttention, PositionAttention
from crnn_seq2seq_ocr.model.encoder import Memory


def make_memory(seed: int = 0) -> Memory:
    cells = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[True] * 6, [True, True, False, True, False, False]])
    return Memory(cells, mask, (3, 1, 2))


NOTHING_SEEN = torch.zeros(2, 2, 6)


@torch.no_grad()
def test_content_weights_sum_to_one_and_skip_what_is_masked() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    weights = attention(torch.randn(2, 8), torch.randn(2, 8), NOTHING_SEEN, attention.keys(memory), memory)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert (weights[memory.mask] > 0).all()
    assert (weights[~memory.mask] == 0).all()


@torch.no_grad()
def test_content_moves_with_the_cells_when_nothing_is_seen_yet() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    embedded, hidden, order = torch.randn(2, 8), torch.randn(2, 8), torch.tensor([3, 5, 0, 1, 4, 2])
    moved = Memory(memory.cells[:, order], memory.mask[:, order], memory.grid)
    weights = attention(embedded, hidden, NOTHING_SEEN, attention.keys(memory), memory)
    after = attention(embedded, hidden, NOTHING_SEEN, attention.keys(moved), moved)
    torch.testing.assert_close(after, weights[:, order])


@torch.no_grad()
def test_content_knows_where_it_has_looked() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    embedded, hidden, keys = torch.randn(2, 8), torch.randn(2, 8), attention.keys(memory)
    fresh = attention(embedded, hidden, NOTHING_SEEN, keys, memory)
    last, summed = NOTHING_SEEN.clone(), NOTHING_SEEN.clone()
    last[:, 0, 0], summed[:, 1, 0] = 1, 1
    weights = [attention(embedded, hidden, seen, keys, memory) for seen in (last, summed)]
    assert not torch.allclose(weights[0], fresh)
    assert not torch.allclose(weights[1], fresh)
    assert not torch.allclose(weights[0], weights[1])


@torch.no_grad()
def test_position_never_looks_at_the_memory() -> None:
    torch.manual_seed(0)
    attention, embedded, hidden = PositionAttention(8, 6), torch.randn(2, 8), torch.randn(2, 8)
    weights = [attention(embedded, hidden, NOTHING_SEEN, attention.keys(memory), memory)
               for memory in (make_memory(0), make_memory(1))]  # fmt: skip
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    torch.testing.assert_close(weights[0].sum(1), torch.ones(2))
    moved = attention(embedded, hidden + 1, NOTHING_SEEN, torch.empty(2, 0), make_memory())
    assert not torch.allclose(weights[0], moved)
