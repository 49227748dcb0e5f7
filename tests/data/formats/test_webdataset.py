"""WebDataset tar files: by the package itself and by hand; any order, other processes, the kept index, damage."""

import io
import json
import multiprocessing
import pickle
import tarfile
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.formats.webdataset import WebDataset
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, RecordError


def written(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    written(tmp_path / "train-000.tar", {
        "a/1.jpg": b"one", "a/1.txt": "E\u0301te\u0301\n".encode(), "a/2.json": b'{"label": "B"}', "a/2.png": b"two",
        "3.0.jpg": b"x", "3.1.jpg": b"y", "3.txt": b"C", "3.json": b"{}",
    })  # fmt: skip
    written(tmp_path / "train-001.tar", {"4.jpg": b"four", "5.txt": b"E"})
    return tmp_path


def test_samples_in_any_order(folder):
    source = open_source(str(folder))
    assert isinstance(source, WebDataset)
    assert source.description == f"WebDataset {folder / 'train-000.tar'} and 1 more: 5 samples"
    assert [source.text(index) for index in (2, 0, 1)] == ["C", "Été", "B"]
    assert (source[1].name, source[1].images, source[1].views) == ("train-000.tar#a/2", (b"two",), None)
    assert (source[2].images, source[2].views) == ((b"x", b"y"), 2)
    assert len(open_source(f"{folder}/train-*.tar")) == 5
    assert len(open_source(f"{folder}/train-000.tar")) == 3


def test_samples_that_lack_something(folder):
    source = open_source(str(folder))
    with pytest.raises(RecordError, match=r"train-001\.tar#4: the sample has no text"):
        source[3]
    with pytest.raises(RecordError, match=r"train-001\.tar#5: the sample has no picture \(jpg"):
        source[4]


def test_the_field_of_the_text(tmp_path):
    path = written(tmp_path / "x.tar", {"1.jpg": b"", "1.json": json.dumps({"plate": "AB"}).encode()})
    assert open_source(f"{path}?text=plate").text(0) == "AB"
    with pytest.raises(RecordError, match=r"x\.tar#1: .*no field 'text' with a text \(plate\)"):
        open_source(str(path)).text(0)


def test_the_index_is_kept_and_follows_changes(folder):
    path = folder / "train-000.tar"
    assert len(open_source(str(path))) == 3
    assert len(list(folder.glob(".train-000.tar*.index"))) == 1
    assert open_source(str(path)).text(2) == "C"
    written(path, {"9.jpg": b"nine", "9.txt": b"N"})
    assert open_source(str(path)).text(0) == "N"


def test_files_that_are_none_or_break_off(tmp_path):
    path = written(tmp_path / "x.tar", {"1.jpg": bytes(5000), "1.txt": b"A"})
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"x\.tar is no tar file that can be read, or breaks off"):
        open_source(str(path))
    with pytest.raises(DataError, match=r"holds no samples: there must be members such as x\.jpg and x\.txt"):
        open_source(str(written(tmp_path / "y.tar", {"notes.md": b""})))


def test_other_processes(folder):
    source = open_source(str(folder))
    source[0]
    assert len(pickle.dumps(source)) < 2000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(source.text, [2, 0]) == ["C", "Été"]


@pytest.mark.filterwarnings("ignore")
def test_what_the_webdataset_package_writes(tmp_path):
    import webdataset

    with webdataset.TarWriter(str(tmp_path / "x.tar")) as writer:
        writer.write({"__key__": "s1", "jpg": b"one", "txt": "A"})
        writer.write({"__key__": "s2", "png": b"two", "json": {"text": "B"}})
    source = open_source(str(tmp_path / "x.tar"))
    assert [(source[index].images, source[index].text) for index in (0, 1)] == [((b"one",), "A"), ((b"two",), "B")]
