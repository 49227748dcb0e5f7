"""Any source opens by its path or name; parts and sums; errors say what was found and what would do."""

import multiprocessing
import pickle
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.combined import Joined, Repeated, Subset
from crnn_seq2seq_ocr.data.formats.example import serialize_example
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords
from crnn_seq2seq_ocr.data.formats.mindrecord import MindRecords
from crnn_seq2seq_ocr.data.formats.tfrecord import write_records
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError

SMALL = Path(__file__).parents[1] / "fixtures" / "mindrecord_small"


def record(text: str) -> bytes:
    return serialize_example({"image/encoded": [text.encode()], "image/text": [text.encode()]})


@pytest.fixture
def data(tmp_path) -> Path:
    for shard in range(3):
        write_records(tmp_path / "train" / f"train-{shard:05d}-of-00512", [record(f"{shard}a"), record(f"{shard}b")])
    write_records(tmp_path / "one" / "signs.tfrecord", [record("one")])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "labels.tsv").write_text("file\ttext\tpart\tcase\nx.png\tX\ttest\tXx\n")
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "x.gt.txt").write_text("X")
    (tmp_path / "pairs" / "x.png").write_text("x")
    return tmp_path


def texts(source) -> list[str]:
    return [source.text(index) for index in range(len(source))]


@pytest.mark.parametrize(
    ("spec", "kind", "count"),
    [("train", FsnsRecords, 6), ("train/train-00001-of-00512", FsnsRecords, 2),
     ("train/train-0000[01]*", FsnsRecords, 4),
     ("train/train-?????-of-00512", FsnsRecords, 6), ("one/signs.tfrecord", FsnsRecords, 1), ("one", FsnsRecords, 1),
     ("mine", Folder, 1), ("mine/labels.tsv", Folder, 1), ("pairs", Folder, 1),
     ("train?truncated=keep", FsnsRecords, 6), ("train?limit=2", Subset, 2), ("train?limit=99", FsnsRecords, 6),
     ("train?limit=3&truncated=keep", Subset, 3), ("train?limit=2&repeat=3", Repeated, 6),
     ("mine?repeat=2", Repeated, 2)],
)  # fmt: skip
def test_every_kind_is_known_by_looking(data, spec, kind, count):
    source = open_source(f"{data}/{spec}")
    assert type(source) is kind
    assert len(source) == count


@pytest.mark.parametrize("place", ["train", "train/fsns.mindrecord0", "test/fsns.mindrecord1"])
def test_mindrecord_sets(place):
    assert isinstance(open_source(str(SMALL / place)), MindRecords)


def test_records_by_any_name_are_known_by_their_first_bytes(data):
    (data / "one" / "signs.tfrecord").rename(data / "download")
    assert texts(open_source(str(data / "download"))) == ["one"]


def test_columns_of_a_list(data):
    assert texts(open_source(f"{data}/mine/labels.tsv?part=test&text=case")) == ["Xx"]
    with pytest.raises(DataError, match="with part 'train'"):
        open_source(f"{data}/mine?part=train")


def test_sources_follow_each_other(data):
    source = open_source(f"{data}/one + {data}/train?limit=3 + {SMALL}/test")
    assert isinstance(source, Joined)
    assert texts(source)[:5] == ["one", "0a", "0b", "1a", "Rue de la Paix"]
    assert len(source) == 1 + 3 + 11
    assert [source[index].name for index in (0, 3, 4)] == [
        "1:signs.tfrecord#0", "2:train-00001-of-00512#0", "3:fsns.mindrecord0#0",
    ]  # fmt: skip
    assert source.description.startswith("15 samples: TFRecords ")
    for wrong in (-1, 15):
        with pytest.raises(IndexError):
            source[wrong]


