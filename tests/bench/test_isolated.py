"""Work in a process of its own."""

import os
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.bench.isolated import in_subprocess
from crnn_seq2seq_ocr.bench.machine import peak_memory
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError

pytestmark = pytest.mark.slow


def hold(length: int) -> tuple[int, int]:
    """The process, and by how much its peak has grown, of holding so many bytes for a moment."""
    before = peak_memory()
    held = bytearray(length)
    held[::4096] = b"x" * len(held[::4096])
    return os.getpid(), peak_memory() - before


def fail(path: Path) -> None:
    raise DataError(f"{path} is wrong")


def die(_: None) -> None:
    os._exit(3)


def test_memory_is_its_own() -> None:
    hold(300_000_000)
    process, grown = in_subprocess(hold, 100_000_000)
    assert process != os.getpid()
    assert 90_000_000 < grown < 200_000_000  # not hidden by what this process has held


def test_errors_come_back() -> None:
    with pytest.raises(DataError, match="here is wrong"):
        in_subprocess(fail, Path("here"))
    with pytest.raises(CrnnOcrError, match="the measured process has died"):
        in_subprocess(die, None)
