"""Recurrent layers that can be exported for sequences of any length; PyTorch's own are exported for one length only.

S sequences, U their length, I and H the sizes of an LSTM's input and state; 2 directions.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.vgg_lstm import RecurrentLayer
from crnn_seq2seq_ocr.system.torch_private import scan


def with_lstms(recognizer: Recognizer, kind: Callable[[nn.LSTM], nn.Module]) -> Recognizer:
    """Copy a network with each of its bidirectional LSTMs replaced by what `kind` makes of it."""
    copied = copy.deepcopy(recognizer)
    for layer in copied.encoder.modules():
        if isinstance(layer, RecurrentLayer):
            layer.lstm = kind(layer.lstm)  # type: ignore[assignment]
    return copied


class OnnxLstm(nn.Module):
    """A bidirectional LSTM as the operator of ONNX."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.size = lstm.hidden_size
        weight, recurrence, *biases = (
            _in_order(_both_directions(lstm, name)) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        self.weight = nn.Parameter(weight)  # (2, 4*H, I)
        self.recurrence = nn.Parameter(recurrence)  # (2, 4*H, H)
        self.bias = nn.Parameter(torch.cat(biases, 1))  # (2, 8*H)

    def forward(self, sequence: Tensor) -> tuple[Tensor]:  # (S, U, I) -> (S, U, 2*H)
        """Apply the operator."""
        sequences, length, _ = sequence.shape
        states = torch.onnx.ops.symbolic(
            "LSTM",
            [sequence.transpose(0, 1), self.weight, self.recurrence, self.bias],
            {"hidden_size": self.size, "direction": "bidirectional"},
            dtype=torch.float32,
            shape=(length, 2, sequences, self.size),
        )
        return (states.permute(2, 0, 1, 3).flatten(2),)


class ScannedLstm(nn.Module):
    """A bidirectional LSTM as a loop of PyTorch."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.size = lstm.hidden_size
        self.weight = nn.Parameter(_both_directions(lstm, "weight_ih"))  # (2, 4*H, I)
        self.recurrence = nn.Parameter(_both_directions(lstm, "weight_hh").transpose(1, 2).contiguous())  # (2, H, 4*H)
        self.bias = nn.Parameter(_both_directions(lstm, "bias_ih") + _both_directions(lstm, "bias_hh"))  # (2, 4*H)

    def forward(self, sequence: Tensor) -> tuple[Tensor]:  # (S, U, I) -> (S, U, 2*H)
        """Run both directions in one loop."""
        ahead, back = (functional.linear(sequence, *each) for each in zip(self.weight, self.bias, strict=True))
        steps = torch.stack([ahead, back.flip(1)]).permute(2, 0, 1, 3)  # (U, 2, S, 4*H)
        zeros = sequence.new_zeros(2, sequence.shape[0], self.size)

        def step(state: list[Tensor], gates: Tensor) -> tuple[list[Tensor], Tensor]:
            hidden, cell = state
            entry, forget, new, out = (gates + torch.bmm(hidden, self.recurrence)).chunk(4, 2)
            cell = forget.sigmoid() * cell + entry.sigmoid() * new.tanh()
            hidden = out.sigmoid() * cell.tanh()
            return [hidden, cell], hidden.clone()

        _, states = scan(step, [zeros, zeros.clone()], steps)  # (U, 2, S, H)
        return (torch.cat([states[:, 0], states[:, 1].flip(0)], 2).transpose(0, 1),)


def _both_directions(lstm: nn.LSTM, name: str) -> Tensor:
    """Join a parameter of both directions, one after the other: (2, ...)."""
    return torch.stack([lstm.get_parameter(name + end).detach() for end in ("_l0", "_l0_reverse")])


def _in_order(weights: Tensor) -> Tensor:
    """Gates (2, 4*H, ...) in the order of ONNX: input, output, forget, cell."""
    entry, forget, cell, out = weights.chunk(4, 1)
    return torch.cat([entry, out, forget, cell], 1)
