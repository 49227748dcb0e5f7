"""``crnn-ocr read --share``: processes that come and go read one list together."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_read_many import eventually, form, many, rows
from tests.conftest import TEXTS, python

SLOW = """
import itertools, os, time
from crnn_seq2seq_ocr import cli
from crnn_seq2seq_ocr.bulk import share
from crnn_seq2seq_ocr.bulk.leases import Leases
from crnn_seq2seq_ocr.bulk.lines import Lines
from crnn_seq2seq_ocr.inference.reader import Reader
read = Reader.read_prepared
batches = itertools.count()
def slowly(self, *arguments, **settings):
    if next(batches) == 3:
        while not os.path.exists(os.environ["GATE"]):
            time.sleep(0.05)
    return read(self, *arguments, **settings)
Reader.read_prepared = slowly
Lines.every, share.PAUSE = 0.0, 0.1
Leases.every, Leases.expiry = 0.2, 3.0
cli.main()
"""
"""`crnn-ocr` that reads three batches, writes each at once, and waits for a file; dead after three silent seconds."""


def whole(folder: Path) -> list[tuple[str, str]]:
    return [(row["name"], row["text"]) for part in sorted(folder.glob("part-*")) for row in rows(part)]


@pytest.mark.slow
def test_workers_come_and_go_and_each_text_is_read_once(trained: Path, pictures: Path, tmp_path: Path) -> None:
    """One is killed, one is asked to stop, one stands still and goes on when its part was taken; one comes late."""
    listed = many(pictures, tmp_path, 240)
    output = tmp_path / "out.jsonl"
    arguments = ["read", str(trained), "--input", str(listed), "--output", str(output), "--share", "--part-size", "20"]
    arguments += ["--batch-size", "2", "--device", "cpu"]
    gate = tmp_path / "gate"
    with contextlib.ExitStack() as stack:

        def start() -> subprocess.Popen[str]:
            return stack.enter_context(python("-c", SLOW, *arguments, GATE=str(gate)))

        killed, stopped, still = start(), start(), start()
        eventually(lambda: sum(half.stat().st_size > 0 for half in output.glob(".work/part-*.jsonl")) == 3)
        os.kill(still.pid, signal.SIGSTOP)
        os.kill(killed.pid, signal.SIGKILL)
        stopped.send_signal(signal.SIGTERM)
        gate.touch()
        assert stopped.communicate(timeout=90)[1].endswith("the same command goes on, here or elsewhere\n")
        assert stopped.returncode == 130
        late = start()
        out, errors = late.communicate(timeout=120)
        assert late.returncode == 0, errors
        assert out.startswith(f"{output}: 12 of 12 parts, ")
        before = whole(output)
        os.kill(still.pid, signal.SIGCONT)
        assert still.communicate(timeout=90)[0].startswith(f"{output}: 12 of 12 parts, ")
    expected = [(f"{number}.png", TEXTS[number % 12]) for number in range(240)]
    assert before == whole(output) == expected
    assert [each.name for each in (output / ".work").iterdir()] == ["made_by.json"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_parts_are_tables_and_a_finished_output_is_left_alone(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, suffix: str
) -> None:
    listed = many(pictures, tmp_path, 30)
    output = tmp_path / f"out{form(suffix)}"
    arguments = ["read", trained, "--input", listed, "--output", output, "--share", "--part-size"]
    assert command(*arguments, 12).out == f"{output}: 3 of 3 parts, 30 texts read here\n"
    assert whole(output) == [(f"{number}.png", TEXTS[number % 12]) for number in range(30)]
    if suffix == ".parquet":
        assert len(rows(output)) == 30
    assert command(*arguments, 12).out == f"{output}: 3 of 3 parts, 0 texts read here\n"
    answer = command(*arguments, 10)
    assert (answer.status, answer.err) == (
        1, f"crnn-ocr: {output} was made with another part_size: name another output, or give the command as before\n"
    )  # fmt: skip
    listed.write_text("0.png\n")
    assert "was made with another list: name another" in command(*arguments, 12).err


def test_what_was_left_half_is_gone_on_with(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    listed = many(pictures, tmp_path, 12)
    output = tmp_path / "out.jsonl"
    arguments = ["read", trained, "--input", listed, "--output", output, "--share"]
    command(*arguments)
    part = output / "part-000000.jsonl"
    lines = part.read_bytes().splitlines(keepends=True)
    part.unlink()
    (output / ".work" / "part-000000.elsewhere-1.jsonl").write_bytes(b"".join(lines[:7]) + lines[7][:20])
    assert command(*arguments).out == f"{output}: 1 of 1 parts, 5 texts read here\n"
    assert part.read_bytes().splitlines(keepends=True) == lines


def test_what_it_does_not_go_with(command: Command, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").mkdir()
    (tmp_path / "x.jsonl" / "mine").write_text("")
    answer = command("read", trained, "a.png", "--share", "--output", tmp_path / "x.jsonl")
    assert "is there already, and was not made by `crnn-ocr read --share`" in answer.err
    assert "name their --output" in command("read", trained, "a.png", "--share").err
    answer = command("read", trained, "a.png", "--share", "--output", "x.csv", "--shard", "1/2")
    assert "leave --shard out" in answer.err
    answer = command("read", trained, "a.png", "--share", "--output", "x.csv", "--retry-failed")
    assert "to read failed texts again, delete the parts that hold them" in answer.err
