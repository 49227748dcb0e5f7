"""What stands beside each number."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.bench import machine
from crnn_seq2seq_ocr.bench.machine import Circumstances, checked_out_commit, command_line, own_memory, peak_memory


def test_the_circumstances() -> None:
    found = Circumstances()
    assert found.package == crnn_seq2seq_ocr.__version__
    assert found.cores >= 1
    assert found.threads >= 1
    assert found.memory > 0
    assert {"python", "torch", "numpy"} <= set(found.versions)
    text = "\n".join(found.lines())
    assert found.cpu in text
    assert f"torch {found.versions['torch']}" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", text)


@pytest.mark.parametrize("program", ["/usr/bin/crnn-ocr", "/somewhere/crnn_seq2seq_ocr/__main__.py"])
def test_the_command_can_be_typed_again(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sys, "argv", [program, "bench", "data", "synthetic:signs?count=3&seed=1"])
    assert command_line() == "crnn-ocr bench data 'synthetic:signs?count=3&seed=1'"


def test_the_commit_is_that_of_the_checkout_and_says_if_files_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "crnn_seq2seq_ocr" / "bench" / "machine.py"
    package.parent.mkdir(parents=True)
    package.touch()
    monkeypatch.setattr(machine, "__file__", str(package))
    assert checked_out_commit() is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *words], check=True, timeout=60)
    clean = checked_out_commit()
    assert clean is not None
    assert re.fullmatch("[0-9a-f]{12}", clean)
    package.write_text("changed")
    assert checked_out_commit() == f"{clean}+"


def test_memory_is_counted_in_bytes() -> None:
    assert 10e6 < peak_memory() < 100e9
    own = own_memory()
    assert own is None or 10e6 < own < peak_memory()
