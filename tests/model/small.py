"""Small networks and pictures for the tests of the model."""

import torch
from torch import Tensor

from crnn_seq2seq_ocr.config import (
    ConvTransformerSettings,
    DecoderSettings,
    ModelSettings,
    Preprocessing,
    Stage,
    VggLstmSettings,
)
from crnn_seq2seq_ocr.model.recognizer import Recognizer

CLASSES = 12
PREPROCESSING = Preprocessing(height=16, width=32, views=3)
CONTENT = ModelSettings(
    width=16,
    encoder=VggLstmSettings(
        stages=[Stage(channels=8, pool=(2, 2)), Stage(channels=12, convolutions=2, norm="first", pool=(4, 2))],
        recurrent_size=8,
    ),
    decoder=DecoderSettings(attention="content", attention_size=8),
)
TRANSFORMER = ModelSettings(
    width=16,
    encoder=ConvTransformerSettings(
        stages=[Stage(channels=8, pool=(2, 2)), Stage(channels=12, pool=(4, 2))],
        layers=2,
        heads=2,
        feedforward_size=24,
    ),
    decoder=DecoderSettings(attention="content", attention_size=8),
)
POSITION = ModelSettings(
    width=12,
    encoder=VggLstmSettings(
        stages=[Stage(channels=8, pool=(2, 2)), Stage(channels=12, pool=(4, 1))],
        views="channels", recurrent_layers=2, recurrent_size=8,
    ),
    decoder=DecoderSettings(attention="position"),
)  # fmt: skip


def make_recognizer(settings: ModelSettings = CONTENT, *, seed: int = 1) -> Recognizer:
    """A network in evaluation with weights large enough that pictures and tokens matter."""
    torch.manual_seed(seed)
    recognizer = Recognizer(settings, PREPROCESSING, CLASSES).eval()
    with torch.no_grad():
        for layer in recognizer.encoder.recurrent:
            layer.projection.weight *= 10
        recognizer.decoder.embedding.weight *= 80
        recognizer.decoder.attention.score.weight *= 10
        recognizer.decoder.combine.weight *= 3
        recognizer.decoder.output.weight[:, : settings.width] *= 8
        recognizer.decoder.output.bias[2] = -1.0  # the end comes late
    return recognizer


def make_images(samples: int, *, views: int = 3, seed: int = 0) -> Tensor:
    """(N, V, 3, H, W) in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(samples, views, 3, 16, 32, generator=generator) * 2 - 1


def all_views(images: Tensor) -> Tensor:
    """(N, V): none is missing."""
    return torch.ones(images.shape[:2], dtype=torch.bool)
