"""Convolutions and LSTMs: the original's, with views in channels, and one with a memory of rows."""

import math

import pytest
import torch
from torch import nn

from crnn_seq2seq_ocr.config import ModelSettings, Preprocessing, Stage, VggLstmSettings
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.vgg_lstm import VggLstm
from tests.model.small import CONTENT, POSITION, PREPROCESSING, all_views, make_images


def make_encoder(settings: ModelSettings) -> VggLstm:
    torch.manual_seed(1)
    return Recognizer(settings, PREPROCESSING, classes=12).encoder.eval()


@torch.no_grad()
def test_views_side_by_side_in_channels() -> None:
    images = make_images(2)
    memory = make_encoder(POSITION)(images, all_views(images))
    assert memory.grid == (1, 1, 16)
    assert memory.cells.shape == (2, 16, 12)
    assert memory.mask.all()


def test_initial_weights_are_the_originals() -> None:
    torch.manual_seed(0)
    settings = VggLstmSettings(stages=[Stage(channels=64), Stage(channels=64)], recurrent_layers=1, recurrent_size=64)
    encoder = VggLstm(settings, Preprocessing(height=4, width=4), width=64, classes=12)
    second = [module for module in encoder.convolutions if isinstance(module, nn.Conv2d)][1]
    assert second.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    lstm = encoder.recurrent[0].lstm
    for name, values in lstm.named_parameters():
        if name.startswith("bias_hh"):  # one bias for each gate
            assert not values.any()
            assert not values.requires_grad
        else:
            assert values.abs().max() <= 1 / 8
            assert values.std().item() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.1)


@torch.no_grad()
def test_without_recurrent_layers() -> None:
    images = make_images(2)
    for settings in (CONTENT, POSITION):
        encoder_settings = settings.encoder.model_copy(update={"recurrent_layers": 0})
        changed = settings.model_copy(update={"encoder": encoder_settings, "width": 24})
        assert make_encoder(changed)(images, all_views(images)).cells.shape[2] == 24
