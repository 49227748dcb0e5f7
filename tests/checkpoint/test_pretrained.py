"""Models that come with the package: found by name, listed, and in what is installed."""

import shutil
import tomllib
from pathlib import Path

import pytest

from crnn_seq2seq_ocr import Reader
from crnn_seq2seq_ocr.checkpoint import pretrained
from crnn_seq2seq_ocr.checkpoint.folders import find_model
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import TEXTS, MakeRecipe

ROOT = Path(__file__).parents[2]


def test_they_are_found_by_name(shelf: Path, pictures: Path) -> None:
    assert pretrained_models() == {"fsns": shelf / "fsns", "words": shelf / "words"}
    readings = Reader.load("words").read(sorted(pictures.glob("*.png")))
    assert [reading.text for reading in readings] == TEXTS


def test_a_model_of_that_name_here_comes_first_and_anything_else_does_not(shelf: Path) -> None:
    here = Path("words")
    here.mkdir()
    assert find_model(here) == shelf / "words"
    here.rmdir()
    here.write_text("a list of words")
    assert find_model(here) == shelf / "words"
    here.unlink()
    shutil.copytree(shelf / "fsns", here)
    assert find_model(here) == here


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fnsn", r"fnsn does not exist \(did you mean 'fsns'\?\): give .* or a released model \(fsns, words\)"),
        ("runs/x", r"runs/x does not exist: give a folder with model.json, .* or a released model \(fsns, words\)"),
    ],
)
def test_other_names_are_errors_that_list_them(shelf: Path, name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        Reader.load(name)


def test_without_any_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    with pytest.raises(CheckpointError, match=r"fsns does not exist: give .* \(there are none here\)"):
        find_model(Path("fsns"))


@pytest.mark.slow
def test_a_training_goes_on_from_a_name(shelf: Path, micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = micro(model__width=32, training__steps=1, training__optimizer__learning_rate=1e-12)
    train(recipe, folder=tmp_path / "run", initial=Path("words"))
    (old, _), (new, _) = load_model(Path("words")), load_model(tmp_path / "run")
    assert new.decoder.output.bias.allclose(old.decoder.output.bias)


def test_what_is_installed_holds_them() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["crnn_seq2seq_ocr"]
    package = ROOT / "src" / "crnn_seq2seq_ocr"
    taken = {path for pattern in patterns for path in package.glob(pattern)}
    there = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in there if path.suffix != ".py"} == {path for path in taken if path.suffix != ".py"}
