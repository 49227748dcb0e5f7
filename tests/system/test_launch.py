"""What launchers tell their processes."""

import pytest

from crnn_seq2seq_ocr.system.launch import local_process, process


@pytest.mark.parametrize(
    ("rank", "world", "expected"),
    [("0", "2", (0, 2)), ("7", "8", (7, 8)), ("0", "1", None), ("", "", None), ("x", "2", None), ("2", "2", None)],
)
def test_which_process_of_how_many(
    rank: str, world: str, expected: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    assert process() == expected


@pytest.mark.parametrize(("local", "expected"), [("3", 3), ("", 0), ("x", 0), (None, 0)])
def test_which_on_its_machine(local: str | None, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if local is not None:
        monkeypatch.setenv("LOCAL_RANK", local)
    assert local_process() == expected
