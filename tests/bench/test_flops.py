"""Arithmetic that is counted, against what can be worked out by hand."""

import pytest
import torch
from torch import nn

from crnn_seq2seq_ocr.bench.flops import MatrixProduct, count_flops


def test_a_dense_layer() -> None:
    layer, inputs = nn.Linear(5, 7), torch.randn(3, 5)
    forward = 2 * 3 * 5 * 7
    assert count_flops(lambda: layer(inputs)) == forward
    # Backward: the gradient of the weights; that of the inputs nobody wants.
    assert count_flops(lambda: layer(inputs).sum().backward()) == 2 * forward
    inputs.requires_grad_()
    assert count_flops(lambda: layer(inputs).sum().backward()) == 3 * forward


def test_a_convolution() -> None:
    layer, inputs = nn.Conv2d(3, 8, 3, padding=1), torch.randn(2, 3, 6, 4)
    assert count_flops(lambda: layer(inputs)) == 2 * (2 * 6 * 4) * 8 * (3 * 3 * 3)


def test_a_recurrent_layer_counts_though_it_is_one_operation() -> None:
    """Four gates, each with a matrix of the input and one of the state, at each step, in both directions."""
    layer, inputs = nn.LSTM(6, 10, bidirectional=True, batch_first=True), torch.randn(3, 5, 6, requires_grad=True)
    forward = 2 * (3 * 5) * (4 * 10) * (6 + 10) * 2
    assert count_flops(lambda: layer(inputs)) == forward
    assert count_flops(lambda: layer(inputs)[0].sum().backward()) == 3 * forward


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_matrix_product(precision: str) -> None:
    assert MatrixProduct(torch.device("cpu"), precision, size=8, count=2)()["product"] > 0
