"""What goes wrong outside while a training runs: all that was learnt is saved, and the cause is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.data.convert import convert_to_tfrecord
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import MakeRecipe


class After:
    """A console that does something when a step is told of."""

    is_terminal = False

    def __init__(self, step: int, act: Callable[[], object]) -> None:
        self._step, self._act = step, act

    def print(self, text: str, **_options: object) -> None:
        if text.startswith(f"step {self._step}/"):
            self._act()


def test_a_shard_cut_short_in_the_process_that_trains(micro: MakeRecipe, pictures: Path, tmp_path: Path) -> None:
    """Mapped into memory, it would end the process by SIGBUS, and what was learnt would be gone."""
    convert_to_tfrecord(open_source(str(pictures)), tmp_path / "data", charset="abc")
    (shard,) = (path for path in (tmp_path / "data").iterdir() if "-of-" in path.name and path.name[0] != ".")
    console = After(3, lambda: os.truncate(shard, 100))
    with pytest.raises(DataError, match=rf"no usable sample(.|\n)*{shard.name} was cut short"):
        train(micro(data__train=str(tmp_path / "data")), folder=tmp_path / "run", console=console)
    (saved,) = checkpoints(tmp_path / "run")
    assert saved.name >= "step-00000003"
