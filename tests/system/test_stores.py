"""Object stores against a server on the loopback that speaks S3: data, lists, models, pictures, and what is refused."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.system.addresses import is_remote, shown
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.system.stores import fetch
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS, silent_server
from tests.system.s3 import SECRET, server, store

pytestmark = pytest.mark.slow

__all__ = ["command", "server", "store"]


def put(store: Any, folder: Path, place: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.put_file(str(path), f"{place}/{path.relative_to(folder).as_posix()}")


def test_data_of_a_folder_a_list_and_a_pattern(store: Any, pictures: Path) -> None:
    put(store, pictures, "bucket/mine")
    for spec in ("s3://bucket/mine", "s3://bucket/mine/", "s3://bucket/mine/labels.tsv"):
        source = open_source(spec)
        assert [source.text(index) for index in range(len(source))] == TEXTS
        assert source[3].images[0] == (pictures / "003.png").read_bytes()
    assert len(open_source("s3://bucket/mine?limit=3 + s3://bucket/mine/labels.tsv?limit=2")) == 5


def test_lists_of_pictures_and_of_texts(store: Any, command: Command, pictures: Path, tmp_path: Path) -> None:
    put(store, pictures, "bucket/listed")
    store.pipe_file("bucket/listed/list.txt", b"000.png\n003.png\n")
    store.pipe_file("bucket/words.txt", b"xx\n")
    answer = command("read", "words", "--input", "s3://bucket/listed/list.txt", "--lexicon", "s3://bucket/words.txt")
    assert answer.status == 0, answer.err
    assert [line.split("\t")[:2] for line in answer.out.splitlines()] == [["000.png", "xx"], ["003.png", "xx"]]
    labelled = command("data", "label", "s3://bucket/listed", tmp_path / "out", "--with", "words")
    assert labelled.status == 0, labelled.err


def test_lists_on_this_computer_of_addresses(store: Any, command: Command, pictures: Path, tmp_path: Path) -> None:
    put(store, pictures, "bucket/far")
    store.pipe_file("bucket/far/empty.png", b"")
    names = ["000.png", "003.png", "none.png", "empty.png"]
    addresses = [f"s3://bucket/far/{name}" for name in names]
    (tmp_path / "list.txt").write_text("\n".join(addresses))
    answer = command("read", "words", "--input", tmp_path / "list.txt")
    assert [line.split("\t")[0] for line in answer.out.splitlines()] == addresses[:2]
    assert "there is nothing at s3://bucket/far/none.png: check the address" in answer.err
    assert "the picture is empty" in answer.err
    (tmp_path / "labels.tsv").write_text("".join(f"s3://bucket/far/{name}\ttext {name}\n" for name in names))
    source = open_source(str(tmp_path))
    assert source[1].images[0] == (pictures / "003.png").read_bytes()
    assert source[3].images[0] == b""
    with pytest.raises(DataError, match=r"listed in .*labels\.tsv:3: there is nothing at s3://bucket/far/none\.png"):
        source[2]
    store.rm("bucket/far/003.png")
    assert open_source(str(tmp_path))[1].images[0] == (pictures / "003.png").read_bytes()  # it was fetched before


def test_what_was_fetched_is_not_fetched_again_after_a_failure(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    for number in range(3):
        store.pipe_file(f"bucket/many/{number}.txt", b"x")
    get = s3fs.S3FileSystem.get_file
    fetched: list[str] = []

    def failing(self: Any, name: str, path: str) -> None:
        if name.endswith("2.txt") and len(fetched) < 3:
            raise ConnectionResetError
        fetched.append(name)
        get(self, name, path)

    monkeypatch.setattr(s3fs.S3FileSystem, "get_file", failing)
    with pytest.raises(StorageError, match="cannot be read"):
        fetch("s3://bucket/many")
    fetched.append("now")
    fetch("s3://bucket/many")
    assert fetched[-2:] == ["now", "bucket/many/2.txt"]


def test_a_full_disk_is_no_failure_of_the_store(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store.pipe_file("bucket/one/x.txt", b"x")
    monkeypatch.setattr(s3fs.S3FileSystem, "get_file", full)
    with pytest.raises(StorageError, match=r"No space left on device.*: free some space"):
        fetch("s3://bucket/one")


def test_only_what_has_changed_is_fetched_again(store: Any, tmp_path: Path) -> None:
    store.pipe_file("bucket/part/x.txt", b"one")
    store.pipe_file("bucket/part/y.txt", b"two")
    folder = fetch("s3://bucket/part")
    (folder / "x.txt").write_bytes(b"ours")
    store.pipe_file("bucket/part/y.txt", b"new")
    store.pipe_file("bucket/part/z.txt", b"more")
    assert fetch("s3://bucket/part") == folder
    assert {path.name: path.read_bytes() for path in folder.glob("*.txt")} == {
        "x.txt": b"ours", "y.txt": b"new", "z.txt": b"more",
    }  # fmt: skip
    store.rm_file("bucket/part/z.txt")
    assert not (fetch("s3://bucket/part") / "z.txt").exists()
    assert SECRET not in "".join(path.read_text() for path in tmp_path.rglob(".known.json"))


def test_a_model_and_pictures_are_read(store: Any, command: Command, exported: Path, pictures: Path) -> None:
    store.put_file(str(exported), "bucket/models/abc.onnx")
    store.put_file(str(pictures / "000.png"), "bucket/crops/000.png")
    answer = command("read", "s3://bucket/models/abc.onnx", "s3://bucket/crops/")
    assert answer.status == 0, answer.err
    assert answer.out.split("\t")[1] == TEXTS[0]


def test_what_cannot_be_read_is_said_without_credentials(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("s3://bucket/none", "s3://bucket/none/*.tar"):
        with pytest.raises(StorageError, match=rf"there is nothing at {place.replace('*', '.')}"):
            open_source(place)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError, match="check the network and the credentials") as caught:
        fetch("s3://me:hidden@bucket/mine")
    assert "hidden" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_programs_write_by_themselves_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="cannot be written to s3://bucket/x: write to a folder on this computer"):
        write_whole(Path("s3://bucket/x"), "x")
    assert not any(tmp_path.iterdir())


def test_what_is_an_address() -> None:
    assert is_remote("s3://bucket/x")
    assert is_remote(Path("s3://bucket/x"))
    assert not is_remote("runs/s3:/x")
    assert not is_remote("hf://a/b")
    assert shown(Path("s3://me:secret@bucket/x")) == "s3://bucket/x"
    assert os.environ.get("AWS_SECRET_ACCESS_KEY") != SECRET


def test_a_store_that_says_nothing_is_given_up(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import s3fs

    monkeypatch.setattr(s3fs.S3FileSystem, "read_timeout", 0.2)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    with silent_server() as (address, taken):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        answer = command("read", "words", "s3://bucket/pictures")
    assert answer.status == 1
    assert "s3://bucket/pictures cannot be read" in answer.err
    assert SECRET not in answer.err
    assert len(taken) <= 2 * 5
