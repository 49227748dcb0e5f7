"""The load test itself, at a size that takes a moment."""

import sys
from pathlib import Path

import pytest

from benchmarks.load import main

pytestmark = pytest.mark.slow


def test_its_table(
    trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--source", str(pictures), "--clients", "1,3", "--pictures", "16", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["load.py", str(trained), *options])
    main()
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == ["bare reader, batches of 32", "1 client", "3 clients"]
    assert all(float(row[1]) > 0 for row in rows[1:])
    assert [row[6] for row in rows[2:]] == ["0", "0"]
    assert lines[-1].startswith("Memory of the service, MB")
