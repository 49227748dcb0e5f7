"""From memory to logits, one token at a time: embedding, attention, GRU.

N batch, T memory cells, D width of the model, K tokens.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import DecoderSettings
from crnn_seq2seq_ocr.model.attention import ContentAttention, PositionAttention
from crnn_seq2seq_ocr.model.encoder import Memory


class Step(NamedTuple):
    """What one step gives: logits (N, K), hidden (N, D), attention (N, T)."""

    logits: Tensor
    hidden: Tensor
    attention: Tensor


class Decoder(nn.Module):
    """Predicts the next token from the last one, the state and a glimpse of the memory."""

    def __init__(self, settings: DecoderSettings, *, width: int, classes: int, columns: int) -> None:
        super().__init__()
        self.width = width
        self.embedding = nn.Embedding(classes, width)
        self.dropout = nn.Dropout(settings.dropout)
        self.attention = (
            PositionAttention(width, columns)
            if settings.attention == "position"
            else ContentAttention(width, settings.attention_size)
        )
        self.combine = nn.Linear(2 * width, width)
        self.gru = nn.GRUCell(width, width)
        self.output = nn.Linear(width, classes)
        nn.init.normal_(self.embedding.weight, std=0.01)

    def start(self, memory: Memory) -> Tensor:
        """The state before the first token: zeros (N, D)."""
        return memory.cells.new_zeros(memory.cells.shape[0], self.width, dtype=torch.float32)

    def keys(self, memory: Memory) -> Tensor:
        """What attention prepares of the memory once."""
        return self.attention.keys(memory)

    def step(self, tokens: Tensor, hidden: Tensor, memory: Memory, keys: Tensor) -> Step:
        """The only place where a token is predicted: tokens (N,) are the last ones, hidden is (N, D)."""
        embedded = self.dropout(self.embedding(tokens))  # (N, D)
        attention = self.attention(embedded, hidden, keys, memory.mask)  # (N, T)
        glimpse = torch.bmm(attention[:, None].to(memory.cells.dtype), memory.cells).squeeze(1)  # (N, D)
        combined = torch.relu(self.combine(torch.cat([embedded, glimpse.to(embedded.dtype)], 1)))  # (N, D)
        hidden = self.gru(combined, hidden).to(hidden.dtype)  # (N, D)
        return Step(self.output(hidden).float(), hidden, attention)
