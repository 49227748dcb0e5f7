"""Checking a source: every kind of bad sample is found and named, and nothing good is."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.check import CheckReport, check_source, summary_lines
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords, encode_example
from crnn_seq2seq_ocr.data.formats.tfrecord import frame, write_records
from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.data.sources import open_source


def picture(height: int = 30, width: int = 90) -> np.ndarray:
    return cv2.resize(np.random.default_rng(1).integers(0, 256, (3, 4, 3), dtype=np.uint8), (width, height))


def record(text: str, views: int = 4) -> bytes:
    data = encode_picture(picture(150, 600))
    return encode_example(data, text, width=600, orig_width=150 * views, height=150)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {
        "good.png": "Rue Foch",
        "strip.png": "Rue de l’Eau",
        "cut.png": "Rue Hoche",
        "missing.png": "Rue Soult",
        "empty.png": " ",
        "long.png": "Avenue du Général Leclerc",
        "odd.png": "Rue Œ 东",
    }
    strip = np.hstack([picture(150, 450), np.random.default_rng(2).integers(0, 256, (150, 150, 3), dtype=np.uint8)])
    for name in rows:
        data = encode_picture(strip if name == "strip.png" else picture())
        if name != "missing.png":
            (tmp_path / name).write_bytes(data[:100] if name == "cut.png" else data)
    (tmp_path / "labels.tsv").write_text(
        "file\ttext\n" + "".join(f"{name}\t{text}\n" for name, text in rows.items()), encoding="utf-8"
    )
    return tmp_path


def check(folder: Path, workers: int = 0) -> CheckReport:
    charset = "abcdefghijklmnopqrstuvwxyzéRFEHSALG' "
    return check_source(Folder(folder), charset=charset, max_length=20, workers=workers)


def test_every_bad_sample_is_named_with_its_reason(folder: Path) -> None:
    report = check(folder)
    assert {(problem.name, problem.reason) for problem in report.problems} == {
        ("cut.png", "unreadable picture"),
        ("sample 3", "missing file"),
        ("empty.png", "empty text"),
        ("long.png", "text too long"),
        ("odd.png", "character"),
    }
    details = {problem.reason: problem.detail for problem in report.problems}
    assert "missing.png" in details["missing file"]
    assert "25 characters, text.max_length is 20" in details["text too long"]
    assert "'Œ' (U+0152 LATIN CAPITAL LIGATURE OE)" in details["character"]
    assert (report.samples, report.usable, report.dropped, report.sound) == (7, 2, 5, False)


def test_what_is_there_is_counted(folder: Path) -> None:
    report = check(folder)
    assert report.lengths == {1: 1, 7: 1, 8: 1, 9: 1, 12: 1, 25: 1}
    assert report.characters["u"] == 7
    assert report.unknown == {"Œ": 1, "东": 1}
    assert report.support["R"] == 2  # only usable samples count
    assert report.support["'"] == 1  # a typographic apostrophe counts for the plain one
    assert report.support["G"] == 0
    assert report.sizes == {"30x90": 4, "150x600": 1}
    assert report.views == {1: 4, 3: 1}


def test_processes_give_the_same_report(folder: Path) -> None:
    assert check(folder, workers=1) == check(folder)


def test_without_limits_only_what_cannot_be_read_is_wrong(folder: Path) -> None:
    report = check_source(Folder(folder))
    assert {problem.reason for problem in report.problems} == {"unreadable picture", "missing file", "empty text"}
    assert report.support["东"] == 1


def test_damaged_records(tmp_path: Path) -> None:
    shard = tmp_path / "test-00000-of-00001"
    good, bad, other = record("Rue Foch", 2), bytearray(frame(record("Rue Hoche"))), b"not an example"
    bad[200] ^= 1
    shard.write_bytes(frame(good) + bytes(bad) + frame(other) + frame(good) + frame(good)[:500])
    report = check_source(FsnsRecords(shard, on_truncated="keep"))
    assert [problem.reason for problem in report.problems] == ["damaged record", "damaged record"]
    assert "checksum" in report.problems[0].detail
    assert "test-00000-of-00001#1" in report.problems[0].detail
    assert "test-00000-of-00001#2" in report.problems[1].detail
    assert (report.samples, report.usable) == (4, 2)
    assert len(report.faults) == 1
    assert "truncated" in report.faults[0]
    assert report.views == {2: 2}


def test_a_sound_source(tmp_path: Path) -> None:
    write_records(tmp_path / "a.tfrecord", [record("Rue Foch")] * 3)
    steps: list[tuple[int, int]] = []
    report = check_source(FsnsRecords(tmp_path), progress=lambda done, total: steps.append((done, total)))
    assert report.sound
    assert report.usable == 3
    assert steps[-1] == (3, 3)


def test_the_report_for_people(folder: Path) -> None:
    lines = summary_lines(check(folder), most=3)
    text = "\n".join(lines)
    assert "7 samples, 2 usable, 5 dropped" in text
    assert "dropped for character: 1" in text
    assert "'东' (U+4E1C CJK UNIFIED IDEOGRAPH-4E1C) 1" in text
    assert "30x90 (4), 150x600 (1)" in text
    assert lines[-1] == "  and 2 more"


def test_the_report_for_programs(folder: Path) -> None:
    again = json.loads(json.dumps(check(folder).to_dict(), ensure_ascii=False))
    assert again["dropped"] == 5
    assert again["sound"] is False
    assert again["problems"][0] == {
        "name": "cut.png",
        "reason": "unreadable picture",
        "detail": check(folder).problems[0].detail,
    }


def test_crops_four_times_as_wide_as_high_are_one_view(tmp_path: Path) -> None:
    (tmp_path / "word.png").write_bytes(encode_picture(picture(30, 120)))
    (tmp_path / "labels.tsv").write_text("word.png\tword\n")
    assert check_source(Folder(tmp_path)).views == {1: 1}
    assert check_source(Folder(tmp_path), views=1).views == {1: 1}
    assert check_source(Folder(tmp_path), views=4).views == {4: 1}  # for so training cuts it


def test_the_same_picture_with_two_texts_and_pictures_that_are_not_listed(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.png").write_bytes(encode_picture(picture()))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "d.JPG").write_bytes(b"")
    (tmp_path / "labels.tsv").write_text("file\ttext\tpart\na.png\tA\ttest\n./b.png\tB\ttest\na.png\tA\ttrain\n")
    report = check_source(Folder(tmp_path))
    assert report.contradictions == ["a.png and ./b.png are the same picture: 'A' and 'B'"]
    assert report.unlisted == ["c.png", "in/d.JPG"]
    assert (report.usable, report.sound) == (3, False)
    text = "\n".join(summary_lines(report))
    assert "the same picture has two texts: 1\n  a.png and ./b.png are" in text
    assert "pictures that no list names: 2\n  c.png\n  in/d.JPG" in text
    assert (
        check_source(open_source(f"{tmp_path}?part=train + {tmp_path}?limit=1")).unlisted == ["c.png", "in/d.JPG"] * 2
    )
