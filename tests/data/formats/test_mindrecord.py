"""MindRecord sets made by the original's own script: the same pictures and texts, in its order; damage is noticed."""

import json
import multiprocessing
import pickle
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.formats.mindrecord import MindRecords, is_mindrecord
from crnn_seq2seq_ocr.errors import DataError, RecordError

FIXTURES = Path(__file__).parents[2] / "fixtures"
SMALL = FIXTURES / "mindrecord_small"


@pytest.fixture
def train(tmp_path) -> Path:
    return Path(shutil.copytree(SMALL / "train", tmp_path / "train"))


def change_header(path: Path, **changes) -> None:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.dumps({**json.loads(data[8 : 8 + length]), **changes}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + len(header) :])


def change_index(path: Path, command: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(command)


@pytest.mark.parametrize(("part", "count"), [("train", 20), ("test", 11)])
def test_every_picture_and_text_is_there(part, count):
    lines = (SMALL / "source" / f"{part}.txt").read_text(encoding="utf-8").splitlines()
    expected = {}
    for line in lines:
        name, text = line.split("\t")
        expected[text] = (SMALL / "source" / part / name).read_bytes()
    source = MindRecords(SMALL / part)
    assert len(source) == count
    samples = [source[index] for index in range(count)]
    assert {sample.text: sample.images[0] for sample in samples} == expected
    assert [source.text(index) for index in range(count)] == [sample.text for sample in samples]
    assert len({sample.name for sample in samples}) == count


def test_the_order_is_mindspores():
    annotations = np.load(FIXTURES / "validation_pipeline.npz")["annotation"]
    source = MindRecords(SMALL / "test")
    assert [source.text(index) for index in range(len(annotations))] == list(annotations)
    names = [source[index].name for index in (0, 6, 7)]
    assert names == ["fsns.mindrecord0#0", "fsns.mindrecord0#6", "fsns.mindrecord1#0"]


def test_description_and_bounds():
    source = MindRecords(SMALL / "train")
    assert source.description == f"MindRecord {SMALL / 'train'}: 20 samples in 2 shards"
    assert source[0].views is None
    for wrong in (-1, 20):
        with pytest.raises(IndexError):
            source[wrong]


def test_any_shard_opens_the_whole_set():
    for name in ("fsns.mindrecord0", "fsns.mindrecord1"):
        assert is_mindrecord(SMALL / "train" / name)
        assert len(MindRecords(SMALL / "train" / name)) == 20
    assert not is_mindrecord(SMALL / "source" / "train.txt")


def test_spaces_stay_and_text_is_nfc(train):
    source = MindRecords(train)
    texts = {source.text(index) for index in range(20)}
    assert "Rue   Double  Espace" in texts
    shard = train / "fsns.mindrecord0"
    composed, combining = "Rue Molière".encode(), "Rue Molie\N{COMBINING GRAVE ACCENT}r".encode()
    assert len(combining) == len(composed)
    shard.write_bytes(shard.read_bytes().replace(composed, combining))
    assert MindRecords(train)[5].text == MindRecords(train).text(5) == "Rue Molièr"


def test_processes_that_are_spawned_read_too():
    source = MindRecords(SMALL / "train")
    assert len(pickle.dumps(source)) < 2000
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        read = pool.map(source.__getitem__, range(20), chunksize=5)
    assert read == [source[index] for index in range(20)]


# --- damage ---------------------------------------------------------------------------------------


def test_nothing_there(tmp_path, train):
    with pytest.raises(DataError, match="holds no MindRecord set"):
        MindRecords(tmp_path)
    with pytest.raises(DataError, match=r"cannot read .*absent"):
        MindRecords(tmp_path / "absent.mindrecord0")
    shutil.copy(train / "fsns.mindrecord0", train / "other.mindrecord0")
    with pytest.raises(DataError, match=r"several MindRecord sets \(fsns\.mindrecord0, other\.mindrecord0\)"):
        MindRecords(train)


@pytest.mark.parametrize("name", ["fsns.mindrecord1", "fsns.mindrecord0.db"])
def test_a_missing_file_is_named(train, name):
    (train / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing: a MindRecord set needs all its shards"):
        MindRecords(train)


@pytest.mark.parametrize("header", [b"", b"not JSON at all", b"[17]", b"{}"])
def test_headers_that_are_none(train, header):
    (train / "fsns.mindrecord0").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(RecordError, match=r"fsns\.mindrecord0 is not a"):
        MindRecords(train)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 100])
def test_other_files_are_not_shards(train, content):
    (train / "fsns.mindrecord0").write_bytes(content)
    with pytest.raises(RecordError, match=r"fsns\.mindrecord0 is not a"):
        MindRecords(train)


def test_an_index_that_is_none(train):
    (train / "fsns.mindrecord1.db").write_bytes(b"no database" * 100)
    with pytest.raises(RecordError, match=r"mindrecord1\.db is not the index of a MindRecord shard"):
        MindRecords(train)


