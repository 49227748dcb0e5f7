"""`crnn-ocr tune` as a user types it."""

from itertools import product
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints, load_description
from tests.cli.conftest import Command
from tests.conftest import write_folder

QUICK = ["training.steps=2", "training.evaluate_every=2", "data.workers=0", "augmentation=null"]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", ["".join(each) for each in product("abc", repeat=3)])


def test_it_says_when_it_will_be_ready_and_does_nothing(command: Command, trained: Path, mine: Path) -> None:
    answer = command("tune", trained, mine, "--dry-run", "--keep", "none", "--out", mine.parent / "out", *QUICK)
    assert answer.status == 0
    assert "ready at about" in answer.out
    assert "at most 2 steps" in answer.out
    assert not (mine.parent / "out").exists()


@pytest.mark.slow
def test_from_a_folder_to_the_next_command(
    command: Command, trained: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mine.parent)
    # Translating takes some seconds; tests/tuning does it once.
    monkeypatch.setattr("crnn_seq2seq_ocr.export.release.exactly_half", lambda *_, **__: (None, None))
    answer = command("tune", trained, "mine", "--keep", "none", *QUICK)
    assert answer.status == 0, answer.err
    assert "held-out part: " in answer.out
    assert answer.out.rstrip().endswith("crnn-ocr serve runs/mine/model")
    assert command("evaluate", "runs/mine/model", "mine", "--json").status == 0
    again = command("tune", trained, "mine", "--keep", "none", *QUICK)
    assert again.status == 1
    assert "is there already" in again.err


@pytest.mark.slow
def test_the_curve_is_told(command: Command, trained: Path, mine: Path) -> None:
    answer = command("tune", trained, mine, "--curve", "--keep", "none", "--out", mine.parent / "out", *QUICK)
    assert answer.status == 0, answer.err
    assert "would bring about" in answer.out


def test_what_is_missing_is_asked_for(command: Command, trained: Path, tmp_path: Path) -> None:
    assert "name a model and a folder" in command("tune").err
    assert "holds no tuning to resume" in command("tune", "--resume", "--out", tmp_path).err
    assert "name the folder to resume with --out" in command("tune", "--resume").err


def test_the_version_is_told(command: Command) -> None:
    answer = command("--version")
    assert answer.status == 0
    assert answer.out.startswith("crnn-ocr ")


@pytest.mark.slow
def test_a_training_is_resumed_by_its_folder_alone(command: Command, mine: Path, pictures: Path) -> None:
    run = mine.parent / "run"
    small = ["preprocessing.height=32", "preprocessing.width=32", "preprocessing.views=1", "text.charset=abc",
             "model.width=8", "model.encoder.stages=[{channels: 4, pool: [8, 8]}]", "training.precision=fp32",
             f"data.train={mine}", f"data.validation={mine}", "training.batch_size=2", "data.workers=0"]  # fmt: skip
    assert command("train", "tiny", *small, "training.steps=1", "--out", run).status == 0
    answer = command("train", "training.steps=2", "--resume", "--out", run)
    assert answer.status == 0, answer.err
    assert "trained 2 steps" in answer.out
    assert "name a recipe" in command("train").err
    assert "none holds no training to resume" in command("train", "--resume", "--out", mine.parent / "none").err
    assert load_description(checkpoints(run)[-1]).name == "run"


def test_scores_of_drawn_words_are_told_for_what_they_are(command: Command, mine: Path) -> None:
    small = ["model.width=8", "model.encoder.recurrent_size=4", "model.encoder.stages=[{channels: 4, pool: [32, 8]}]",
             "training.precision=fp32", f"data.train={mine}", "training.batch_size=2", "data.workers=0",
             "training.validation_samples=1", "text.max_length=4"]  # fmt: skip
    answer = command("train", "words", *small, "training.steps=1", "--out", mine.parent / "run")
    assert answer.status == 0, answer.err
    assert "the scores are of these, not of your pictures: set data.validation" in answer.out
    assert "best strict sequence accuracy 0.0% (of drawn pictures, not of yours); the model is in" in answer.out
    missing = command("train", "words", *small, "data.validation=nowhere", "--out", mine.parent / "other")
    assert "data.validation: there is no nowhere" in missing.err
