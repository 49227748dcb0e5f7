"""Parts of a data set by a hash."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.hashing import between, hash_places
from crnn_seq2seq_ocr.data.sources import open_source, with_option
from crnn_seq2seq_ocr.errors import DataError
from tests.conftest import write_folder

TEXTS = [f"a{number}" for number in range(200)]


def texts(spec: str) -> list[str]:
    source = open_source(spec)
    return [source.text(index) for index in range(len(source))]


def test_parts_are_disjoint_together_everything_and_about_as_large_as_asked(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", TEXTS)
    low, high = texts(f"{folder}?hash=0-80"), texts(f"{folder}?hash=80-100")
    assert sorted(low + high) == sorted(TEXTS)
    assert 140 <= len(low) <= 180
    assert set(texts(f"{folder}?hash=0-10")) < set(low)


def test_a_sample_keeps_its_part_when_others_come_and_go(tmp_path: Path) -> None:
    before = set(texts(f"{write_folder(tmp_path / 'first', TEXTS)}?hash=0-50"))
    after = set(texts(f"{write_folder(tmp_path / 'more', ['new', *reversed(TEXTS[:150]), 'newer'])}?hash=0-50"))
    assert before & set(TEXTS[:150]) == after - {"new", "newer"}


def test_a_text_is_in_one_part_only(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", [text for text in TEXTS for _ in range(2)])
    assert not set(texts(f"{folder}?hash=0-50")) & set(texts(f"{folder}?hash=50-100"))


def test_few_texts_that_come_often_are_in_both_parts(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", ["yes", "no"] * 50)
    assert set(texts(f"{folder}?hash=0-50")) == set(texts(f"{folder}?hash=50-100")) == {"yes", "no"}
    places = hash_places(open_source(str(folder)))
    assert len(between(places, 0, 50)) + len(between(places, 50, 100)) == 100


def test_it_goes_with_other_options_and_is_refused_where_it_is_no_range(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", TEXTS)
    assert len(texts(f"{folder}?hash=0-50&limit=5&repeat=2")) == 10
    for wrong in ("80", "80-20", "0-101", "a-b", ""):
        with pytest.raises(DataError, match=r"hash must be two percents such as 0-80|has no value"):
            open_source(f"{folder}?hash={wrong}")


def test_options_are_added_to_each_source_that_is_not_drawn() -> None:
    assert (
        with_option("a + b?text=t + synthetic:words", "hash=0-8") == "a?hash=0-8 + b?text=t&hash=0-8 + synthetic:words"
    )


def test_limits_and_parts_are_taken_as_they_are_written(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", TEXTS)
    first = set(texts(f"{folder}?limit=60"))
    low, high = texts(f"{folder}?limit=60&hash=0-80"), texts(f"{folder}?limit=60&hash=80-100")
    assert set(low) | set(high) == first
    assert len(low) + len(high) == 60
    part = texts(f"{folder}?hash=0-80")
    assert texts(f"{folder}?hash=0-80&limit=60") == part[:60]
