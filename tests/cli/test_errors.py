"""What a user gets wrong ends in a sentence that names the file and the remedy, and in a status that is not zero."""

import errno
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.checkpoint.folders import find_model
from crnn_seq2seq_ocr.data.formats.fsns import encode_example
from crnn_seq2seq_ocr.data.formats.tfrecord import write_records
from tests.cli.conftest import Command
from tests.conftest import picture_of, write_folder

Arguments = list[object]
Mistake = Callable[[Path, Path], Arguments]
"""Makes in a folder what is wrong; gets the folder and a good model, gives the command."""


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def recipe(folder: Path, content: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def shard(folder: Path) -> Path:
    """Two records."""
    path = folder / "train-00000-of-00001"
    example = encode_example(png(picture_of("ab")), "ab", width=32, orig_width=32, height=32, charset="abc")
    write_records(path, [example, example])
    return path


def truncated_shard(folder: Path) -> Path:
    path = shard(folder)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def bomb(folder: Path) -> Path:
    """A PNG file of 70 bytes that claims 3.6 thousand million pixels."""
    whole = png(np.zeros((1, 1), np.uint8))
    header = b"IHDR" + (60_000).to_bytes(4) * 2 + whole[24:29]
    path = folder / "bomb.png"
    path.write_bytes(whole[:12] + header + zlib.crc32(header).to_bytes(4) + whole[33:])
    return path


def corrupt(folder: Path) -> Path:
    path = folder / "corrupt.png"
    path.write_bytes(png(picture_of("abc"))[:-60])
    return path


def empty(folder: Path, name: str = "empty.png") -> Path:
    path = folder / name
    path.touch()
    return path


def changed_model(folder: Path, model: Path, **changes: object) -> Path:
    copy = shutil.copytree(model, folder / "model")
    content = json.loads((copy / "model.json").read_text("utf-8"))
    (copy / "model.json").write_text(json.dumps(content | changes), encoding="utf-8")
    return copy


def cut_model(folder: Path, model: Path) -> Path:
    copy = shutil.copytree(model, folder / "model")
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    return copy


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def out(folder: Path) -> Path:
    return folder / "out"


MISTAKES: dict[str, tuple[Mistake, str]] = {
    "recipe, absent": (
        lambda here, model: ["train", here / "recipe.yaml"], r"recipe\.yaml"),
    "recipe, unknown name": (
        lambda here, model: ["train", "fsns-sead"], r"fsns-sead.*fsns-seed"),
    "recipe, a folder": (
        lambda here, model: ["train", here], r"PLACE"),
    "recipe, not YAML": (
        lambda here, model: ["train", recipe(here, "model: [")], r"recipe\.yaml"),
    "recipe, unknown setting": (
        lambda here, model: ["train", "tiny", "modle.width=3"], r"modle.*did you mean .?model"),
    "recipe, setting without its section": (
        lambda here, model: ["train", "tiny", "steps=3"], r"steps: there is no .*did you mean 'training\.steps'"),
    "run, a file": (
        lambda here, model: ["train", "tiny", "--out", empty(here)], r"PLACE/empty\.png is a file: name a folder"),
    "recipe, wrong value": (
        lambda here, model: ["train", "tiny", "training.steps=many"], r"training\.steps"),
    "training data, absent": (
        lambda here, model: ["train", "tiny", f"data.train={here / 'none'}", "--out", out(here)],
        r"there is no PLACE/none; a source may be"),
    "training data, a folder of something else": (
        lambda here, model: ["train", "tiny", f"data.train={here}", "--out", out(here)], r"PLACE holds no samples"),
    "picture, absent": (
        lambda here, model: ["read", model, here / "none.png"],
        r"PLACE/none\.png cannot be opened .*check the path"),
    "picture, corrupt": (
        lambda here, model: ["read", model, corrupt(here)], r"PLACE/corrupt\.png: .*cut short.*replace"),
    "picture, empty": (
        lambda here, model: ["read", model, empty(here)], r"PLACE/empty\.png: the picture is empty .*replace"),
    "picture, bomb": (
        lambda here, model: ["read", model, bomb(here)],
        r"PLACE/bomb\.png: the picture of 60000 x 60000 pixels is larger than 64 million pixels .*make it smaller"),
    "picture, a folder without any": (
        lambda here, model: ["read", model, here], r"PLACE holds no pictures"),
    "picture, nothing matches": (
        lambda here, model: ["read", model, here / "*.png"], r"no file matches PLACE/\*\.png"),
    "picture, forgotten model": (
        lambda here, model: ["read", here / "a.png"], r"after the model, name pictures to read"),
    "attention, a place for no folder": (
        lambda here, model: ["read", model, "a.png", "--attention", "/proc/none"],
        r"crnn-ocr: /proc/none could not be written \(No such"),
    "picture, none listed": (
        lambda here, model: ["read", model, "-"], r"standard input lists no pictures: write"),
    "model, absent": (
        lambda here, model: ["read", here / "none", "a.png"], r"PLACE/none does not exist: give a folder"),
    "model, a folder without one": (
        lambda here, model: ["read", here, "a.png"], r"PLACE holds no model: give a folder"),
    "model, a file": (
        lambda here, model: ["evaluate", empty(here), here], r"PLACE/empty\.png is not a folder: give a folder"),
    "model, another version": (
        lambda here, model: ["read", changed_model(here, model, format=2), "a.png"],
        r"PLACE/model/model\.json has format 2, .*use the version that wrote it"),
    "model, another charset": (
        lambda here, model: ["read", changed_model(here, model, charset="abcd"), "a.png"],
        r"PLACE/model/model\.safetensors does not fit PLACE/model/model\.json"),
    "model, truncated": (
        lambda here, model: ["read", cut_model(here, model), "a.png"],
        r"PLACE/model/model\.safetensors is damaged, .*copy it again"),
    "device, unknown": (
        lambda here, model: ["read", model, "a.png", "--device", "abacus"],
        r"the device 'abacus' cannot be used here .*take auto or cpu"),
    "device, holds nothing": (
        lambda here, model: ["evaluate", model, here, "--device", "meta"], r"'meta' cannot be used .*take auto"),
    "lexicon, absent": (
        lambda here, model: ["read", model, "a.png", "--lexicon", here / "none.txt"],
        r"lexicon PLACE/none\.txt cannot be read .*check its path"),
    "lexicon, a folder": (
        lambda here, model: ["read", model, "a.png", "--lexicon", here], r"lexicon PLACE cannot be read"),
    "lexicon, unknown character": (
        lambda here, model: ["read", model, "a.png", "--lexicon", written(here, "names.txt", "ab\naé\n")],
        r"PLACE/names\.txt, line 2: 'aé' holds 'é' \(U\+00E9 .*leave such lines out"),
    "lexicon, all too long": (
        lambda here, model: ["read", model, written(here, "a.png", png(picture_of("a"))), "--lexicon",
                              written(here, "names.txt", "abcabc\n")],
        r"no text of .* has 4 characters or fewer"),
    "attention, a file": (
        lambda here, model: ["read", model, "a.png", "--attention", empty(here)],
        r"PLACE/empty\.png could not be written"),
    "data, absent": (
        lambda here, model: ["evaluate", model, here / "none"], r"there is no PLACE/none; a source may be"),
    "data, a folder of something else": (
        lambda here, model: ["data", "check", here], r"PLACE holds no samples"),
    "data, a file of something else": (
        lambda here, model: ["data", "check", written(here, "a.dat", "x")], r"PLACE/a\.dat is no file of samples"),
    "data, truncated shard": (
        lambda here, model: ["data", "check", truncated_shard(here)],
        r"PLACE/train-00000-of-00001.* truncated"),
    "data, truncated shard, evaluated": (
        lambda here, model: ["evaluate", model, truncated_shard(here)],
        r"PLACE/train-00000-of-00001.* truncated"),
    "data, unknown option": (
        lambda here, model: ["data", "check", f"{shard(here)}?limmit=3"], r"limmit.*did you mean 'limit'"),
    "data, corrupt picture": (
        lambda here, model: ["data", "check", corrupt_folder(here), "--strict"],
        r"000\.png: unreadable picture: .*cut short.*replace"),
    "data, text too long": (
        lambda here, model: ["data", "check", shard(here), "--max-length", 1, "--strict"],
        r"train-00000-of-00001#0: text too long: the text has 2 characters, text.max_length is 1"),
    "data, text too long to convert": (
        lambda here, model: ["data", "convert", shard(here), out(here), "--to", "tfrecord", "--max-length", 1],
        r"train-00000-of-00001#0: the text 'ab' has 2 characters: there must be 1 to 1"),
    "charset, absent": (
        lambda here, model: ["data", "check", shard(here), "--charset", here / "charset.txt"],
        r"'PLACE/charset\.txt' is neither a file nor a list of characters, each once"),
    "charset, a folder": (
        lambda here, model: ["data", "check", shard(here), "--charset", here], r"charset PLACE .*check its path"),
    "charset, another format": (
        lambda here, model: ["data", "check", shard(here), "--charset", written(here, "c.txt", "a\nb\n")],
        r"PLACE/c\.txt:1: 'a' is not an id, a tab and a character"),
    "charset, lacks a character": (
        lambda here, model: ["data", "check", shard(here), "--charset", "a", "--strict"],
        r"train-00000-of-00001#0: character: 'ab' holds 'b' \(U\+0062 LATIN SMALL LETTER B\)"),
    "charset, any for records": (
        lambda here, model: ["data", "convert", shard(here), out(here), "--to", "tfrecord", "--charset", "any"],
        r"TFRecords need a charset: give"),
    "convert, onto a file": (
        lambda here, model: ["data", "convert", shard(here), empty(here)],
        r"PLACE/empty\.png could not be written .*has the name of a folder"),
    "convert, onto other files": (
        lambda here, model: ["data", "convert", shard(here), written(here, "labels.tsv", "x").parent],
        r"PLACE/labels\.tsv exists and is not of this conversion: choose another folder"),
    "draw, unknown option": (
        lambda here, model: ["data", "draw", "synthetic:signs?cuont=3", out(here)], r"cuont.*did you mean .?count"),
    "draw, unknown name": (
        lambda here, model: ["data", "draw", "synthetic:plates", out(here)], r"no synthetic source 'plates'; there"),
    "download, unknown set": (
        lambda here, model: ["data", "download", "mnist", "--out", out(here)], r"'mnist' to download: there is fsns"),
    "download, unknown split": (
        lambda here, model: ["data", "download", "fsns", "--split", "dev", "--out", out(here)],
        r"no split 'dev': choose one of train, validation, test"),
    "download, unknown shard": (
        lambda here, model: ["data", "download", "fsns", "--split", "test", "--shards", "62-64", "--out", out(here)],
        r"no shard 64 in test: its shards are 0 to 63"),
    "import, absent": (
        lambda here, model: ["import-mindspore", here / "a.ckpt", "--charset", here, "--out", out(here)],
        r"PLACE/a\.ckpt"),
    "import, something else": (
        lambda here, model: ["import-mindspore", bomb(here), "--charset", here, "--out", out(here)],
        r"PLACE/bomb\.png"),
    "import, onto what is there": (
        lambda here, model: ["import-mindspore", bomb(here), "--charset", here, "--out", here],
        r"PLACE is there already: name a new folder"),
}  # fmt: skip


def corrupt_folder(folder: Path) -> Path:
    write_folder(folder / "data", ["abc", "a"])
    corrupt(folder).rename(folder / "data" / "000.png")
    return folder / "data"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_in_a_sentence(command: Command, trained: Path, tmp_path: Path, mistake: str) -> None:
    make, message = MISTAKES[mistake]
    answer = command(*make(tmp_path, find_model(trained)))
    assert answer.status == 1
    told = answer.out + answer.err
    assert re.search(message.replace("PLACE", re.escape(str(tmp_path))), told, re.DOTALL), told
    if not answer.out:
        assert answer.err.startswith(("crnn-ocr: ", "left out: ", "[ WARN"))
    assert not out(tmp_path).exists() or not any(path.is_file() for path in out(tmp_path).rglob("[!.]*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["read"], "Missing argument"),
        (["raed"], "No such command 'raed'"),
        (["read", "model", "a.png", "--beam", "0"], "--beam"),
        (["train", "tiny", "--overfit", "all"], "'all' is not a number of batches such as 1-batch"),
        (["data", "convert", "a", "b", "--to", "zip"], "'zip' is not one of"),
    ],
)
def test_wrong_use_is_told_with_status_2(command: Command, arguments: Arguments, message: str) -> None:
    answer = command(*arguments)
    assert answer.status == 2
    assert message in answer.err


# --- no space left --------------------------------------------------------------------------------


def full(*arguments: object, **options: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITERS: dict[str, Callable[[Path, Path, Path], Arguments]] = {
    "attention": lambda model, data, place: ["read", model, data, "--attention", place],
    "report": lambda model, data, place: ["evaluate", model, data, "--out", place],
    "folder": lambda model, data, place: ["data", "convert", data, place],
    "records": lambda model, data, place: [
        "data", "convert", data, place, "--to", "tfrecord", "--charset", "abc"],
    "signs": lambda model, data, place: ["data", "draw", "synthetic:signs?count=1", place, "--workers", 0],
}  # fmt: skip


@pytest.mark.parametrize("what", WRITERS)
def test_no_space_is_left(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Everything takes its place by a renaming: that is where the disk is full here."""
    monkeypatch.setattr(os, "replace", full)
    answer = command(*WRITERS[what](find_model(trained), pictures, tmp_path / "out"))
    assert answer.status == 1
    assert re.search(rf"crnn-ocr: .*{re.escape(str(tmp_path / 'out'))}", answer.err)
    assert re.search("(?i)no space", answer.err)
    assert re.search("make room|free some space", answer.err)
    assert not [path for path in (tmp_path / "out").rglob("[!.]*") if path.is_file() and path.suffix != ".png"]


def test_what_was_measured_is_shown_though_it_cannot_be_written(
    command: Command, trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", full)
    answer = command("evaluate", trained, pictures, "--out", tmp_path / "out")
    assert "100.00%" in answer.out


@pytest.mark.parametrize("arguments", [["-"], ["--input", "-"]])
def test_closed_standard_input_lists_nothing(command: Command, trained: Path, arguments: Arguments) -> None:
    answer = command("read", find_model(trained), *arguments, stdin=None)
    assert answer.status == 1
    assert "standard input lists no pictures" in answer.err
