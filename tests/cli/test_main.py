"""The command line as its own process: how it starts, what it prints where, how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from typer.main import get_command

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.cli import app
from tests.cli.conftest import Command
from tests.conftest import TEXTS, python

MODULE = ["-m", "crnn_seq2seq_ocr"]


def crnn_ocr(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *MODULE, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"}, **options,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.mark.slow
def test_reading_with_a_broken_file_among_good_ones(trained: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes((pictures / "000.png").read_bytes()[:-60])
    listed = f"{pictures / '000.png'}\n{tmp_path / 'broken.png'}\n{pictures / '001.png'}\n"
    done = crnn_ocr("read", trained, "-", "--json", input=listed)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("text") for each in found] == [TEXTS[0], None, TEXTS[1]]
    done = crnn_ocr("read", trained, tmp_path / "broken.png")
    assert done.returncode == 1
    assert done.stdout == ""
    # One sentence, and nothing that a library has to say of it.
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(
        f"crnn-ocr: {tmp_path / 'broken.png'}: this is no picture that can be read (it is cut short)"
    )


def test_a_mistake_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from crnn_seq2seq_ocr.cli import main\n"
        f"sys.argv = ['crnn-ocr', 'data', 'check', {str(tmp_path / 'none')!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print(end.code, 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1 False\n"
    assert done.stderr.startswith(f"crnn-ocr: there is no {tmp_path / 'none'}")


def test_the_name_of_the_command() -> None:
    pyproject = Path(crnn_seq2seq_ocr.__file__).parents[2] / "pyproject.toml"
    if not pyproject.is_file():
        pytest.skip("installed without its project")
    assert 'crnn-ocr = "crnn_seq2seq_ocr.cli:main"' in pyproject.read_text("utf-8")


@pytest.mark.parametrize("started", [True, False])
def test_an_interruption_ends_quietly(command: Command, monkeypatch: pytest.MonkeyPatch, started: bool) -> None:
    def interrupt(*arguments: object, **options: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "crnn_seq2seq_ocr.inference.reader.Reader.load" if started else "crnn_seq2seq_ocr.cli.app", interrupt
    )
    assert command("read", "model", "a.png") == (130, "", "")


@pytest.mark.slow
def test_the_reader_of_the_output_may_go(trained: Path, pictures: Path) -> None:
    command = f"'{sys.executable}' -m crnn_seq2seq_ocr read '{trained}' '{pictures}' --batch-size 1 | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_no_help_holds_what_the_terminal_takes_for_markup() -> None:
    """Rich leaves [words in brackets] out, silently; defaults that are no values are told by show_default."""

    def helps(command: Any) -> Iterator[str]:
        yield command.help or ""
        yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
        for each in getattr(command, "commands", {}).values():
            yield from helps(each)

    told = list(helps(get_command(app)))
    assert len(told) > 80
    assert [help for help in told if "[" in help] == []


def test_the_help_of_training_says_where_a_run_goes(command: Command) -> None:
    assert "runs/NAME" in command("train", "--help").out


WATCHED = "import atexit; from crnn_seq2seq_ocr import cli; atexit.register(print, 'taken down'); cli.main()"


@pytest.mark.parametrize(("processes", "taken_down"), [("1", True), ("2", False)])
@pytest.mark.parametrize(("arguments", "status"), [(["models"], 0), (["no-such-command"], 2)])
def test_one_process_of_several_does_not_take_the_interpreter_down(
    arguments: list[str], status: int, processes: str, taken_down: bool
) -> None:
    with python("-c", WATCHED, *arguments, RANK="0", WORLD_SIZE=processes) as child:
        out, errors = child.communicate(timeout=60)
    assert child.returncode == status, errors
    assert bool(out if status == 0 else errors)
    assert ("taken down" in out) is taken_down
