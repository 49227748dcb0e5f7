"""Leases as files."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from crnn_seq2seq_ocr.bulk import leases
from crnn_seq2seq_ocr.bulk.leases import Leases


def test_a_part_is_one_process_s_until_no_sign_of_life_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(leases, "time", SimpleNamespace(monotonic=lambda: clock.now))
    dead, other, third = Leases(tmp_path), Leases(tmp_path), Leases(tmp_path)
    assert dead.take("a")
    assert not other.take("a")
    clock.now = 50.0
    os.utime(tmp_path / "a.lease", ns=(1, 1))  # a sign of life, by whatever clock
    assert not other.take("a")
    assert not third.take("a")
    clock.now = 100.0
    assert not other.take("a")
    clock.now = 111.0
    assert other.take("a")
    assert not third.take("a")
    with dead.held("a"):
        pass  # it wakes up, and takes nothing from the one that has it now
    assert (tmp_path / "a.lease").read_text() == other.token
    with other.held("a"):
        pass
    assert not list(tmp_path.iterdir())


def test_signs_of_life_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leases, "every", 0.01)
    mine = Leases(tmp_path)
    mine.take("a")
    os.utime(tmp_path / "a.lease", ns=(1, 1))
    with mine.held("a"):
        for _ in range(1000):
            if (tmp_path / "a.lease").stat().st_mtime_ns > 1:
                return
            leases.time.sleep(0.01)
    raise AssertionError("no sign of life")
