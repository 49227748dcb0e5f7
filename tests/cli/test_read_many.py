"""``crnn-ocr read --input --output --shard``: many pictures into a file, whatever happens on the way."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crnn_seq2seq_ocr.bulk import run
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.system.signals import StopRequest
from tests.cli.conftest import Command
from tests.conftest import TEXTS, eventually, python

FORMS = [".jsonl", ".csv", ".parquet"]


def rows(path: Path) -> list[dict[str, Any]]:
    """What a file of readings holds: name, text and error at least."""
    if path.suffix == ".jsonl":
        return [{"error": None, "text": None} | json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    table: list[dict[str, Any]] = pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    return table


def form(suffix: str) -> str:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet files need PyArrow: pip install 'crnn-seq2seq-ocr[parquet]'")
    return suffix


@pytest.fixture
def listed(pictures: Path, tmp_path: Path) -> Path:
    """A list of the twelve pictures beside them, with blank lines and one that is not there."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for file in pictures.glob("*.png"):
        (folder / file.name).symlink_to(file)
    names = [f"{number:03d}.png" for number in range(12)]
    (folder / "list.txt").write_text("\n".join(["", *names[:3], "", "absent.png", *names[3:], ""]), encoding="utf-8")
    return folder / "list.txt"


NAMES = ["000.png", "001.png", "002.png", "absent.png", *(f"{number:03d}.png" for number in range(3, 12))]
READ = [*TEXTS[:3], None, *TEXTS[3:]]


