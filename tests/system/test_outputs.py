"""What commands write to an object store, against a server on the loopback that speaks S3."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.export.graph import Pieces
from crnn_seq2seq_ocr.system import outputs
from crnn_seq2seq_ocr.system.outputs import send, stage
from crnn_seq2seq_ocr.system.stores import cache_folder
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS
from tests.system.s3 import SECRET, server, store

pytestmark = pytest.mark.slow

__all__ = ["command", "server", "store"]


def names(store: Any, place: str) -> set[str]:
    store.invalidate_cache()
    return {name.removeprefix(f"{place}/") for name in store.find(place)}


@pytest.mark.parametrize("to", ["folder", "lmdb", "parquet", "webdataset"])
def test_a_conversion(store: Any, command: Command, pictures: Path, to: str) -> None:
    place = f"s3://bucket/converted/{to}"
    answer = command("data", "convert", pictures, place, "--to", to)
    assert answer.status == 0, answer.err
    assert f"{place}: 12 of 12 samples" in answer.out
    assert f"{place}: " in answer.err
    assert " sent" in answer.err
    assert not any(name.rpartition("/")[2].startswith(".") for name in names(store, f"bucket/converted/{to}"))
    source = open_source(place)
    assert [source[index].text for index in range(12)] == TEXTS
    assert not list(cache_folder().glob("outputs/*"))
    again = command("data", "convert", pictures, place, "--to", to)
    assert again.status == 1
    assert f"{place} is there already: name another place, or delete it first" in again.err


def test_drawn_samples(store: Any, command: Command) -> None:
    answer = command("data", "draw", "synthetic:words?count=2&seed=3", "s3://bucket/drawn", "--to", "folder",
                     "--workers", "0")  # fmt: skip
    assert answer.status == 0, answer.err
    assert len(open_source("s3://bucket/drawn")) == 2
    assert "labels.tsv" in names(store, "bucket/drawn")


def test_readings(store: Any, command: Command, pictures: Path) -> None:
    answer = command("read", "words", pictures, "--output", "s3://bucket/out/readings.jsonl")
    assert answer.status == 0, answer.err
    rows = store.cat_file("bucket/out/readings.jsonl").decode().splitlines()
    assert len(rows) == 12
    assert {"name", "text", "confidence"} <= set(json.loads(rows[0]))
    parts = command("read", "words", pictures, "--output", "s3://bucket/out/parts.csv", "--shard", "2/4")
    assert parts.status == 0, parts.err
    rows = list(csv.reader(io.StringIO(store.cat_file("bucket/out/parts-2-of-4.csv").decode())))
    assert len(rows) == 4
    shared = command("read", "words", pictures, "--output", "s3://bucket/out/shared.jsonl", "--share")
    assert shared.status == 1
    assert "what processes share cannot be written to s3://bucket/out/shared.jsonl" in shared.err


def test_a_report(store: Any, command: Command, pictures: Path) -> None:
    answer = command("evaluate", "words", pictures, "--limit", "2", "--out", "s3://bucket/report", "--csv",
                     "s3://bucket/samples.csv")  # fmt: skip
    assert answer.status == 0, answer.err
    assert {"report.html", "scores.json"} <= names(store, "bucket/report")
    assert len(store.cat_file("bucket/samples.csv").splitlines()) == 3


def test_an_exported_model_is_read_with_from_there(
    store: Any, command: Command, trained: Path, pieces: Pieces, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", lambda *_, **__: pieces)
    answer = command("export", trained, "s3://bucket/models/abc.onnx")
    assert answer.status == 0, answer.err
    assert names(store, "bucket/models") == {"abc.onnx"}
    read = command("read", "s3://bucket/models/abc.onnx", pictures)
    assert [line.split("\t")[1] for line in read.out.splitlines()] == TEXTS


def test_a_release(store: Any, command: Command, trained: Path, pictures: Path) -> None:
    answer = command("release", trained, "s3://bucket/models/small", pictures, "--about", "Reads abc.")
    assert answer.status == 0, answer.err
    assert names(store, "bucket/models/small") == {"model.json", "model.safetensors", "model.onnx"}
    assert json.loads(store.cat_file("bucket/models/small/model.json"))["name"] == "small"


def test_what_a_store_did_not_take_is_sent_by_the_next_run(
    store: Any, command: Command, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    sent: list[str] = []
    put = s3fs.S3FileSystem.put_file

    def failing(self: Any, here: str, there: str, **options: Any) -> None:
        if there.endswith("5.png"):
            raise OSError(f"refused, signed with {SECRET}")
        sent.append(there)
        put(self, here, there, **options)

    with monkeypatch.context() as patch:
        patch.setattr(s3fs.S3FileSystem, "put_file", failing)
        answer = command("data", "convert", pictures, "s3://bucket/broken")
    assert answer.status == 1
    assert "s3://bucket/broken cannot be written (OSError): check the network and the credentials" in answer.err
    assert SECRET not in answer.out + answer.err
    assert "bucket/broken/labels.tsv" not in sent
    assert 0 < len(names(store, "bucket/broken")) < 12
    assert command("data", "convert", pictures, "s3://bucket/broken").status == 0
    assert len(open_source("s3://bucket/broken")) == 12
    assert SECRET not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))


def test_an_interrupted_run_goes_on_from_this_computer(store: Any, command: Command, pictures: Path) -> None:
    here = stage(Path("s3://bucket/went-on"))
    assert command("data", "convert", pictures, here).status == 0
    written = {path: path.stat().st_mtime_ns for path in here.glob("*/*.png")}
    answer = command("data", "convert", pictures, "s3://bucket/went-on")
    assert answer.status == 0, answer.err
    assert written
    assert names(store, "bucket/went-on") == {"labels.tsv", *(path.relative_to(here).as_posix() for path in written)}


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "tiny", "--out", "s3://bucket/run"],
        ["data", "convert", "{pictures}", "hf://me/set"],
        ["label", "s3://bucket/crops"],
        ["data", "download", "fsns", "--out", "s3://bucket/fsns", "--base-url", "http://127.0.0.1:9"],
    ],
)
def test_what_has_to_stay_on_this_computer_says_what_to_do(
    command: Command, arguments: list[str], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command(*(each.format(pictures=pictures) for each in arguments))
    assert answer.status == 1
    assert "write to a folder on this computer" in answer.err
    assert "aws s3 sync" in answer.err or "hf upload owner/name FOLDER" in answer.err
    assert not any(tmp_path.iterdir())


def test_a_store_that_cannot_be_written_to_is_told_before_the_work(
    store: Any, command: Command, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "send", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    answer = command("data", "convert", pictures, "s3://me:hidden@bucket/mine")
    assert answer.status == 1
    assert "cannot be written" in answer.err
    assert "hidden" not in answer.out + answer.err


def test_places_on_this_computer_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    assert stage(tmp_path / "x.png") == tmp_path / "x.png"
    assert send(tmp_path / "x.png") == 0
    assert (tmp_path / "x.png").exists()
