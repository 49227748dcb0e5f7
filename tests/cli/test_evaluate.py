"""``crnn-ocr evaluate``."""

import errno
import json
import re
from pathlib import Path
from typing import NoReturn

import pytest

from crnn_seq2seq_ocr.metrics import PROFILES, score
from tests.cli.conftest import Command
from tests.conftest import TEXTS, write_folder


def test_a_table_with_every_profile(command: Command, trained: Path, pictures: Path) -> None:
    answer = command("evaluate", trained, pictures)
    assert answer.status == 0
    for profile in PROFILES:
        assert re.search(rf"^\s*{profile.name}\s.*100\.00%", answer.out, re.MULTILINE), profile.name
    assert answer.err == ""


def test_json(command: Command, trained: Path, pictures: Path) -> None:
    answer = command("evaluate", trained, pictures, "--json", "--limit", 5, "--device", "cpu")
    content = json.loads(answer.out)
    assert content["evaluated"] == 5
    assert set(content["scores"]) == {profile.name for profile in PROFILES}


def test_the_report(command: Command, trained: Path, tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", [*TEXTS, "abc!", "Äb"])
    (data / "003.png").write_bytes(b"no picture")
    out = tmp_path / "new" / "out"
    answer = command("evaluate", trained, data, "--out", out, "--batch-size", 4)
    assert answer.status == 0
    assert f"report: {out / 'report.html'}" in answer.err
    content = json.loads((out / "scores.json").read_text("utf-8"))
    assert content["title"] == f"micro-overfit on {data}"
    assert (content["evaluated"], content["dropped"]) == (13, {"unreadable picture": 1})
    lines = [json.loads(line) for line in (out / "readings.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 14
    read = [line for line in lines if "error" not in line]
    scores = score([line["reference"] for line in read], [line["prediction"] for line in read])
    assert content["scores"] == scores
    page = (out / "report.html").read_text("utf-8")
    assert "Worst samples" in page
    assert "012.png" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


def test_a_lexicon(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("ab\ncab\n", encoding="utf-8")
    answer = command("evaluate", trained, pictures, "--lexicon", tmp_path / "names.txt", "--json")
    assert answer.status == 0
    assert json.loads(answer.out)["scores"]["strict"]["correct"] == 2


@pytest.mark.parametrize("folder", ["file", "file/out"])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").touch()
    answer = command("evaluate", trained, pictures, "--out", tmp_path / folder)
    assert answer.status == 1
    assert answer.out == ""
    assert f"{tmp_path / folder} could not be written" in answer.err


def test_the_report_is_there_though_nobody_reads_the_table(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*arguments: object) -> NoReturn:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("crnn_seq2seq_ocr.evaluation.evaluate.show", gone)
    command("evaluate", trained, pictures, "--out", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 3
