"""Convolutions and self-attention over the cells of a view."""

import pytest
import torch
from torch import nn

from crnn_seq2seq_ocr.config import ConvTransformerSettings, ModelSettings, Preprocessing, Stage
from crnn_seq2seq_ocr.model.conv_transformer import ConvTransformer, TransformerLayer
from tests.model.small import TRANSFORMER, all_views, make_images


@torch.no_grad()
def test_a_layer_is_pytorchs_own() -> None:
    """The same weights in PyTorch's encoder layer, norms first, give the same cells."""
    torch.manual_seed(0)
    ours = TransformerLayer(12, heads=3, hidden=20, dropout=0.0).eval()
    theirs = nn.TransformerEncoderLayer(12, 3, 20, 0.0, nn.functional.gelu, batch_first=True, norm_first=True).eval()
    theirs.self_attn.in_proj_weight.copy_(ours.attention.weight)
    theirs.self_attn.in_proj_bias.copy_(ours.attention.bias)
    theirs.self_attn.out_proj.load_state_dict(ours.attention_output.state_dict())
    theirs.linear1.load_state_dict(ours.dense[0].state_dict())
    theirs.linear2.load_state_dict(ours.dense[2].state_dict())
    cells = torch.randn(2, 7, 12)
    torch.testing.assert_close(ours(cells), theirs(cells))


def test_every_cell_depends_on_every_pixel_of_its_view() -> None:
    torch.manual_seed(1)
    encoder = ConvTransformer(TRANSFORMER.encoder, Preprocessing(height=16, width=32), width=16, classes=12).eval()
    images = make_images(1, views=2).requires_grad_()
    encoder(images, all_views(images)).cells[0, 0, 0].backward()
    touched = images.grad[0].abs().amax((1, 2, 3))
    assert touched[0] > 0
    assert touched[1] == 0, "another view"
    assert (images.grad[0, 0].abs().amax(0)[:, -4:] > 0).any(), "the other end of the row"


def test_any_width_up_to_the_largest() -> None:
    encoder = ConvTransformer(TRANSFORMER.encoder, Preprocessing(height=16, width=64), width=16, classes=12).eval()
    images = make_images(2, views=1)[..., :24]
    assert encoder(images, all_views(images)).grid == (1, 2, 6)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    encoder = ConvTransformerSettings(stages=[Stage(channels=8)], heads=3)
    with pytest.raises(ValueError, match=r"model\.width 16 must divide by encoder\.heads 3"):
        ModelSettings(width=16, encoder=encoder).check(Preprocessing())
