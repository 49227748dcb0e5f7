"""The folder of a run belongs to one training at a time."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.locks import sole_writer
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import MakeRecipe


def test_a_second_training_in_the_folder_is_refused_and_changes_nothing(micro: MakeRecipe, tmp_path: Path) -> None:
    with sole_writer(tmp_path), pytest.raises(StorageError, match="is being written by another process"):
        train(micro(), folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    train(micro(training__steps=1), folder=tmp_path)
    with sole_writer(tmp_path), pytest.raises(StorageError, match="is being written by another process"):
        train(micro(), folder=tmp_path, resume=True)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000001"]


def test_a_resumption_of_nothing_leaves_nothing(micro: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkpoint to resume from"):
        train(micro(), folder=tmp_path / "run", resume=True)
    assert not (tmp_path / "run").exists()
