"""TFRecord files: framing, checksums, the cached index, broken shards, several processes."""

import gzip
import multiprocessing
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from tensorboard.summary.writer.record_writer import RecordWriter

from crnn_seq2seq_ocr.data.formats.tfrecord import (
    TFRecords,
    frame,
    is_tfrecord,
    masked_crc,
    read_index,
    shard_name,
    write_records,
)
from crnn_seq2seq_ocr.errors import DataError, RecordError, StorageError
from crnn_seq2seq_ocr.system.stores import cache_folder

RECORDS = [b"first", b"", b"x" * 1000, bytes(range(256)), b"last"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shard(tmp_path) -> Path:
    path = tmp_path / "data" / "signs-00000-of-00001"
    write_records(path, RECORDS)
    return path


def index_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.index")


def spoil(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x40
    path.write_bytes(data)


def start_of(number: int) -> int:
    """First byte of a record's frame in the shard."""
    return sum(len(record) + 16 for record in RECORDS[:number])


def test_records_come_back(shard):
    records = TFRecords([shard])
    assert [records[index] for index in range(len(records))] == RECORDS
    assert [bytes(records.view(index)) for index in range(len(records))] == RECORDS
    assert records.name(3) == "signs-00000-of-00001#3"
    for wrong in (-1, len(RECORDS)):
        with pytest.raises(IndexError):
            records[wrong]


def test_the_checksum_is_the_masked_crc32c():
    assert masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_framing_is_tensorboards(tmp_path):
    path = tmp_path / "other.tfrecord"
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for record in RECORDS:
            writer.write(record)
        writer.flush()
        assert path.read_bytes() == b"".join(map(frame, RECORDS))
    records = TFRecords([path])
    assert [records[index] for index in range(len(records))] == RECORDS


def test_names_of_shards():
    assert shard_name("train", 3, 512) == "train-00003-of-00512"


def test_shards_follow_each_other(tmp_path, shard):
    second = tmp_path / "data" / "second.tfrecord"
    write_records(second, [b"more"])
    empty = tmp_path / "data" / "empty.tfrecord"
    write_records(empty, [])
    records = TFRecords([empty, shard, empty, second])
    assert len(records) == len(RECORDS) + 1
    assert records[len(RECORDS)] == b"more"
    assert records.name(len(RECORDS)) == "second.tfrecord#0"
    assert records.name(0) == "signs-00000-of-00001#0"


def test_nothing_to_read(tmp_path):
    write_records(tmp_path / "empty.tfrecord", [])
    with pytest.raises(DataError, match=r"no records in .*empty\.tfrecord"):
        TFRecords([tmp_path / "empty.tfrecord"])
    with pytest.raises(DataError, match=r"cannot read .*absent: No such file"):
        TFRecords([tmp_path / "absent"])


# --- the index ------------------------------------------------------------------------------------


def test_the_index_is_kept_beside_the_shard_and_used_again(shard):
    first = read_index(shard)
    before = index_of(shard).stat()
    second = read_index(shard)
    assert index_of(shard).stat().st_ino == before.st_ino
    np.testing.assert_array_equal(first.offsets, second.offsets)
    np.testing.assert_array_equal(second.lengths, [len(record) for record in RECORDS])
    assert isinstance(second.offsets.base, np.memmap)


def test_a_stale_index_is_built_again(shard):
    read_index(shard)
    changed = [RECORDS[2], *RECORDS[:2], *RECORDS[3:]]  # the same size in all: only the time tells
    write_records(shard, changed)
    os.utime(shard, ns=(1, 1))
    records = TFRecords([shard])
    assert [records[index] for index in range(len(records))] == changed


def test_an_index_of_another_size_is_built_again(shard):
    read_index(shard)
    time = shard.stat().st_mtime_ns
    write_records(shard, [*RECORDS, b"one more"])
    os.utime(shard, ns=(time, time))
    assert TFRecords([shard])[5] == b"one more"


@pytest.mark.parametrize("damage", ["flip", "cut", "other", "empty"])
def test_a_damaged_index_is_built_again(shard, damage):
    read_index(shard)
    place = index_of(shard)
    whole = place.read_bytes()
    flipped = bytearray(whole)
    flipped[-3] ^= 1
    place.write_bytes({"flip": bytes(flipped), "cut": whole[:-8], "other": b"something else", "empty": b""}[damage])
    assert list(read_index(shard).lengths) == [len(record) for record in RECORDS]
    assert place.read_bytes() == whole


def test_the_index_goes_to_the_cache_folder_where_the_shards_folder_cannot_be_written(shard):
    index_of(shard).mkdir()  # root may write anywhere, but replaces no folder by a file
    assert len(read_index(shard)) == len(RECORDS)
    (cached,) = cache_folder().iterdir()
    before = cached.stat().st_ino
    assert len(read_index(shard)) == len(RECORDS)
    assert cached.stat().st_ino == before


def test_no_place_for_the_index_is_no_error(tmp_path, shard, monkeypatch):
    index_of(shard).mkdir()
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    records = TFRecords([shard])
    assert records[4] == b"last"


def test_an_index_leaves_no_other_files(shard):
    read_index(shard)
    assert sorted(path.name for path in shard.parent.iterdir()) == [index_of(shard).name, shard.name]


# --- broken shards --------------------------------------------------------------------------------


@pytest.mark.parametrize(("cut", "whole"), [(1, 4), (5, 4), (19, 4), (22, 3), (16 + 256 + 16 + 4 + 500, 2)])
def test_a_truncated_shard_says_where_and_keeps_the_records_before(shard, cut, whole):
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(RecordError) as caught:
        TFRecords([shard])
    for part in (f"{shard}#{whole}: truncated", f"byte {start_of(whole):,}", f"the {whole} records before", "fetch"):
        assert part in str(caught.value)
    records = TFRecords([shard], on_truncated="keep")
    assert [records[index] for index in range(len(records))] == RECORDS[:whole]
    assert records.faults == [str(caught.value)]


def test_a_shard_cut_between_records_cannot_be_told_from_a_whole_one(shard):
    shard.write_bytes(shard.read_bytes()[: start_of(3)])
    assert len(TFRecords([shard])) == 3


def test_a_damaged_length_ends_the_shard(shard):
    spoil(shard, start_of(2))
    with pytest.raises(RecordError, match=rf"#2: damaged: the length of the record at byte {start_of(2)} fails"):
        read_index(shard)
    assert len(read_index(shard, on_truncated="keep")) == 2
    assert TFRecords([shard], on_truncated="keep")[0] == b"first"


def test_all_broken_shards_are_named(tmp_path, shard):
    other = tmp_path / "other.tfrecord"
    other.write_bytes(shard.read_bytes()[:-1])
    spoil(shard, start_of(2))
    with pytest.raises(RecordError, match=r"(?s)signs-00000-of-00001#2.*other.tfrecord#4"):
        TFRecords([shard, other])


def test_damaged_bytes_are_noticed_on_reading_only_that_record(shard):
    spoil(shard, start_of(2) + 12 + 500)
    records = TFRecords([shard])
    place = start_of(2) + 12
    with pytest.raises(RecordError, match=rf"signs-00000-of-00001#2: damaged: its 1,000 bytes at byte {place}"):
        records[2]
    assert records[1] == b""
    assert records[3] == RECORDS[3]


def test_a_damaged_checksum_is_noticed_too(shard):
    spoil(shard, start_of(3) - 1)
    with pytest.raises(RecordError, match="#2: damaged"):
        TFRecords([shard])[2]


def test_other_files_are_not_records(tmp_path):
    text = tmp_path / "notes.tfrecord"
    text.write_text("these are some notes and no records at all")
    with pytest.raises(RecordError, match="is not a TFRecord file"):
        TFRecords([text])
    packed = tmp_path / "packed.tfrecord"
    packed.write_bytes(gzip.compress(b"".join(map(frame, RECORDS))))
    with pytest.raises(RecordError, match="compressed with gzip, unpack it first"):
        TFRecords([packed])


def test_a_length_that_points_far_away_is_truncation(tmp_path):
    path = tmp_path / "far.tfrecord"
    length = struct.pack("<Q", 2**63)
    path.write_bytes(length + struct.pack("<I", masked_crc(length)) + b"abc" * 10)
    with pytest.raises(RecordError, match="#0: truncated"):
        TFRecords([path])


def test_is_tfrecord(tmp_path, shard):
    assert is_tfrecord(shard)
    (tmp_path / "short").write_bytes(b"12345")
    (tmp_path / "text").write_bytes(b"1234567890123456")
    assert not is_tfrecord(tmp_path / "short")
    assert not is_tfrecord(tmp_path / "text")


# --- writing --------------------------------------------------------------------------------------


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    def failing():
        yield b"one"
        raise RuntimeError("broken off")

    with pytest.raises(RuntimeError):
        write_records(tmp_path / "new" / "shard", failing())
    assert list((tmp_path / "new").iterdir()) == []
    assert write_records(tmp_path / "new" / "shard", RECORDS) == len(RECORDS)


def test_a_folder_that_cannot_be_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        write_records(tmp_path / "file" / "shard", RECORDS)


# --- several processes ----------------------------------------------------------------------------


def test_processes_that_are_spawned_read_and_index_at_the_same_time(tmp_path, shard):
    second = tmp_path / "data" / "second.tfrecord"
    write_records(second, [b"a" * number for number in range(500)])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        lengths = pool.map(read_index, [second] * 8, chunksize=1)
        assert {len(index) for index in lengths} == {500}
        records = TFRecords([shard, second])
        records[0]  # opened here: must not travel
        expected = [*RECORDS, *(b"a" * number for number in range(500))]
        assert pool.map(records.__getitem__, range(len(records)), chunksize=50) == expected


def test_records_travel_light(shard):
    records = TFRecords([shard])
    records[0]
    assert len(pickle.dumps(records)) < 1000
    assert pickle.loads(pickle.dumps(records))[2] == RECORDS[2]


def test_a_shard_that_shrank_is_noticed(shard):
    records = pickle.loads(pickle.dumps(TFRecords([shard])))
    shard.write_bytes(b"".join(map(frame, RECORDS[:2])))
    assert records[0] == b"first"
    with pytest.raises(RecordError, match="has changed"):
        records[4]
    shard.write_bytes(b"")
    with pytest.raises(RecordError, match="has changed"):
        pickle.loads(pickle.dumps(records))[0]


def test_many_shards_need_few_open_files(tmp_path):
    paths = [tmp_path / shard_name("many", number, 300) for number in range(300)]
    for number, path in enumerate(paths):
        write_records(path, [b"%d" % number])
    records = TFRecords(paths)
    before = len(os.listdir("/dev/fd"))
    assert [int(records[index]) for index in range(300)] == list(range(300))
    assert len(os.listdir("/dev/fd")) - before < 150
