"""LMDB of the layout of scene text: written by lmdb itself, read in any process, damage named."""

import multiprocessing
import pickle
from pathlib import Path

import lmdb
import pytest

from crnn_seq2seq_ocr.data.formats.lmdb import LmdbSamples
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, RecordError


def written(folder: Path, values: dict[bytes, bytes]) -> Path:
    with lmdb.open(str(folder), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key, value)
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    return written(
        tmp_path / "set",
        {b"num-samples": b"3", b"image-000000001": b"one", b"label-000000001": "E\u0301te\u0301".encode(),
         b"image-000000002": b"two", b"label-000000002": b"B", b"label-000000003": b"\xff"},
    )  # fmt: skip


def test_samples_by_folder_and_by_file(folder):
    for place in (folder, folder / "data.mdb"):
        source = open_source(str(place))
        assert isinstance(source, LmdbSamples)
        assert source.description == f"LMDB {place}: 3 samples"
        assert (source[0].name, source[0].images, source[0].text) == ("image-000000001", (b"one",), "Été")
        assert (source.text(1), source.faults) == ("B", [])


def test_damage_is_named_and_spoils_no_neighbour(folder):
    source = open_source(str(folder))
    with pytest.raises(RecordError, match=r"image-000000003: its text is not UTF-8"):
        source.text(2)
    other = written(folder.parent / "other", {b"num-samples": b"3", b"label-000000001": b"A", b"label-000000003": b"C"})
    with pytest.raises(RecordError, match=r"image-000000003: .* does not hold it, though it says it has 3"):
        open_source(str(other))[2]
    with pytest.raises(IndexError):
        source[3]


def test_a_count_without_the_samples_is_refused(tmp_path):
    path = written(tmp_path / "short", {b"num-samples": b"1000000000000", b"label-000000001": b"A"})
    with pytest.raises(
        DataError, match=r"says it has 1,000,000,000,000 samples, and holds 2 entries: it was not written"
    ):
        open_source(str(path))


def test_other_layouts_and_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"an LMDB of another layout: it has no num-samples"):
        open_source(str(written(tmp_path / "other", {b"a": b"b"})))
    (tmp_path / "data.mdb").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"cannot open the LMDB"):
        open_source(str(tmp_path))


def test_the_same_set_twice_in_a_process_and_in_others(folder):
    source = open_source(f"{folder} + {folder}?limit=1")
    source[0]
    assert len(pickle.dumps(source)) < 1000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(source.text, [0, 1, 3]) == ["Été", "B", "Été"]
