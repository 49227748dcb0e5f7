"""The suite of scene text: sets found by the names of their folders, compared over 36, 62 and 94 characters."""

import csv
import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.evaluation.suites import CHARACTERS, evaluate_suite, label_fingerprint, picture_fingerprint
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.cli.conftest import Command, command
from tests.conftest import write_folder

__all__ = ["command"]


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    write_folder(tmp_path / "IIIT5k_3000", ["ab", "bc", "ca"])
    write_folder(tmp_path / "deeper" / "SVT", ["AB", "b-c", "c!"])
    (tmp_path / "deeper" / "SVT" / "001.png").write_bytes(b"no picture")
    for name in ("curve", "multi_oriented", "artistic", "contextless", "salient", "multi-words", "general"):
        write_folder(tmp_path / "Union14M" / name, ["ab", "c"])
    return tmp_path


def test_every_set_that_is_there_is_measured(command: Command, trained: Path, sets: Path) -> None:
    answer = command("evaluate", trained, sets, "--suite", "scene-text", "--json", "--out", sets / "out")
    assert answer.status == 0, answer.err
    content = json.loads(answer.out)
    assert content == json.loads((sets / "out" / "suite.json").read_text("utf-8"))
    by_name = {each["name"]: each for each in content["sets"]}
    assert list(by_name)[:2] == ["IIIT5K", "SVT"]
    assert len(by_name) == 9
    assert by_name["IIIT5K"]["accuracy"] == {"36": 1.0, "62": 1.0, "94": 1.0}
    assert by_name["IIIT5K"]["says"] == "3 of 3,000 samples"
    # AB is read as ab, one picture cannot be read, c! is read as c.
    svt = by_name["SVT"]
    assert svt["unreadable"] == 1
    assert svt["accuracy"]["62"] <= svt["accuracy"]["36"] <= 2 / 3 + 1e-9
    assert svt["accuracy"]["94"] == 0
    assert list(content["averages"]) == ["Union14M"]
    assert content["averages"]["Union14M"] == {"36": 1.0, "62": 1.0, "94": 1.0}
    assert content["missing"] == ["IC13_857", "IC13_1015", "IC15_1811", "IC15_2077", "SVTP", "CUTE80"]
    rows = list(csv.DictReader((sets / "out" / "samples.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 3 + 3 + 14
    assert [row["error"] != "" for row in rows[3:6]] == [False, True, False]


def test_the_table(command: Command, trained: Path, sets: Path) -> None:
    answer = command("evaluate", trained, sets, "--suite", "scene-text", "--limit", "1", "--csv", sets / "all.csv")
    assert answer.status == 0, answer.err
    assert "mean of Union14M" in answer.out
    assert "not in" in answer.out
    assert len((sets / "all.csv").read_text("utf-8").splitlines()) == 10
    wrong = command("evaluate", trained, sets, "--suite", "scene-text", "--allow", "a")
    assert "leave out --beam" in wrong.err


def test_the_samples_of_one_set_as_csv(command: Command, trained: Path, sets: Path) -> None:
    data = sets / "IIIT5k_3000"
    assert command("evaluate", trained, data, "--csv", sets / "one.csv").status == 0
    rows = list(csv.DictReader((sets / "one.csv").read_text("utf-8").splitlines()))
    assert [(row["reference"], row["prediction"]) for row in rows] == [("ab", "ab"), ("bc", "bc"), ("ca", "ca")]


def test_fingerprints_do_not_depend_on_order(tmp_path: Path) -> None:
    one, other = (
        open_source(str(write_folder(tmp_path / "-".join(each), each))) for each in (["ab", "c"], ["c", "ab"])
    )
    assert picture_fingerprint(one, 2) == picture_fingerprint(other, 2)
    assert picture_fingerprint(one, 1) != picture_fingerprint(other, 1)
    assert label_fingerprint(["It's", "B"]) == label_fingerprint(["b", "its"])
    assert label_fingerprint(["a"]) != label_fingerprint(["b"])


def test_what_characters_are_compared() -> None:
    assert {count: keep("Où? A-1 b") for count, keep in CHARACTERS.items()} == {36: "oa1b", 62: "OA1b", 94: "O?A-1b"}


def test_a_folder_without_sets(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no set of scene text: there must be folders of these names: IIIT5K"):
        evaluate_suite(Reader.load(trained), tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        evaluate_suite(Reader.load(trained), tmp_path / "none")
