"""Parquet and Arrow: files by pyarrow and by Hugging Face's datasets, columns by name, pictures beside, damage."""

import functools
import io
import multiprocessing
import os
import pickle
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet
import pytest
from PIL import Image

from crnn_seq2seq_ocr.data.formats import arrow
from crnn_seq2seq_ocr.data.formats.arrow import ArrowSamples, write_parquet
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, RecordError


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 2), (shade,) * 3).save(file, "PNG")
    return file.getvalue()


def written(path: Path, columns: dict[str, list], *, group: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.table(columns), path, row_group_size=group)
    return path


def five(path: Path) -> Path:
    return written(path, {"image": [{"bytes": bytes([n]), "path": None} for n in range(5)],
                          "text": [f"t{n}" for n in range(5)]})  # fmt: skip


def test_rows_of_any_group_and_file(tmp_path):
    five(tmp_path / "train-00000-of-00002.parquet")
    five(tmp_path / "train-00001-of-00002.parquet")
    source = open_source(str(tmp_path))
    assert isinstance(source, ArrowSamples)
    assert source.description.endswith("and 1 more, columns image and text: 10 samples")
    assert [source.text(index) for index in (0, 4, 5, 9)] == ["t0", "t4", "t0", "t4"]
    assert (source[8].images, source[8].name) == ((b"\x03",), "train-00001-of-00002.parquet#3")
    assert len(open_source(f"{tmp_path}/train-*")) == 10
    with pytest.raises(IndexError):
        source[10]


def test_parts_of_a_set_are_not_mixed(tmp_path):
    five(tmp_path / "train-00000-of-00001.parquet")
    five(tmp_path / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match=r"holds several parts \(test, train\): name one, as in '.*/test-\*'"):
        open_source(str(tmp_path))
    assert len(open_source(f"{tmp_path}/test-*")) == 5


def test_columns_by_name(tmp_path):
    path = written(tmp_path / "x.parquet", {"crop": [b"a"], "other": [b"b"], "plate": ["A"], "city": ["Aix"], "n": [1]})
    source = open_source(f"{path}?image=crop&text=plate")
    assert (source[0].images, source[0].text) == ((b"a",), "A")
    for spec, message in (
        (
            f"{path}?text=plate",
            r"no column that is known as image: name it with \?image=COLUMN; it has crop \(binary\)",
        ),
        (f"{path}?image=crop&text=plat", r"no column 'plat' \(did you mean 'plate'\?\)"),
        (f"{path}?image=crop&text=n", "the column 'n' holds no text"),
        (f"{path}?images=crop", r"no option 'images' \(did you mean 'image'\?\)"),
    ):
        with pytest.raises(DataError, match=message):
            open_source(spec)


def test_pictures_as_files_and_rows_without(tmp_path):
    (tmp_path / "a.png").write_bytes(b"a")
    path = written(tmp_path / "x.parquet", {
        "image": [{"bytes": None, "path": "a.png"}, {"bytes": None, "path": "b.png"}, None], "text": ["A", "B", None],
    })  # fmt: skip
    source = open_source(str(path))
    assert source[0].images == (b"a",)
    with pytest.raises(DataError, match=r"x\.parquet#1: cannot read the picture .*b\.png"):
        source[1]
    with pytest.raises(RecordError, match=r"x\.parquet#2: the row has no picture"):
        source[2]
    with pytest.raises(RecordError, match=r"x\.parquet#2: the row has no text"):
        source.text(2)


@functools.cache
def counting_pool():
    """Never freed, for what was allocated from it is given back to it, however late."""
    return pyarrow.proxy_memory_pool(pyarrow.default_memory_pool())


def test_a_large_group_is_read_in_parts(tmp_path, monkeypatch):
    """In any order; memory holds some parts, not the whole group."""
    rows = [(os.urandom(2_000), f"{number}.png", f"text {number}", None) for number in range(6_000)]
    monkeypatch.setattr(arrow, "ROWS_OF_GROUP", len(rows))
    write_parquet(tmp_path / "x.parquet", rows)
    monkeypatch.setattr(arrow, "LARGE_GROUP", 300_000)
    before, pool = pyarrow.default_memory_pool(), counting_pool()
    pyarrow.set_memory_pool(pool)
    try:
        source = open_source(str(tmp_path / "x.parquet"))
        for index in [*range(0, 6_000, 7), 5_999, *range(4_000, 4_003), 3, 3_000]:
            sample = source[index]
            assert (sample.images, sample.text) == ((rows[index][0],), rows[index][2])
            assert sample.name == f"x.parquet#{index}"
        assert pool.max_memory() < 9_000_000  # 12 million bytes, of which PyArrow decodes 1,024 rows at a time
    finally:
        pyarrow.set_memory_pool(before)


def test_files_that_are_damaged(tmp_path):
    (tmp_path / "x.parquet").write_bytes(five(tmp_path / "y.parquet").read_bytes()[:-9])
    with pytest.raises(RecordError, match=r"cannot read .*x\.parquet"):
        open_source(f"{tmp_path}/x.parquet")


def test_other_processes(tmp_path):
    source = open_source(str(five(tmp_path / "x.parquet")))
    source[0]
    assert len(pickle.dumps(source)) < 2000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(source.__getitem__, [0, 4]) == [source[0], source[4]]


@pytest.mark.filterwarnings("ignore")
def test_what_the_datasets_package_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    import datasets

    rows = {"image": [picture(10), picture(20)], "text": ["A", "B"]}
    features = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})
    whole = datasets.Dataset.from_dict(rows, features=features)
    whole.to_parquet(tmp_path / "own.parquet")
    whole.save_to_disk(tmp_path / "saved")
    for place in (tmp_path / "own.parquet", tmp_path / "saved"):
        source = open_source(str(place))
        assert [(source[index].images, source[index].text) for index in (0, 1)] == [
            ((picture(10),), "A"), ((picture(20),), "B"),
        ]  # fmt: skip