@pytest.mark.parametrize(
    "change",
    ["PAGE_OFFSET_BLOB_END = 1000000", "PAGE_ID_BLOB = 77", "PAGE_ID_BLOB = -1", "PAGE_OFFSET_BLOB = -8",
     "PAGE_OFFSET_BLOB = PAGE_OFFSET_BLOB_END", "PAGE_OFFSET_BLOB = PAGE_OFFSET_BLOB + 1"],
)  # fmt: skip
def test_an_index_that_points_elsewhere_spoils_one_row(train, change):
    change_index(train / "fsns.mindrecord0.db", f"UPDATE INDEXES SET {change} WHERE ROW_ID = 3")
    source = MindRecords(train)
    with pytest.raises(RecordError, match=r"fsns\.mindrecord0#3: .*fetch or convert both again"):
        source[3]
    assert source.text(3) == "Chemin Vert"
    assert source[4].text == "Rue Victor Hugo"


def test_a_truncated_shard_spoils_the_rows_behind(train):
    shard = train / "fsns.mindrecord0"
    shard.write_bytes(shard.read_bytes()[: 16384 + 20000])
    source = MindRecords(train)
    with pytest.raises(RecordError, match="outside the file"):
        source[9]
    assert source[10].text == "Avenue Foch"


def test_fields_that_do_not_fit_their_row(train):
    shard = train / "fsns.mindrecord0"
    data = bytearray(shard.read_bytes())
    data[16384 + 8 : 16384 + 16] = (2**40).to_bytes(8, "big")
    shard.write_bytes(data)
    with pytest.raises(RecordError, match=r"#0: the field 'decoder_input' does not fit its row"):
        MindRecords(train)[0]


def test_a_row_without_text(train):
    shard = train / "fsns.mindrecord0"
    shard.write_bytes(shard.read_bytes().replace(b"\xaaannotation", b"\xaaannotatioX", 1))
    with pytest.raises(RecordError, match="#0: the row has no 'annotation'"):
        MindRecords(train).text(0)


# --- other schemas --------------------------------------------------------------------------------


def schema(**fields) -> list:
    blobs = sorted(name for name, kind in fields.items() if kind["type"] != "string")
    return [{"blob_fields": blobs, "schema": fields}]


def test_fields_by_other_names_are_found_by_their_kind(train):
    blobs = ["decoder_input", "decoder_mask", "decoder_target", "photo", "label"]  # as they lie in the file
    fields = {"photo": {"type": "bytes"}, "annotation": {"type": "string"}}
    before = MindRecords(train)[0].images
    change_header(train / "fsns.mindrecord0", schema=[{"blob_fields": blobs, "schema": fields}])
    assert MindRecords(train)[0].images == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"annotation": {"type": "string"}}, r"0 fields that could be a picture \(bytes\) \(none\)"),
     ({"a": {"type": "bytes"}, "b": {"type": "bytes"}, "annotation": {"type": "string"}}, r"2 fields .* \(a, b\)"),
     ({"image": {"type": "bytes"}}, r"0 fields that could be a text \(string\)")],
)  # fmt: skip
def test_schemas_without_a_picture_or_a_text(train, fields, message):
    change_header(train / "fsns.mindrecord0", schema=schema(**fields))
    with pytest.raises(DataError, match=message):
        MindRecords(train)


@pytest.mark.parametrize(
    "view",
    [
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i ROW_ID, 0 PAGE_ID_RAW, "
        "0 PAGE_OFFSET_RAW, 9 PAGE_OFFSET_RAW_END, 0 PAGE_ID_BLOB, 0 PAGE_OFFSET_BLOB, 9 PAGE_OFFSET_BLOB_END FROM n",
        "SELECT * FROM OTHERS",
    ],
)
def test_a_view_in_place_of_the_rows_is_refused(train, view):
    """One of them never ends."""
    index = train / "fsns.mindrecord0.db"
    change_index(index, "ALTER TABLE INDEXES RENAME TO OTHERS")
    change_index(index, f"CREATE VIEW INDEXES AS {view}")
    with pytest.raises(RecordError, match="it has no table INDEXES"):
        MindRecords(train)


@pytest.mark.parametrize("changes", [{"shard_addresses": []}, {"page_size": -1}, {"header_size": 10**30}])
def test_headers_of_no_shards_or_impossible_sizes(train, changes):
    change_header(train / "fsns.mindrecord0", **changes)
    with pytest.raises(RecordError, match="no shards, or sizes that cannot be"):
        MindRecords(train / "fsns.mindrecord0")


def test_a_number_too_large_for_the_index(train):
    change_index(train / "fsns.mindrecord0.db", "UPDATE INDEXES SET PAGE_ID_RAW = 9223372036854775807")
    assert len(MindRecords(train)) == 20
    with pytest.raises(RecordError, match="points outside the file"):
        MindRecords(train)[0]


def test_a_header_that_is_nested_too_deeply(train):
    (train / "fsns.mindrecord0").write_bytes((100_000).to_bytes(8, "little") + b"[" * 100_000)
    with pytest.raises(RecordError, match="nested too deeply"):
        MindRecords(train)
