"""Evaluation: every sample counted, numbers that can be computed by hand from its files, and its page."""

import html.parser
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from crnn_seq2seq_ocr import metrics
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords, encode_example
from crnn_seq2seq_ocr.data.formats.tfrecord import write_records
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, evaluate, show, write_report
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.report.attention import write_attention
from tests.conftest import TEXTS, picture_of, write_folder


@pytest.fixture(scope="module")
def reader(trained: Path) -> Reader:
    return Reader.load(trained, device="cpu")


class Drawn:
    """Pictures of some texts, said to be others."""

    description = "drawn"

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs  # (what is said, what the picture shows)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        return Sample(f"sign {index}", (picture_of(self.pairs[index][1]),), self.text(index))

    def text(self, index: int) -> str:
        return self.pairs[index][0]


WRONG = [("ab", "ab"), ("bca", "ab"), ("A-B", "ab"), ("Äb", "cab"), ("cc", "cc"), ("!", "c"), ("ca", "ca")]


@pytest.fixture(scope="module")
def evaluation(reader: Reader) -> Evaluation:
    return evaluate(reader, Drawn(WRONG), title="A & B")


def test_a_perfect_model_has_all_right(reader: Reader, pictures: Path) -> None:
    found = evaluate(reader, Folder(pictures), batch_size=5)
    assert found.report.evaluated == len(TEXTS)
    assert found.report.dropped == {}
    assert [line.prediction for line in found.lines] == TEXTS
    assert list(found.report.scores) == [profile.name for profile in metrics.PROFILES]
    for scores in found.report.scores.values():
        assert (scores["sequence_accuracy"], scores["correct"]) == (1, len(TEXTS))
        assert scores["cer"] in (0, None)
    assert found.report.confusions == []
    assert [section.heading for section in found.report.sections] == ["First samples"]


def test_scores_are_those_of_the_readings(evaluation: Evaluation, tmp_path: Path) -> None:
    write_report(evaluation, tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "readings.jsonl").read_text("utf-8").splitlines()]
    assert [line["index"] for line in lines] == list(range(len(WRONG)))
    references, predictions = ([line[name] for line in lines] for name in ("reference", "prediction"))
    assert list(zip(references, predictions, strict=True)) == WRONG
    scores = json.loads((tmp_path / "out" / "scores.json").read_text("utf-8"))["scores"]
    assert scores == metrics.score(references, predictions)
    # And by hand: three of seven are right; bca/ab 3 edits, A-B/ab 3, Äb/cab 2, !/c 1, of 15 characters.
    assert scores["strict"]["correct"] == 3
    assert scores["strict"]["cer"] == pytest.approx(9 / 15)
    assert scores["folded"]["correct"] == 3
    assert scores["str"]["count"] == 6
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "scores.json", "readings.jsonl"}


def test_json_has_every_statistic(evaluation: Evaluation) -> None:
    content = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert content["evaluated"] == len(WRONG)
    assert set(content["profiles"]) == set(content["scores"]) == {profile.name for profile in metrics.PROFILES}
    assert {"lengths", "confusions", "curve", "coverages", "reliability", "calibration_error"} <= set(content)
    assert content["facts"]["search"] == "greedy"
    assert content["facts"]["samples"] == "7"


