"""The network as it reads, in three pieces: what goes before the loop over tokens, one step of it, what comes after.

N batch, V views, H x W pixels, T memory cells, K width of the keys, D width of the model, L tokens of the longest,
A tokens told of each place.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.model import search
from crnn_seq2seq_ocr.model.decoder import State
from crnn_seq2seq_ocr.model.encoder import Memory
from crnn_seq2seq_ocr.model.outputs import LIKELY
from crnn_seq2seq_ocr.model.recognizer import Recognizer, normalise
from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID, Tokenizer


class Carried(NamedTuple):
    """What a step hands to the next.

    Attributes:
        last: (N,) int64, the last tokens.
        ended: (N,) bool, which texts are over.
        hidden: (N, D).
        coverage: (N, 2, T).
    """

    last: Tensor
    ended: Tensor
    hidden: Tensor
    coverage: Tensor


CARRIED = len(Carried._fields)


class Fixed(NamedTuple):
    """What is the same in all steps: cells (N, T, D), mask (N, T) bool, keys (N, T, K)."""

    cells: Tensor
    mask: Tensor
    keys: Tensor


class StepResult(NamedTuple):
    """What a step found: attention (N, T), likeliest tokens (N, A), the chosen one first, and their log_probs."""

    attention: Tensor
    likely: Tensor
    likely_log_probs: Tensor


def likely_count(description: Description) -> int:
    """How many tokens are told of each place: A."""
    return min(LIKELY, len(Tokenizer(description.charset)))


class EncoderGraph(nn.Module):
    """Pictures to memory."""

    def __init__(self, recognizer: Recognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, images: Tensor, view_mask: Tensor) -> tuple[Carried, Fixed]:
        """From images uint8 (N, V, 3, H, W) and view_mask (N, V) bool."""
        memory = self.recognizer.encode(normalise(images), view_mask)
        decoder = self.recognizer.decoder
        state = decoder.start(memory)
        last = torch.full(state.hidden.shape[:1], BOS_ID)
        ended = torch.zeros(state.hidden.shape[:1], dtype=torch.bool)
        return Carried(last, ended, *state), Fixed(memory.cells, memory.mask, decoder.keys(memory))


class StepGraph(nn.Module):
    """The most likely token after the last, for each text: one step of `model.search.greedy`."""

    def __init__(self, recognizer: Recognizer, description: Description) -> None:
        super().__init__()
        self.decoder = recognizer.decoder
        self.grid = Grid(description)

    def forward(self, *values: Tensor) -> tuple[Tensor, Carried, StepResult]:
        """From what is carried and what is fixed, all in a row.

        Returns:
            Whether to go on, a scalar bool; what the next step gets; what was found.
        """
        carried, fixed = Carried(*values[:CARRIED]), Fixed(*values[CARRIED:])
        memory = Memory(fixed.cells, fixed.mask, self.grid(fixed.cells.shape[1]))
        step = self.decoder.step(carried.last, State(carried.hidden, carried.coverage), memory, fixed.keys)
        log_probs, likely = search.likeliest(step.logits.log_softmax(1))
        token = likely[:, 0]
        ended = carried.ended | (token == EOS_ID)
        return ~ended.all(), Carried(token, ended, *step.state), StepResult(step.attention, likely, log_probs)


class FinishGraph(nn.Module):
    """What all steps found, blanked after the end of each text."""

    def __init__(self, description: Description) -> None:
        super().__init__()
        self.grid = Grid(description)

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """From what each step found, (L, N, ...); the attention found is (N, L, views, rows, columns)."""
        steps = StepResult(*(each.transpose(0, 1) for each in values))
        best = steps.likely[:, :, 0], steps.likely_log_probs[:, :, 0]
        result = search.decode_result(*best, *steps)
        samples, length, cells = result.attention.shape
        result = result._replace(attention=result.attention.reshape(samples, length, *self.grid(cells)))
        return tuple(each for each in result if each is not None)


class Grid:
    """How the cells of a memory lie: (views, rows, columns)."""

    def __init__(self, description: Description) -> None:
        self._rows, self._columns = description.model.encoder.cells(description.preprocessing)
        self._fits = description.preprocessing.resize == "fit"

    def __call__(self, cells: int) -> tuple[int, int, int]:
        """Return the grid of so many cells; pictures of any width have one view."""
        if self._fits:
            return 1, self._rows, cells // self._rows
        return cells // (self._rows * self._columns), self._rows, self._columns
