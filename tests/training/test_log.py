"""What a training's log writes and shows."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.training.log import Meter, TrainingLog

VALUES = {
    "epoch": 1.5,
    "loss": 2.25,
    "learning_rate": 0.001,
    "pictures_per_second": 80.0,
    "data_wait": 0.125,
    "seconds_left": 3725.0,
}


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def write_all(log: TrainingLog) -> None:
    log.message("hello [bold]")
    log.training(5, 10, VALUES)
    log.validation(5, {"samples": 2.0, "sequence_accuracy": 0.5, "cer": 0.25}, [("é", "é"), ("[b]", "x")])
    log.event("skipped", 6, "step 6 is skipped", samples=["a", "b"])
    log.close()


def test_lines_are_json_with_all_numbers(tmp_path: Path) -> None:
    write_all(TrainingLog(tmp_path / "new", total=10, active=True, console=None))
    training, validation, event = lines_of(tmp_path / "new")
    assert training.pop("time") > 1e9
    assert training == {"kind": "training", "step": 5, **VALUES}
    assert validation["examples"] == [["é", "é"], ["[b]", "x"]]
    assert validation["cer"] == 0.25
    assert (event["kind"], event["message"], event["samples"]) == ("skipped", "step 6 is skipped", ["a", "b"])


def test_lines_are_for_people_too(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    write_all(TrainingLog(tmp_path, total=10, active=True, console=console))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "hello [bold]",
        "step 5/10  epoch 1.50  loss 2.250  lr 1.00e-03  80 pictures/s  data wait 12%  1:02:05 left",
        "step 5: validation on 2 samples: strict sequence accuracy 50.0%, cer 25.0%",
        "    = 'é' read as 'é'",
        "    x '[b]' read as 'x'",
        "step 6 is skipped",
    ]


def test_a_terminal_gets_a_live_line(tmp_path: Path) -> None:
    file = io.StringIO()
    write_all(TrainingLog(tmp_path, total=10, active=True, console=Console(file=file, width=200, force_terminal=True)))
    assert "loss 2.250" in file.getvalue()
    assert "━" in file.getvalue()


def test_it_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for step in (1, 2):
        log = TrainingLog(tmp_path, total=10, active=True, console=None)
        log.training(step, 10, VALUES)
        log.close()
    assert [line["step"] for line in lines_of(tmp_path)] == [1, 2]


def test_other_processes_write_and_show_nothing(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    write_all(TrainingLog(tmp_path / "none", total=10, active=False, console=console))
    assert not (tmp_path / "none").exists()
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = TrainingLog(tmp_path, total=10, active=True, console=None)

    class Full(io.StringIO):
        name = "log.jsonl"

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log, "_file", Full())
        with pytest.raises(StorageError, match=r"log.jsonl could not be written \(No space left on device.*: free"):
            log.event("end", 1, "the end")
    log.close()


def test_the_meter_means_over_the_steps_since_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("crnn_seq2seq_ocr.training.log.time.perf_counter", lambda: now[0])
    meter = Meter(10, 8)
    for loss in (4.0, None, 2.0):
        now[0] += 2.0
        meter.add(loss, waited=0.5)
    values = meter.values(13, total=23, rate=0.1, epoch=0.5)
    assert values == {
        "epoch": 0.5,
        "loss": 3.0,
        "learning_rate": 0.1,
        "pictures_per_second": 4.0,
        "data_wait": 0.25,
        "seconds_left": 20.0,
    }
    now[0] += 1.0
    meter.add(7.0, waited=0.0)
    assert meter.values(14, total=23, rate=0.1, epoch=0.5)["loss"] == 7.0
