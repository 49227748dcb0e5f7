"""Models of which a bit was changed are not read with."""

import json
import random
import shutil
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import DESCRIPTION, ONNX, STATE, WEIGHTS, checkpoints, load_description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.checkpoint.weights import load_model, load_state, save_model
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import MakeRecipe


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.fixture
def folder(trained: Path, exported: Path, tmp_path: Path) -> Path:
    """A released model: both files."""
    save_model(*load_model(trained), tmp_path / "model", onnx=exported.read_bytes())
    return tmp_path / "model"


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_is_told_with_its_file(folder: Path, exported: Path, seed: int) -> None:
    bit = random.Random(seed).getrandbits(40)
    load_model(folder)
    flip(folder / WEIGHTS, bit)
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged, its SHA-256 is not the one in"):
        load_model(folder)
    OnnxBackend.load(folder / ONNX)
    flip(folder / ONNX, bit)
    with pytest.raises(CheckpointError, match=r"model.onnx is damaged, its SHA-256 is not the one in model.json"):
        OnnxBackend.load(folder / ONNX)
    alone = shutil.copy(exported, folder.parent / "alone.onnx")
    OnnxBackend.load(alone)
    flip(alone, bit)
    with pytest.raises(CheckpointError, match=r"alone.onnx is damaged, its SHA-256 is not that in its metadata: copy"):
        OnnxBackend.load(alone)


def test_a_damaged_state_names_the_checkpoint_before(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(training__save_every=3), folder=tmp_path)
    last = checkpoints(tmp_path)[-1]
    flip(last / STATE, 99_999)
    with pytest.raises(CheckpointError, match=r"training.pt is damaged.*or delete .*6 to resume from step-00000003"):
        load_state(last)
    with pytest.raises(CheckpointError, match="resume from step-00000003"):
        train(micro(training__steps=9), folder=tmp_path, resume=True)
    shutil.rmtree(last)
    assert train(micro(training__steps=9), folder=tmp_path, resume=True).step == 9


def test_a_model_without_digests_is_read(folder: Path) -> None:
    content = json.loads((folder / DESCRIPTION).read_text())
    del content["sha256"]
    (folder / DESCRIPTION).write_text(json.dumps(content))
    load_model(folder)


@pytest.mark.parametrize("name", pretrained_models())
def test_released_models_have_digests_that_are_right(name: str) -> None:
    folder = pretrained_models()[name]
    assert json.loads((folder / DESCRIPTION).read_text())["sha256"].keys() == {WEIGHTS, ONNX}
    load_model(folder)
    OnnxBackend.load(folder / ONNX)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"format": ' + "1" * 5000 + "}", "\0", '{"format": 1, "charset": 5}', "[]", "7"],
    ids=["deep", "long number", "zero", "charset", "list", "number"],
)
def test_descriptions_that_are_none_give_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / DESCRIPTION).write_text(text)
    with pytest.raises(CheckpointError, match=r"model.json (is damaged|has format)"):
        load_description(tmp_path)
