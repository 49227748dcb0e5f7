"""Where the decoder looks."""

import torch

from crnn_seq2seq_ocr.model.attention import ContentAttention, Glimpses, PositionAttention, TwoInputs
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
    of_token, hidden = attention.of_tokens(torch.randn(2, 8)), torch.randn(2, 8)
    weights = attention(of_token, hidden, NOTHING_SEEN, attention.keys(memory), memory)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert (weights[memory.mask] > 0).all()
    assert (weights[~memory.mask] == 0).all()


@torch.no_grad()
def test_content_moves_with_the_cells_when_nothing_is_seen_yet() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    of_token, hidden, order = torch.randn(2, 5), torch.randn(2, 8), torch.tensor([3, 5, 0, 1, 4, 2])
    moved = Memory(memory.cells[:, order], memory.mask[:, order], memory.grid)
    weights = attention(of_token, hidden, NOTHING_SEEN, attention.keys(memory), memory)
    after = attention(of_token, hidden, NOTHING_SEEN, attention.keys(moved), moved)
    torch.testing.assert_close(after, weights[:, order])


@torch.no_grad()
def test_content_knows_where_it_has_looked() -> None:
    torch.manual_seed(0)
    attention, memory = ContentAttention(8, 5), make_memory()
    of_token, hidden, keys = torch.randn(2, 5), torch.randn(2, 8), attention.keys(memory)
    fresh = attention(of_token, hidden, NOTHING_SEEN, keys, memory)
    last, summed = NOTHING_SEEN.clone(), NOTHING_SEEN.clone()
    last[:, 0, 0], summed[:, 1, 0] = 1, 1
    weights = [attention(of_token, hidden, seen, keys, memory) for seen in (last, summed)]
    assert not torch.allclose(weights[0], fresh)
    assert not torch.allclose(weights[1], fresh)
    assert not torch.allclose(weights[0], weights[1])


@torch.no_grad()
def test_position_never_looks_at_the_memory() -> None:
    torch.manual_seed(0)
    attention, hidden = PositionAttention(8, 6), torch.randn(2, 8)
    of_token = attention.of_tokens(torch.randn(2, 8))
    weights = [attention(of_token, hidden, NOTHING_SEEN, attention.keys(memory), memory)
               for memory in (make_memory(0), make_memory(1))]  # fmt: skip
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    torch.testing.assert_close(weights[0].sum(1), torch.ones(2))
    moved = attention(of_token, hidden + 1, NOTHING_SEEN, torch.empty(2, 0), make_memory())
    assert not torch.allclose(weights[0], moved)


def test_two_inputs_add_up_to_one_dense_layer() -> None:
    torch.manual_seed(0)
    layer, first, second = TwoInputs(3, 4, 5), torch.randn(2, 3), torch.randn(2, 4)
    torch.testing.assert_close(layer.of_first(first) + layer.of_second(second), layer(torch.cat([first, second], 1)))


def test_gradients_through_collected_glimpses_are_those_of_autograd() -> None:
    """Three steps, each looking where the last glimpse sends it; the cells are used besides glimpses, too."""
    cells = make_memory().cells.double().requires_grad_()
    start = torch.randn(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()

    def chain(collected: bool) -> torch.Tensor:
        glimpses, scores, total = Glimpses(cells), start, cells.square().sum()
        for _ in range(3):
            weights = scores.softmax(1)
            glimpse = glimpses(weights) if collected else torch.einsum("nt,ntd->nd", weights, cells)
            scores = scores + glimpse[:, :6]
            total = total + glimpse.pow(3).sum()
        return total

    plain, collected = (torch.autograd.grad(chain(each), (cells, start)) for each in (False, True))
    torch.testing.assert_close(collected, plain)


def test_glimpses_without_gradients_are_plain_sums() -> None:
    memory, weights = make_memory(), torch.rand(2, 6)
    torch.testing.assert_close(Glimpses(memory.cells)(weights), torch.einsum("nt,ntd->nd", weights, memory.cells))
