"""One network of each kind that can be exported, untrained, and the ONNX file of each."""

from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, save_model
from crnn_seq2seq_ocr.config import DecoderSettings, ModelSettings, Preprocessing, Stage, VggLstmSettings
from crnn_seq2seq_ocr.export.onnx_file import export_onnx
from crnn_seq2seq_ocr.text import UNASSIGNED
from tests.conftest import made_once
from tests.model.small import CONTENT, POSITION, TRANSFORMER

ONE_ROW = ModelSettings(
    width=16,
    encoder=VggLstmSettings(stages=[Stage(channels=8, stride=(2, 2)), Stage(channels=12, pool=(8, 2))]),
    decoder=DecoderSettings(attention_size=8),
)
VIEWS = Preprocessing(height=16, width=32, views=4)
KINDS = {
    "content": Description("abcdefgh", 9, VIEWS, CONTENT, "content"),
    "fit": Description("abcdefgh", 9, Preprocessing(height=16, width=128, resize="fit"), ONE_ROW, "fit"),
    "position": Description("abcdefgh" + UNASSIGNED * 9988, 9, VIEWS, POSITION, "position"),
    "transformer": Description(
        "abcdefgh", 9, Preprocessing(height=16, width=128, resize="fit"), TRANSFORMER, "transformer"
    ),
}
"""Attention by content over several views, over pictures of any width, by position with 10,000 ids; a transformer."""


LIVELY = {"content": (4, 2), "fit": (5, 8), "position": (4, 2), "transformer": (7, 4)}
"""Seed and a factor of the GRU's weights with which texts of different lengths come out."""


def save_untrained(description: Description, folder: Path) -> None:
    """What it reads is nonsense, but depends on the pixels."""
    seed, factor = LIVELY[description.name]
    torch.manual_seed(seed)
    recognizer = build(description)
    decoder = recognizer.decoder
    with torch.no_grad():
        for module in recognizer.encoder.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight[::3] *= -1
                module.running_mean.uniform_(-0.5, 0.5)
        for name, weight in recognizer.encoder.named_parameters():
            if name.endswith("projection.weight"):
                weight *= 30
        decoder.embedding.weight *= 100
        decoder.attention.score.weight *= 10
        decoder.combine.weight *= 3
        decoder.gru.weight_ih *= factor
        decoder.gru.weight_hh *= factor
        decoder.output.weight[:, : description.model.width] *= 8
        decoder.output.bias[12:] -= 30.0  # ids without a character
        decoder.output.bias[:4] = torch.tensor([-99.0, -99.0, 0.0, -99.0])  # no special ids but the end
    save_model(recognizer, description, folder)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each kind, and its file beside it."""

    def make(folder: Path) -> None:
        for kind, description in KINDS.items():
            save_untrained(description, folder / kind)
            export_onnx(folder / kind, folder / f"{kind}.onnx")

    return made_once(tmp_path_factory, "kinds", make)
