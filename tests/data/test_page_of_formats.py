"""The page of formats shows commands that work and lists that are read."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crnn_seq2seq_ocr.cli import app
from tests.conftest import write_folder
from tests.system.s3 import server, store

__all__ = ["server", "store"]

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^crnn-ocr (data .*)$", PAGE, re.MULTILINE)


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 7


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_page(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if "s3://" in command:
        request.getfixturevalue("store")
    for name in ("mine", "drawn"):
        write_folder(tmp_path / name, ["ab", "bc", "ca", "a"])
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert "4 of 4 samples" in done.output or "4 samples, 4 usable" in done.output
