"""Where the decoder looks: two ways to weigh the cells of the memory.

N batch, T memory cells, D width of the model, A width of the keys.
"""

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.model.encoder import Memory


class PositionAttention(nn.Module):
    """The original's: weights from the last token's embedding and the state alone.

    Each of a fixed number of columns has its own row in one dense layer; the memory's content is
    never looked at (MindSpore model zoo, crnn_seq2seq_ocr, src/seq2seq.py).
    """

    def __init__(self, width: int, columns: int) -> None:
        super().__init__()
        self.score = nn.Linear(2 * width, columns)

    def keys(self, memory: Memory) -> Tensor:
        """Nothing is prepared: an empty tensor, (N, 0)."""
        return memory.cells.new_empty(memory.cells.shape[0], 0)

    def forward(self, embedded: Tensor, hidden: Tensor, seen: Tensor, keys: Tensor, memory: Memory) -> Tensor:
        """Weights (N, T) from embedded (N, D) and hidden (N, D)."""
        scores: Tensor = self.score(torch.cat([embedded, hidden], 1)).float()  # (N, T)
        return scores.softmax(1)


class ContentAttention(nn.Module):
    """Additive attention over keys of the memory that knows where it has looked so far.

    Additive attention: Bahdanau et al., 2015, arXiv 1409.0473. The last weights and their sum over all
    steps, convolved over the grid of cells: Chorowski et al., 2015, arXiv 1506.07503; Tu et al., 2016,
    arXiv 1601.04811.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, size)
        self.query = nn.Linear(2 * width, size, bias=False)
        self.location = nn.Conv2d(2, size, (3, 7), padding=(1, 3), bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, memory: Memory) -> Tensor:
        """(N, T, A), once for all steps."""
        keys: Tensor = self.key(memory.cells)
        return keys

    def forward(self, embedded: Tensor, hidden: Tensor, seen: Tensor, keys: Tensor, memory: Memory) -> Tensor:
        """Weights (N, T), zero in missing views; seen (N, 2, T) are the last weights and their sum so far."""
        views, rows, columns = memory.grid
        query = self.query(torch.cat([embedded, hidden], 1))  # (N, A)
        maps = seen.view(-1, 2, views, rows, columns).transpose(1, 2).flatten(0, 1)  # (N*V, 2, R, U)
        looked = self.location(maps).permute(0, 2, 3, 1).reshape(keys.shape)  # (N*V, A, R, U) to (N, T, A)
        scores: Tensor = self.score(torch.tanh(keys + query[:, None] + looked)).squeeze(2).float()  # (N, T)
        return scores.masked_fill(~memory.mask, float("-inf")).softmax(1)
