"""From memory to logits, one token at a time: embedding, attention, GRU.

N batch, T memory cells, D width of the model, K tokens.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import DecoderSettings
from crnn_seq2seq_ocr.model.attention import ContentAttention, PositionAttention
from crnn_seq2seq_ocr.model.encoder import Memory


class State(NamedTuple):
    """What a step hands to the next: hidden (N, D); seen (N, 2, T), the last attention and its sum so far."""

    hidden: Tensor
    seen: Tensor

    def rows(self, chosen: Tensor) -> "State":
        """The state of some rows of the batch, (R,) of them, in that order."""
        return State(self.hidden[chosen], self.seen[chosen])


class Step(NamedTuple):
    """What one step gives: logits (N, K), the next state, attention (N, T)."""

    logits: Tensor
    state: State
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
        # The original reads its text out of the state alone; a glimpse beside it is learned from sooner.
        self.reads_glimpse = settings.attention == "content"
        self.output = nn.Linear(2 * width if self.reads_glimpse else width, classes)
        nn.init.normal_(self.embedding.weight, std=0.01)

    def start(self, memory: Memory) -> State:
        """The state before the first token: zeros."""
        samples, cells = memory.mask.shape
        hidden = memory.cells.new_zeros(samples, self.width, dtype=torch.float32)
        return State(hidden, hidden.new_zeros(samples, 2, cells))

    def keys(self, memory: Memory) -> Tensor:
        """What attention prepares of the memory once."""
        return self.attention.keys(memory)

    def step(self, tokens: Tensor, state: State, memory: Memory, keys: Tensor) -> Step:
        """The only place where a token is predicted: tokens (N,) are the last ones."""
        hidden, seen = state
        embedded = self.dropout(self.embedding(tokens))  # (N, D)
        attention = self.attention(embedded, hidden, seen, keys, memory)  # (N, T)
        glimpse = torch.bmm(attention[:, None].to(memory.cells.dtype), memory.cells).squeeze(1)  # (N, D)
        combined = torch.relu(self.combine(torch.cat([embedded, glimpse.to(embedded.dtype)], 1)))  # (N, D)
        hidden = self.gru(combined, hidden).to(hidden.dtype)  # (N, D)
        read = torch.cat([hidden, glimpse.to(hidden.dtype)], 1) if self.reads_glimpse else hidden
        seen = torch.stack([attention, seen[:, 1] + attention], 1)  # (N, 2, T)
        return Step(self.output(read).float(), State(hidden, seen), attention)
