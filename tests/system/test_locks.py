"""A folder is written by one process at a time."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.locks import LOCK, sole_writer
from tests.conftest import python

HOLDING = """
import sys, time
from pathlib import Path
from crnn_seq2seq_ocr.system.locks import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_refused_at_once_and_a_killed_one_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with python("-c", HOLDING, str(folder)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match=r"run is being written by another process: wait until it has ended, or"):
            sole_writer(folder).__enter__()
        child.kill()
        child.wait()
    assert (folder / LOCK).exists()
    with sole_writer(folder):
        pass


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(StorageError, match="a file has the name of a folder there"):
        sole_writer(tmp_path / "run").__enter__()
