"""Conversion: both layouts, the way there and back, interruptions, and samples that cannot be converted."""

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data import convert
from crnn_seq2seq_ocr.data.convert import convert_to_folder, convert_to_tfrecord
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords
from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture
from crnn_seq2seq_ocr.data.sample import Picture, Sample, Source
from crnn_seq2seq_ocr.errors import DataError, StorageError


def picture(height: int, width: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (3, 7, 3), dtype=np.uint8), (width, height))


@dataclass
class Signs:
    """A small source in memory that can be told to fail and counts what is asked of it."""

    count: int = 10
    images: dict[int, tuple[Picture, ...]] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    views: int | None = 3
    stop_at: int | None = None
    asked: list[int] = field(default_factory=list)

    @property
    def description(self) -> str:
        return "signs in memory"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        if index == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(index)
        images = self.images.get(index, (encode_picture(picture(15, 60, index)),))
        return Sample(f"sign {index}", images, self.text(index), self.views)

    def text(self, index: int) -> str:
        return self.texts.get(index, f"Rue d'Été {index}")


def contents(source: Source) -> list[tuple[str, Picture, int | None]]:
    return [(sample.text, sample.images[0], sample.views) for sample in map(source.__getitem__, range(len(source)))]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_records_keep_texts_pictures_and_views(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    done = convert_to_tfrecord(
        Signs(), tmp_path, shards=3, split="test", progress=lambda done, total: steps.append((done, total))
    )
    assert [path.name for path in done.paths] == [f"test-0000{number}-of-00003" for number in range(3)]
    assert (done.samples, done.written, done.failures) == (10, 10, [])
    assert contents(FsnsRecords(tmp_path)) == contents(Signs())
    assert steps == [(number, 10) for number in range(1, 11)]


def test_there_and_back_keeps_everything(tmp_path: Path) -> None:
    source = Signs(views=2)
    convert_to_tfrecord(source, tmp_path / "a", shards=2)
    convert_to_folder(FsnsRecords(tmp_path / "a"), tmp_path / "b")
    convert_to_tfrecord(Folder(tmp_path / "b"), tmp_path / "c", shards=2)
    assert contents(Folder(tmp_path / "b")) == contents(source)
    for name in ("train-00000-of-00002", "train-00001-of-00002"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_views_that_the_source_does_not_tell_are_looked_for(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (150, 300, 3), dtype=np.uint8)
    images = {0: (np.hstack([picture(150, 300), noise]),), 1: (picture(40, 60),), 2: (picture(150, 601),)}
    source = Signs(count=3, views=None, images=images)
    convert_to_tfrecord(source, tmp_path)
    records = FsnsRecords(tmp_path)
    assert [records[index].views for index in range(3)] == [2, 1, 4]
    assert np.array_equal(decode_picture(records[2].images[0], name="x"), images[2][0])


@pytest.mark.parametrize("size", [(32, 128), (32, 96), (40, 200), (149, 596), (150, 900), (31, 600)])
def test_a_wide_crop_is_one_view(tmp_path: Path, size: tuple[int, int]) -> None:
    convert_to_tfrecord(Signs(count=1, views=None, images={0: (picture(*size),)}), tmp_path)
    assert FsnsRecords(tmp_path)[0].views == 1


def test_several_pictures_become_one_strip(tmp_path: Path) -> None:
    source = Signs(count=2, views=None, images={0: (picture(60, 80), encode_picture(picture(150, 150)))})
    convert_to_tfrecord(source, tmp_path)
    sample = FsnsRecords(tmp_path)[0]
    strip = decode_picture(sample.images[0], name="x")
    assert strip.shape == (150, 600, 3)
    assert sample.views == 2
    assert np.array_equal(strip[:, 150:300], picture(150, 150))


def test_several_pictures_stay_several_in_a_folder(tmp_path: Path) -> None:
    images = (encode_picture(picture(60, 80)), encode_picture(picture(50, 50)))
    convert_to_folder(Signs(count=1, views=None, images={0: images}), tmp_path)
    assert Folder(tmp_path)[0].images == images


@pytest.mark.parametrize("format", ["png", "jpg"])
def test_pictures_are_converted_when_wanted(tmp_path: Path, format: Literal["png", "jpg"]) -> None:
    pictures = (encode_picture(picture(20, 60)), encode_picture(picture(20, 60), format="jpg"), picture(20, 60))
    source = Signs(count=3, images={number: (each,) for number, each in enumerate(pictures)})
    convert_to_folder(source, tmp_path, format=format)
    paths = sorted((tmp_path / "0000").iterdir())
    assert {path.suffix for path in paths} == {f".{format}"}
    kept = {"png": 0, "jpg": 1}[format]
    assert paths[kept].read_bytes() == pictures[kept]
    for path in paths:
        assert np.abs(decode_picture(path.read_bytes(), name="x").astype(int) - pictures[2]).max() < 30


BAD = {2: "Rue du 东", 3: "Rue " + 40 * "x", 4: "  "}


def bad_signs() -> Signs:
    return Signs(count=7, texts=BAD, images={5: (b"broken",), 6: (picture(15, 60),) * 5}, views=None)


def test_what_cannot_be_converted_is_listed(tmp_path: Path) -> None:
    done = convert_to_tfrecord(bad_signs(), tmp_path)
    reasons = {failure.name: failure.reason for failure in done.failures}
    assert list(reasons) == [f"sign {number}" for number in range(2, 7)]
    assert "U+4E1C" in reasons["sign 2"]
    assert "44 characters: there must be 1 to 37" in reasons["sign 3"]
    assert reasons["sign 4"] == "the text is empty"
    assert "this is no picture" in reasons["sign 5"]
    assert "5 pictures, this layout takes 1 to 4" in reasons["sign 6"]
    assert done.written == len(FsnsRecords(tmp_path)) == 2


def test_a_charset_and_a_length_of_ones_own(tmp_path: Path) -> None:
    done = convert_to_tfrecord(Signs(count=4, texts=BAD), tmp_path, charset="Rue d'Été01东x", max_length=60)
    assert [failure.name for failure in done.failures] == []
    assert [FsnsRecords(tmp_path).text(index) for index in (2, 3)] == [BAD[2], BAD[3]]


def test_texts_that_a_list_cannot_hold(tmp_path: Path) -> None:
    done = convert_to_folder(Signs(count=3, texts={1: "Rue\tFoch"}), tmp_path)
    assert [failure.name for failure in done.failures] == ["sign 1"]
    assert len(Folder(tmp_path)) == 2


@pytest.mark.parametrize("to", [convert_to_tfrecord, convert_to_folder])
def test_nothing_that_can_be_converted_is_an_error(tmp_path: Path, to: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="not one of 2 samples could be converted"):
        to(Signs(count=2, texts={0: "", 1: ""}), tmp_path)
    assert files_of(tmp_path) == {}


def test_processes_write_the_same_files(tmp_path: Path) -> None:
    for workers in (0, 2):
        convert_to_tfrecord(bad_signs(), tmp_path / f"r{workers}", shards=2, workers=workers)
        convert_to_folder(bad_signs(), tmp_path / f"f{workers}", workers=workers)
    assert files_of(tmp_path / "r0") == files_of(tmp_path / "r2")
    assert files_of(tmp_path / "f0") == files_of(tmp_path / "f2")


def test_an_interrupted_conversion_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        convert_to_tfrecord(Signs(stop_at=8), tmp_path, shards=5)
    assert len(list(tmp_path.glob("train-*"))) == 4
    again = Signs()
    convert_to_tfrecord(again, tmp_path, shards=5)
    assert again.asked == [8, 9]
    assert contents(FsnsRecords(tmp_path)) == contents(Signs())


def test_an_interrupted_folder_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "BLOCK", 4)
    with pytest.raises(KeyboardInterrupt):
        convert_to_folder(Signs(stop_at=9), tmp_path)
    assert not (tmp_path / "labels.tsv").exists()
    again = Signs()
    convert_to_folder(again, tmp_path)
    assert again.asked == [8, 9]
    assert contents(Folder(tmp_path)) == contents(Signs())


def test_failures_of_complete_parts_are_told_again(tmp_path: Path) -> None:
    first = convert_to_tfrecord(bad_signs(), tmp_path, shards=2)
    again = bad_signs()
    assert convert_to_tfrecord(again, tmp_path, shards=2) == first
    assert again.asked == []


def test_a_deleted_shard_is_written_again(tmp_path: Path) -> None:
    paths = convert_to_tfrecord(Signs(), tmp_path, shards=5).paths
    paths[1].unlink()
    again = Signs()
    convert_to_tfrecord(again, tmp_path, shards=5)
    assert again.asked == [2, 3]


def test_another_source_is_not_mixed_in(tmp_path: Path) -> None:
    convert_to_tfrecord(Signs(), tmp_path)
    other = Signs(texts={4: "Rue Foch"})
    with pytest.raises(DataError, match="another source or with other settings"):
        convert_to_tfrecord(other, tmp_path)
    convert_to_tfrecord(other, tmp_path, resume=False)
    assert FsnsRecords(tmp_path).text(4) == "Rue Foch"


def test_foreign_files_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("file\ttext\n")
    with pytest.raises(DataError, match=r"labels\.tsv exists and is not of this conversion"):
        convert_to_folder(Signs(), tmp_path)
    assert (tmp_path / "labels.tsv").read_text() == "file\ttext\n"


def test_no_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"could not be written .*free some space"):
        convert_to_folder(Signs(), tmp_path / "data")


def test_notes_are_whole_json(tmp_path: Path) -> None:
    convert_to_tfrecord(Signs(), tmp_path, shards=2)
    notes = sorted((tmp_path / ".conversion-train").iterdir())
    assert [path.name for path in notes] == ["00000.json", "00001.json", "settings.json"]
    assert json.loads(notes[2].read_text())["source"] == "signs in memory"
