"""Alone, or together with what a launcher has started; really together is in `test_distributed`."""

import pytest
from accelerate import PartialState

from crnn_seq2seq_ocr.system.processes import LAUNCHED, Alone, processes


def test_alone_or_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)
    assert processes() == Alone()
    monkeypatch.setenv("WORLD_SIZE", "1")
    state = processes()
    assert isinstance(state, PartialState)
    for name in ("num_processes", "process_index", "is_main_process"):
        assert getattr(state, name) == getattr(Alone(), name)
