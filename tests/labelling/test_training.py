"""A training that the labelling page starts: how far it is, how it ends, and that there is one at a time."""

import sys
import time
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.labelling.training import Progress, Training

COMMAND = """
import sys, time
from pathlib import Path
print(*sys.argv[1:], flush=True)
go_on = Path(__file__).with_name("go-on")
while not go_on.exists():
    time.sleep(0.05)
print("at the end", flush=True)
sys.exit(int(go_on.read_text()))
"""


@pytest.fixture
def training(tmp_path: Path) -> Training:
    """A command that tells its arguments, and ends with the status of the file ``go-on`` once it is there."""
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    return Training("words", tmp_path / "crops", results=tmp_path / "runs", python=(sys.executable, str(script)))


def until(training: Training, *, states: tuple[str, ...] = ("done", "failed"), line: str = "") -> Progress:
    for _ in range(1200):
        progress = training.progress()
        if progress.state in states and any(line in each for each in progress.lines):
            return progress
        time.sleep(0.05)
    raise AssertionError(f"still {progress}")


def test_it_runs_tune_and_tells_how_far_it_is(training: Training, tmp_path: Path) -> None:
    assert training.progress() == Progress("none")
    assert training.command == f"crnn-ocr tune words {tmp_path / 'crops'}"
    assert training.start().state == "running"
    told = until(training, states=("running",), line="tune")
    assert told.lines == (f"-m crnn_seq2seq_ocr tune words {tmp_path / 'crops'} --out {tmp_path / 'runs' / 'crops'}",)
    with pytest.raises(CrnnOcrError, match="running already"):
        training.start()
    (tmp_path / "go-on").write_text("0")
    ended = until(training)
    assert (ended.state, ended.model) == ("done", str(tmp_path / "runs" / "crops" / "model"))
    assert ended.lines[-1] == "at the end"


def test_each_training_has_a_folder_of_its_own(training: Training, tmp_path: Path) -> None:
    (tmp_path / "go-on").write_text("1")
    for name in ("crops", "crops-2", "crops-3"):
        training.start()
        ended = until(training)
        assert (ended.state, ended.model) == ("failed", None)
        assert (tmp_path / "runs" / name / "output.txt").read_text().endswith("at the end\n")


def test_it_ends_with_the_page(training: Training) -> None:
    training.stop()
    training.start()
    until(training, states=("running",), line="tune")
    training.stop()
    assert training.progress().state == "failed"
