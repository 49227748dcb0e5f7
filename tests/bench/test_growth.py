"""The script that makes the tables of docs/performance.md, at tiny sizes."""

import re
from pathlib import Path

import pytest

from benchmarks import growth
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords

pytestmark = pytest.mark.slow

TINY = ["--set", "preprocessing.height=32", "preprocessing.width=32", "model.width=8", "model.encoder.recurrent_size=4",
        "model.encoder.stages=[{channels: 4, pool: [8, 8]}]", "training.precision=fp32", "data.workers=0"]  # fmt: skip


def tables(out: str) -> list[list[list[str]]]:
    """Cells of each table, its head first, without the line below."""
    found = re.findall(r"(?:^\|.*\n)+", out, re.MULTILINE)
    rows = [[[cell.strip() for cell in line.strip("| ").split("|")] for line in each.splitlines()] for each in found]
    return [each[:1] + each[2:] for each in rows]


def test_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["records", "--records", "3,2001", "--folder", str(tmp_path), "--repeats", "1"]
    growth.main(arguments)
    ((head, few, many),) = tables(capsys.readouterr().out)
    assert len(head) == len(few) == len(many) == 9
    assert (few[:2], many[:2]) == (["3", "1"], ["2,001", "2"])
    source = FsnsRecords(tmp_path / "records-2001")
    assert len(source) == 2001
    assert source[0].text == source[50].text
    assert {source[index].views for index in range(50)} > {1, 4}


def test_memory_of_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    growth.main(["memory", "--records", "9", "--folder", str(tmp_path), "--steps", "1", *TINY, "training.batch_size=2"])
    ((_, row),) = tables(capsys.readouterr().out)
    assert row[0] == "9"
    assert float(row[1]) > 50


def test_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--views", "1,2", "--batch", "3,2", "--length", "4", "--charset", "20"]
    growth.main(["sizes", "--repeats", "1", *sizes, *TINY])
    out = capsys.readouterr().out
    assert "others: views 2, samples 2, length 4, classes 20" in out
    found = tables(out)
    assert [table[0][0] for table in found] == ["views", "samples", "length", "classes"]
    assert [[row[0] for row in table[1:]] for table in found] == [["1", "2"], ["2", "3"], ["4"], ["20"]]
    assert {row[9] for table in found for row in table[1:]} == {"5"}  # steps: no text ends before its time


def test_a_long_list(capsys: pytest.CaptureFixture[str]) -> None:
    growth.main(["list", "--pictures", "2,5"])
    ((_, few, more),) = tables(capsys.readouterr().out)
    assert (few[0], more[0]) == ("2", "5")
    assert float(few[2]) > 50