@pytest.mark.parametrize("suffix", FORMS)
def test_a_list_into_a_file(command: Command, trained: Path, listed: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / "new" / f"readings{form(suffix)}"
    answer = command("read", trained, "--input", listed, "--output", output, "--batch-size", 4)
    assert answer.status == 1
    assert answer.out == (
        f"{output}: 13 of 13 texts, 13 of them now, 1 of them failed "
        "(their rows say why; --retry-failed reads them again)\n"
    )
    assert answer.err == ""
    found = rows(output)
    assert [row["name"] for row in found] == NAMES
    assert [row["text"] for row in found] == READ
    assert found[3]["error"].startswith(f"{listed.parent / 'absent.png'} cannot be opened (No such file")
    assert sum(row["error"] is not None for row in found) == 1


@pytest.mark.parametrize("suffix", FORMS)
def test_the_same_command_again_reads_what_is_not_there_yet(
    command: Command, trained: Path, listed: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"readings{form(suffix)}"
    lines = listed.read_text()
    listed.write_text(lines[: lines.index("004")])
    arguments = ("read", trained, "--input", listed, "--output", output)
    assert command(*arguments).status == 1
    before = rows(output)
    assert len(before) == 5
    listed.write_text(lines)
    assert "13 of 13 texts, 8 of them now" in command(*arguments).out
    assert command(*arguments).out.startswith(f"{output}: 13 of 13 texts, 0 of them now, 1 of them failed")
    assert rows(output)[:5] == before
    assert [(row["name"], row["text"]) for row in rows(output)] == list(zip(NAMES, READ, strict=True))


@pytest.mark.parametrize("suffix", FORMS)
def test_what_failed_is_read_again_when_asked(
    command: Command, trained: Path, listed: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"readings{form(suffix)}"
    arguments = ("read", trained, "--input", listed, "--output", output)
    command(*arguments)
    (listed.parent / "absent.png").symlink_to(listed.parent / "004.png")
    assert command(*arguments).status == 1
    answer = command(*arguments, "--retry-failed")
    assert (answer.status, answer.out) == (0, f"{output}: 13 of 13 texts, 1 of them now\n")
    assert rows(output)[-1] == rows(output)[-1] | {"name": "absent.png", "text": TEXTS[4], "error": None}
    assert sorted(row["name"] for row in rows(output)) == sorted(NAMES)


def test_folders_and_globs_into_a_file(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "readings.jsonl"
    answer = command("read", trained, pictures, f"{pictures}/00?.png", "--output", output)
    assert answer.status == 0
    files = [str(file) for file in sorted(pictures.glob("*.png"))]
    assert [row["name"] for row in rows(output)] == [*files, *files[:10]]
    printed = command("read", trained, pictures, "--json").out
    assert output.read_text(encoding="utf-8").startswith(printed)
    assert command("read", trained, pictures, f"{pictures}/00?.png", "--output", output).out.endswith("0 of them now\n")


def test_a_list_is_printed_too(command: Command, trained: Path, listed: Path) -> None:
    answer = command("read", trained, "--input", listed)
    assert answer.status == 1
    printed = [line.split("\t")[:2] for line in answer.out.splitlines()]
    assert printed == [[name, text] for name, text in zip(NAMES, READ, strict=True) if text]
    assert answer.err.startswith(f"crnn-ocr: {listed.parent / 'absent.png'} cannot be opened")
    second = command("read", trained, "--input", listed, "--shard", "2/2")
    assert [line.split("\t")[0] for line in second.out.splitlines()] == [NAMES[1], *NAMES[5::2]]


def test_views_of_one_text_stand_on_one_line(
    command: Command, trained: Path, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(listed.parent)
    answer = command("read", trained, "--input", "-", "--json", stdin="000.png\n001.png | 002.png\n")
    first, second = map(json.loads, answer.out.splitlines())
    assert first["text"] == TEXTS[0]
    assert second["name"] == "001.png | 002.png"
    assert "it has 2 pictures, the model takes 1" in second["error"]


def test_shards_hold_everything_once(command: Command, trained: Path, listed: Path, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        command("read", trained, "--input", listed, "--output", tmp_path / "all.jsonl", "--shard", f"{number}/3")
    parts = [rows(tmp_path / f"all-{number}-of-3.jsonl") for number in (1, 2, 3)]
    assert [len(part) for part in parts] == [5, 4, 4]
    found = {row["name"]: row["text"] for part in parts for row in part}
    assert found == dict(zip(NAMES, READ, strict=True))
    assert not (tmp_path / "all.jsonl").exists()


@pytest.mark.slow
def test_processes_of_a_launcher_share_the_list(trained: Path, listed: Path, tmp_path: Path) -> None:
    """One that met a picture that it cannot read ends well: with status 1 the launcher would end the others."""
    output = tmp_path / "all.csv"
    arguments = ["-m", "crnn_seq2seq_ocr", "read", trained, "--input", listed, "--output", output, "--device", "cpu"]
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env=os.environ | {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
        )
        for rank in ("0", "1")
    ]
    assert [process.wait(120) for process in processes] == [0, 0]
    parts = [rows(tmp_path / f"all-{number}-of-2.csv") for number in (1, 2)]
    assert [[row["name"] for row in part] for part in parts] == [NAMES[::2], NAMES[1::2]]


SLOW = """
import sys, time
from crnn_seq2seq_ocr import cli
from crnn_seq2seq_ocr.bulk.lines import Lines
from crnn_seq2seq_ocr.bulk.parquet_store import ParquetStore
from crnn_seq2seq_ocr.inference.reader import Reader
read = Reader.read_prepared
def slowly(self, *arguments, **settings):
    time.sleep(0.05)
    return read(self, *arguments, **settings)
Reader.read_prepared = slowly
Lines.every = ParquetStore.every = 0.1
cli.main()
"""
"""`crnn-ocr` that reads twenty batches a second and writes ten times."""


def many(pictures: Path, folder: Path, count: int) -> Path:
    """A long list of the same pictures under different names."""
    files = sorted(pictures.glob("*.png"))
    names = []
    for number in range(count):
        names.append(f"{number}.png")
        (folder / names[-1]).symlink_to(files[number % len(files)])
    (folder / "list.txt").write_text("\n".join(names), encoding="utf-8")
    return folder / "list.txt"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMS)
def test_killed_in_the_middle_it_goes_on(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, suffix: str
) -> None:
    listed = many(pictures, tmp_path, 300)
    output = tmp_path / f"readings{form(suffix)}"
    arguments = ["read", str(trained), "--input", str(listed), "--output", str(output), "--batch-size", "2"]
    with python("-c", SLOW, *arguments) as child:
        begun = output / "part-000002.parquet" if suffix == ".parquet" else output
        eventually(lambda: begun.exists() and begun.stat().st_size > 0)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    assert 0 < len(rows(output)) < 300
    if suffix != ".parquet":
        with output.open("ab") as file:
            file.write(b'{"name": "half of a li')
    answer = command(*arguments[:-1], 64)
    assert answer.status == 0
    assert re.search(r"300 of 300 texts, \d+ of them now$", answer.out.strip())
    found = rows(output)
    assert [row["name"] for row in found] == [f"{number}.png" for number in range(300)]
    assert [row["text"] for row in found] == TEXTS * 25


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_writes_what_it_has_read(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, number: signal.Signals
) -> None:
    listed = many(pictures, tmp_path, 300)
    output = tmp_path / "readings.jsonl"
    arguments = ["read", str(trained), "--input", str(listed), "--output", str(output), "--batch-size", "2"]
    with python("-c", SLOW, *arguments) as child:
        eventually(lambda: output.exists() and output.stat().st_size > 0)
        child.send_signal(number)
        out, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    count = len(rows(output))
    assert 0 < count < 300
    assert out == f"{output}: {count} of 300 texts, {count} of them now\n"
    assert errors == f"stopped with {300 - count} left: the same command goes on\n"
    assert command(*arguments).out == f"{output}: 300 of 300 texts, {300 - count} of them now\n"
    assert [row["name"] for row in rows(output)] == [f"{number}.png" for number in range(300)]


def test_another_model_or_search_is_not_mixed_in(command: Command, trained: Path, listed: Path, tmp_path: Path) -> None:
    output = tmp_path / "readings.jsonl"
    command("read", trained, "--input", listed, "--output", output)
    before = output.read_bytes()
    recognizer, description = load_model(trained)
    save_model(recognizer, replace(description, name="other", step=7), tmp_path / "other")
    (tmp_path / "names.txt").write_text("ab\n")
    for changed in ([tmp_path / "other"], [trained, "--beam", "2"], [trained, "--lexicon", tmp_path / "names.txt"]):
        answer = command("read", *changed, "--input", listed, "--output", output)
        assert answer.status == 1
        assert answer.err.startswith(f"crnn-ocr: {output} holds readings made by model ")
        assert "name another output, or delete it to begin anew" in answer.err
    assert output.read_bytes() == before
    output.unlink()
    assert command("read", tmp_path / "other", "--input", listed, "--output", output).out.startswith(f"{output}: 13 of")


def test_other_weights_under_the_same_name_are_not_mixed_in(
    command: Command, trained: Path, listed: Path, tmp_path: Path
) -> None:
    """Such as the same model exported with fewer bits, or with its confidences set right."""
    output = tmp_path / "readings.jsonl"
    recognizer, description = load_model(trained)
    for scale in (1.0, 1.0, 0.5):
        recognizer.decoder.output.weight.data.mul_(scale)
        save_model(recognizer, description, tmp_path / "model")
        answer = command("read", tmp_path / "model", "--input", listed, "--output", output)
        assert ("which do not mix with those of" in answer.err) == (scale != 1)


def test_another_list_is_not_mixed_in(command: Command, trained: Path, listed: Path, tmp_path: Path) -> None:
    output = tmp_path / "readings.jsonl"
    command("read", trained, "--input", listed, "--output", output)
    other = listed.with_name("other.txt")
    other.write_text("000.png\nnew.png\n")
    answer = command("read", trained, "--input", other, "--output", output)
    assert answer.status == 1
    assert answer.err.startswith(f"crnn-ocr: {output} holds 12 readings of what is not listed, '001.png' for one")
    assert len(rows(output)) == 13


def test_progress_in_a_log(
    command: Command, trained: Path, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four seconds pass with each text."""
    clock: Iterator[float] = iter(range(0, 10_000, 4))
    module = sys.modules["crnn_seq2seq_ocr.cli.progress"]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    errors = command("read", trained, "--input", listed, "--output", tmp_path / "readings.jsonl").err.splitlines()
    assert errors == [
        "reading: 3 of 13, 0.2 a second, 0:00:40 left, 0 failed",
        "reading: 6 of 13, 0.2 a second, 0:00:28 left, 1 failed",
        "reading: 9 of 13, 0.2 a second, 0:00:16 left, 1 failed",
        "reading: 12 of 13, 0.2 a second, 0:00:04 left, 1 failed",
    ]


def test_a_stop_between_two_lists_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked to stop it takes no more, and ends what it has taken."""
    stop = StopRequest()
    taken = []
    for entry in run.until(stop, ["a", "b", "c"]):
        taken.append(entry)
        stop.ask(signal.SIGTERM, None)
    assert taken == ["a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "after the model, name pictures to read, or a list of them with --input\n"),
        (["a.png", "--input", "list.txt"], "after the model, name pictures to read, or a list of them with --input, "),
        (["--input", "none.txt"], "cannot read the list none.txt: No such file or directory"),
        (["a.png", "--shard", "3/2"], "--shard '3/2' is no part: write 1/8 for the first of eight"),
        (["a.png", "--output", "out.txt"], "readings cannot be written to out.txt: its name must end in .jsonl"),
        (["a.png", "--output", "a.csv", "--json"], "--views, --json and --attention are for readings that are printed"),
        (["--input", "list.txt", "--views"], "in a list the views of a sign stand on one line, joined by |"),
        (["a.png", "--retry-failed"], "--retry-failed is for readings that are kept: name their --output"),
    ],
)
def test_what_does_not_go_together(command: Command, trained: Path, arguments: list[str], message: str) -> None:
    answer = command("read", trained, *arguments)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith(f"crnn-ocr: {message}")
