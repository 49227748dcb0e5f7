"""The load test with hostile requests itself, at a size that takes a moment."""

import sys
from pathlib import Path

import pytest

from benchmarks.hostile import main


def test_its_table(
    trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--source", str(pictures), "--clients", "2", "--hostile", "2", "--seconds", "3"]
    monkeypatch.setattr(sys, "argv", ["hostile.py", str(trained), *options])
    main()
    lines = capsys.readouterr().out.splitlines()
    honest, failed, *_, hostile, otherwise = (cell.strip() for cell in lines[2].split("|")[1:-1])
    assert int(honest.replace(",", "")) > 0
    assert int(hostile.replace(",", "")) > 0
    assert (failed, otherwise) == ("0", "0")
    assert lines[-1].startswith("Memory of the service, MB")
