"""The example that goes on from `words` with pictures of one's own, at a size that takes a moment."""

import runpy
from pathlib import Path

import pytest
from PIL import Image

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, load_model, save_model
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.text import WORDS_CHARSET

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "examples" / "fine_tuning.py"
SMALLER = [
    "model.width=8", "model.encoder.recurrent_size=4", "model.encoder.stages=[{channels: 4, pool: [32, 8]}]",
    "training.steps=2", "training.precision=fp32", "data.workers=0",
]  # fmt: skip


def test_it_draws_trains_and_measures_before_and_after(tmp_path: Path) -> None:
    recipe = load_recipe("words", SMALLER)
    description = Description(WORDS_CHARSET, recipe.text.max_length, recipe.preprocessing, recipe.model)
    save_model(build(description), description, tmp_path / "words")
    example = runpy.run_path(str(SCRIPT))
    settings = [*example["SETTINGS"], *SMALLER]
    assert example["main"](tmp_path / "out", model=str(tmp_path / "words"), settings=settings) == (0, 0)
    assert load_model(tmp_path / "out" / "run")[1].charset == WORDS_CHARSET + "³№"
    train, check = (sorted((tmp_path / "out" / part).glob("*.png")) for part in ("train", "check"))
    assert len(train) == len(check) == 20
    assert Image.open(train[0]).tobytes() != Image.open(check[0]).tobytes()