def test_a_part_of_a_source(data):
    source = Subset(open_source(str(data / "train")), [5, 0])
    assert (texts(source), source[0].name) == (["2b", "0a"], "train-00002-of-00512#1")
    assert source.description.startswith("2 of TFRecords")
    for wrong in (-1, 2):
        with pytest.raises(IndexError):
            source[wrong]


def test_faults_of_shards_that_were_kept_are_handed_on(data):
    shard = data / "train" / "train-00001-of-00512"
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(DataError, match="truncated"):
        open_source(f"{data}/train")
    source = open_source(f"{data}/one + {data}/train?truncated=keep&limit=2")
    assert len(source.faults) == 1
    assert "train-00001-of-00512#1: truncated" in source.faults[0]
    assert open_source(f"{data}/mine?limit=1 + {data}/one").faults == []


def test_names_with_a_question_mark_or_a_home(data, monkeypatch):
    (data / "train").rename(data / "odd?x=y")
    assert len(open_source(f"{data}/odd?x=y")) == 6
    monkeypatch.setenv("HOME", str(data))
    assert len(open_source("~/one")) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [("", "name of a source is empty; it may be a folder or file of TFRecord shards"),
     ("{data}/absent", r"there is no .*absent; a source may be"), ("{data}/absent-*", "there is no"),
     ("{data}/train +  + {data}/one", "name of a source is empty"),
     ("{data}", r"holds no samples .*, but its folders mine, one, pairs, train do: name one, as in '.*mine'"),
     ("{data}/pairs/x.png", r"x\.png is no file of samples that is known here; a source may be"),
     ("{data}/mine/*", r"matches .*labels\.tsv, which is not a TFRecord shard or .* or a PAGE or ALTO file: only"),
     ("{data}/train?limit=0", "limit must be a whole number"),
     ("{data}/train?repeat=-1", "repeat must be a whole number"),
     ("{data}/train?limit=all", "limit must be a whole"),
     ("{data}/train?limitt=3",
      r"no option 'limitt' \(did you mean 'limit'\?\), there is truncated and limit and repeat and hash and rare"),
     ("{data}/train?truncated=yes", "truncated must be 'error' or 'keep', not 'yes'"),
     ("{data}/train?limit=3&truncated", "option 'truncated' has no value"),
     ("{small}/train?part=test", "for a MindRecord set there is no option 'part'"),
     ("synthetic:plates", "no synthetic source 'plates'; there are synthetic:signs and synthetic:words")],
)  # fmt: skip
def test_errors_say_what_would_do(data, spec, message):
    with pytest.raises(DataError, match=message):
        open_source(spec.format(data=data, small=SMALL))


def test_a_folder_of_several_kinds(data):
    (data / "pairs" / "signs.tfrecord").write_bytes(b"")
    found = r"TFRecord shards \(signs\.tfrecord\) and pictures with texts \(x\.gt\.txt\): name the files to read"
    with pytest.raises(DataError, match=found):
        open_source(str(data / "pairs"))


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="holds no samples that are known here; a source may be"):
        open_source(str(tmp_path))


def test_processes_that_are_spawned_read_any(data):
    source = open_source(f"{data}/train?limit=5 + {data}/pairs + {SMALL}/test")
    source[0]
    assert len(pickle.dumps(source)) < 5000
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(source.__getitem__, range(len(source)), chunksize=4) == [source[i] for i in range(len(source))]


def test_drawn_signs():
    source = open_source("synthetic:signs?count=3&seed=1")
    assert len(source) == 3
    assert source.text(0)


def test_repeated_samples_come_again_and_again(data):
    once, thrice = open_source(f"{data}/train?limit=2"), open_source(f"{data}/train?limit=2&repeat=3")
    assert [thrice[index] for index in range(6)] == [once[index % 2] for index in range(6)]
    assert [thrice.text(index) for index in range(6)] == [once.text(index % 2) for index in range(6)]
    assert thrice.description == f"3 times {once.description}"
    with pytest.raises(IndexError):
        thrice[6]
