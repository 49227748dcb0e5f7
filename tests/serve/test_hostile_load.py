"""The load test with hostile requests itself, at a size that takes a moment."""

import sys
from pathlib import Path

import pytest

from benchmarks.hostile import main

pytestmark = pytest.mark.slow


def test_its_table(
    trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--source", str(pictures), "--clients", "2", "--hostile", "2", "--seconds", "6"]
    monkeypatch.setattr(sys, "argv", ["hostile.py", str(trained), *options])
    main()
    lines = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in lines[2].split("|")[1:-1]]
    honest, failed, hostile, otherwise = (int(cells[place].replace(",", "")) for place in (0, 1, 5, 6))
    assert honest > 0
    assert hostile > 0
    assert (failed, otherwise) == (0, 0)