def test_the_table_names_every_profile(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    show(evaluation, Console(width=200))
    shown = capsys.readouterr().out
    for profile in metrics.PROFILES:
        assert re.search(rf"\b{profile.name}\b", shown)
    assert "42.86%" in shown


# --- every sample counts --------------------------------------------------------------------------


def damaged_folder(folder: Path) -> Path:
    """Twelve samples: the third is cut short, the fifth missing, the seventh empty."""
    write_folder(folder, TEXTS)
    content = (folder / "002.png").read_bytes()
    (folder / "002.png").write_bytes(content[: len(content) // 2])
    (folder / "004.png").unlink()
    (folder / "006.png").write_bytes(b"")
    return folder


def test_samples_that_cannot_be_read_are_counted_by_reason(reader: Reader, tmp_path: Path) -> None:
    found = evaluate(reader, Folder(damaged_folder(tmp_path / "data")), batch_size=4)
    assert found.report.evaluated == 9
    assert sum(found.report.dropped.values()) == 3
    assert found.report.dropped == {"unreadable picture": 2, "bad sample": 1}
    assert found.report.scores["strict"]["correct"] == 9
    assert [line.index for line in found.lines] == list(range(12))
    write_report(found, tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "readings.jsonl").read_text("utf-8").splitlines()]
    broken = [line for line in lines if "error" in line]
    assert [line["index"] for line in broken] == [2, 4, 6]
    assert all(re.search(r"00[246]\.png", line["error"]) for line in broken)
    assert Counter(line["reason"] for line in broken) == found.report.dropped
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "unreadable picture" in page


def test_damaged_records_are_counted_by_reason(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "test-00000-of-00001"
    pictures = [cv2.imencode(".png", picture_of(text))[1].tobytes() for text in ("ab", "ba", "cc")]
    write_records(path, [
        encode_example(png, text, width=32, orig_width=32, height=32, charset="abc")
        for png, text in zip(pictures, ("ab", "ba", "cc"), strict=True)
    ])  # fmt: skip
    content = bytearray(path.read_bytes())
    content[content.index(pictures[1]) + 50] ^= 1
    path.write_bytes(content)
    found = evaluate(reader, FsnsRecords(path))
    assert found.report.dropped == {"damaged record": 1}
    assert found.report.evaluated == 2
    assert "test-00000-of-00001#1" in (found.lines[1].error or "")


def test_nothing_readable_at_all(reader: Reader, tmp_path: Path) -> None:
    write_folder(tmp_path / "data", ["a", "b"])
    for path in (tmp_path / "data").glob("*.png"):
        path.write_bytes(b"x")
    found = evaluate(reader, Folder(tmp_path / "data"))
    assert (found.report.evaluated, dict(found.report.dropped)) == (0, {"unreadable picture": 2})
    assert found.report.scores["strict"]["cer"] is None
    json.dumps(found.to_dict(), allow_nan=False)
    write_report(found, tmp_path / "out")
    show(found, Console(width=200, quiet=True))


def test_an_empty_source(reader: Reader) -> None:
    with pytest.raises(DataError, match="nothing to evaluate: drawn"):
        evaluate(reader, Drawn([]))


def test_limit(reader: Reader) -> None:
    assert [line.reference for line in evaluate(reader, Drawn(WRONG), limit=2).lines] == ["ab", "bca"]
    assert len(evaluate(reader, Drawn(WRONG), limit=99).lines) == len(WRONG)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_no_tail_is_dropped_whatever_the_batch(reader: Reader, evaluation: Evaluation, batch_size: int) -> None:
    found = evaluate(reader, Drawn(WRONG), batch_size=batch_size)
    assert [line.prediction for line in found.lines] == [line.prediction for line in evaluation.lines]
    assert found.report.scores == evaluation.report.scores


def test_within_a_lexicon(reader: Reader) -> None:
    lexicon = Lexicon(["ab", "cc", "bca"], reader.tokenizer)
    found = evaluate(reader, Drawn(WRONG), lexicon=lexicon, beam=3)
    assert {line.prediction for line in found.lines} <= {"ab", "cc", "bca"}
    assert dict(found.report.facts)["search"] == "beam of 3 within a lexicon of 3 texts"


# --- the page -------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Headings, addresses and the names of samples under each heading."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.headings: list[str] = []
        self.scripts = 0
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        self.scripts += tag == "script"
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data", "srcset"}]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside[-1:] in (["h1"], ["h2"]):
            self.headings.append(data)
        elif self._inside[-1:] == ["code"] and data.startswith("sign "):
            self.names.setdefault(self.headings[-1], []).append(data)


@pytest.fixture
def page(evaluation: Evaluation, tmp_path: Path) -> Iterator[Page]:
    write_report(evaluation, tmp_path)
    parser = Page()
    parser.feed((tmp_path / "report.html").read_text("utf-8"))
    yield parser
    parser.close()


def test_the_page_shows_the_worst_first(page: Page) -> None:
    assert page.headings[0] == "A & B"
    expected = sorted(
        (number for number, (said, shown) in enumerate(WRONG) if said != shown),
        key=lambda number: -metrics.edit_distance(*WRONG[number]) / len(WRONG[number][0]),
    )
    assert page.names["Worst samples"] == [f"sign {number}" for number in expected]
    assert page.names["First samples"] == [f"sign {number}" for number in range(len(WRONG))]


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert any(address.startswith("data:image/") for address in page.addresses)
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert page.scripts == 0


def test_so_many_samples_are_shown_as_are_asked_for(reader: Reader) -> None:
    found = evaluate(reader, Drawn(WRONG), shown=2)
    assert [len(section.cards) for section in found.report.sections] == [2, 1]


# --- files ----------------------------------------------------------------------------------------


def test_a_report_that_cannot_be_written(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="could not be written"):
        write_report(evaluation, tmp_path / "file" / "out")


@pytest.mark.parametrize("text", ["cab", ""])
def test_attention_as_a_picture(reader: Reader, tmp_path: Path, text: str) -> None:
    reading = reader.read([picture_of("cab")])[0]
    if not text:
        assert reading.attention is not None
        reading = replace(reading, text="", characters=(), attention=reading.attention[:0])
    write_attention(reading, tmp_path / "attention.png")
    sheet = cv2.imread(str(tmp_path / "attention.png"))
    assert sheet is not None
    assert sheet.ndim == 3
    assert np.ptp(sheet) > 0 or not text
    assert [path.name for path in tmp_path.iterdir()] == ["attention.png"]
