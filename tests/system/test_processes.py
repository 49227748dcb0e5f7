"""One process, or several that a launcher has started; really several is in `tests/training/test_distributed`."""

import pytest

from crnn_seq2seq_ocr.system.processes import LAUNCHERS, SingleProcess, local_process, process, processes


@pytest.fixture(autouse=True)
def _no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for launcher in LAUNCHERS:
        for variable in launcher:
            monkeypatch.delenv(variable, raising=False)


def test_without_a_launcher_there_is_one_process() -> None:
    assert process() is None
    assert local_process() == 0
    assert processes() == SingleProcess()


@pytest.mark.parametrize("launcher", LAUNCHERS, ids=[launcher.rank for launcher in LAUNCHERS])
@pytest.mark.parametrize(
    ("rank", "size", "expected"),
    [("0", "2", (0, 2)), ("7", "8", (7, 8)), ("0", "1", None), ("", "", None), ("x", "2", None), ("2", "2", None)],
)
def test_every_launcher_tells_which_process_of_how_many(
    launcher: tuple[str, str, str],
    rank: str,
    size: str,
    expected: tuple[int, int] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(launcher[0], rank)
    monkeypatch.setenv(launcher[1], size)
    assert process() == expected


@pytest.mark.parametrize("launcher", LAUNCHERS, ids=[launcher.rank for launcher in LAUNCHERS])
@pytest.mark.parametrize(("local", "expected"), [("3", 3), ("", 0), ("x", 0)])
def test_every_launcher_tells_which_process_of_its_machine(
    launcher: tuple[str, str, str], local: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(launcher[2], local)
    assert local_process() == expected


def test_a_single_launched_process_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")
    assert processes() == SingleProcess()
