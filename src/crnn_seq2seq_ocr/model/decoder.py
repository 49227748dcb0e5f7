"""From memory to logits, one token at a time: embedding, attention, GRU.

N batch, T memory cells, D width of the model, K tokens.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import DecoderSettings
from crnn_seq2seq_ocr.model.attention import ContentAttention, Glimpses, PositionAttention, TwoInputs
from crnn_seq2seq_ocr.model.encoder import Memory


class State(NamedTuple):
    """What a step hands to the next: hidden (N, D); coverage (N, 2, T), the last attention and its sum so far."""

    hidden: Tensor
    coverage: Tensor

    def rows(self, chosen: Tensor) -> "State":
        """Select the state of some rows of the batch, (R,) of them, in that order."""
        return State(self.hidden[chosen], self.coverage[chosen])


class Step(NamedTuple):
    """What one step gives: logits (N, K), the next state, attention (N, T)."""

    logits: Tensor
    state: State
    attention: Tensor


class TokenTerms(NamedTuple):
    """What the tokens that are fed add to a step, whatever came before: (..., A) or (..., T), and (..., D)."""

    attention: Tensor
    combined: Tensor


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
        self.combine = TwoInputs(width, width, width)
        self.gru = nn.GRUCell(width, width)
        # The original reads its text out of the state alone; a glimpse beside it is learned from sooner.
        self.reads_glimpse = settings.attention == "content"
        self.output = nn.Linear(2 * width if self.reads_glimpse else width, classes)
        nn.init.normal_(self.embedding.weight, std=0.01)

    def start(self, memory: Memory) -> State:
        """Return the state before the first token: zeros."""
        samples, cells = memory.mask.shape
        hidden = memory.cells.new_zeros(samples, self.width, dtype=torch.float32)
        return State(hidden, hidden.new_zeros(samples, 2, cells))

    def keys(self, memory: Memory) -> Tensor:
        """Compute what attention prepares of the memory once."""
        return self.attention.keys(memory)

    def step(self, tokens: Tensor, state: State, memory: Memory, keys: Tensor) -> Step:
        """Predict a token, here and nowhere else: tokens (N,) are the last ones."""
        return self._step(self._token_terms(tokens), state, memory, keys, Glimpses(memory.cells))

    def unroll(self, inputs: Tensor, forced: Tensor | None, memory: Memory) -> Tensor:
        """Logits (N, L, K) of all steps, for training.

        What does not depend on the step before is one product for all steps.

        Args:
            inputs: (N, L) ids that are fed.
            forced: (N, L) bool, False where what the step before found most likely is fed instead; None: all True.
            memory: What the encoder made.
        """
        keys, glimpses = self.keys(memory), Glimpses(memory.cells)
        terms = self._token_terms(inputs)  # (N, L, ...)
        state, last = self.start(memory), None
        read: list[Tensor] = []
        for place, now in enumerate(map(TokenTerms, terms.attention.unbind(1), terms.combined.unbind(1))):
            if forced is not None and last is not None:
                with torch.no_grad():
                    tokens = self._logits(last).argmax(1)
                predicted = self._token_terms(tokens)
                chosen = forced[:, place, None]
                now = TokenTerms(
                    *(torch.where(chosen, true, other) for true, other in zip(now, predicted, strict=True))
                )
            state, last = self._advance(now, state, memory, keys, glimpses)
            read.append(last)
        return self._logits(torch.stack(read, 1))

    def _token_terms(self, tokens: Tensor) -> TokenTerms:
        embedded = self.dropout(self.embedding(tokens))  # (..., D)
        return TokenTerms(self.attention.of_tokens(embedded), self.combine.of_first(embedded))

    def _step(self, terms: TokenTerms, state: State, memory: Memory, keys: Tensor, glimpses: Glimpses) -> Step:
        state, read = self._advance(terms, state, memory, keys, glimpses)
        return Step(self._logits(read), state, state.coverage[:, 0])

    def _advance(
        self, terms: TokenTerms, state: State, memory: Memory, keys: Tensor, glimpses: Glimpses
    ) -> tuple[State, Tensor]:
        """Compute the next state, and what its token is read from: (N, D) or (N, 2*D)."""
        hidden, coverage = state
        attention = self.attention(terms.attention, hidden, coverage, keys, memory)  # (N, T)
        glimpse = glimpses(attention)  # (N, D)
        combined = torch.relu(terms.combined + self.combine.of_second(glimpse.to(terms.combined.dtype)))  # (N, D)
        hidden = self.gru(combined, hidden).to(hidden.dtype)  # (N, D)
        coverage = torch.stack([attention, coverage[:, 1] + attention], 1)  # (N, 2, T)
        read = torch.cat([hidden, glimpse.to(hidden.dtype)], 1) if self.reads_glimpse else hidden
        return State(hidden, coverage), read

    def _logits(self, read: Tensor) -> Tensor:  # (..., D or 2*D) -> (..., K)
        logits: Tensor = self.output(read)
        return logits.float()
