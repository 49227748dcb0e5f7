"""The command line as a user sees it, run in this process."""

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from crnn_seq2seq_ocr.cli import main


class Answer(NamedTuple):
    """What a command left."""

    status: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs ``crnn-ocr`` with arguments; `stdin` is what is typed; None is closed. No traceback is ever allowed."""

    def run(*arguments: object, stdin: str | None = "") -> Answer:
        monkeypatch.setattr(sys, "argv", ["crnn-ocr", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", None if stdin is None else io.StringIO(stdin))
        monkeypatch.setenv("COLUMNS", "200")
        capfd.readouterr()
        status: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        answer = Answer(status if isinstance(status, int) else 0 if status is None else 1, *capfd.readouterr())
        assert "Traceback" not in answer.out + answer.err
        return answer

    return run
