"""What is done of a listing, and what is left of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_seq2seq_ocr.bulk.listing import Listing, Names
from crnn_seq2seq_ocr.bulk.marks import Marks
from crnn_seq2seq_ocr.errors import DataError

PATH = Path("readings.csv")


def left(listed: list[str], rows: list[str]) -> list[str]:
    marks = Marks(Listing(Names(listed)), rows, PATH)
    assert (marks.total, marks.done) == (len(listed), len(rows))
    return [entry.name for entry in marks.pending()]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.randoms(use_true_random=False))
def test_each_name_is_left_as_often_as_it_was_not_read(listed: list[str], order: object) -> None:
    """In whatever order the rows are: names that are the same stand for each other."""
    rows = [name for name in listed if order.random() < 0.6]
    if order.random() < 0.5:
        order.shuffle(rows)
    assert sorted(left(listed, rows) + rows) == sorted(listed)


def test_what_is_left_keeps_its_order() -> None:
    assert left(list("abcdefghij"), list("acdgj")) == list("befhi")
    assert left(list("abcdefghij"), list("acjb")) == list("defghi")


def test_names_that_no_line_can_hold_are_found_again() -> None:
    assert left(["a\nb", "\udcff"], ["a\\nb"]) == ["\udcff"]


def test_what_is_not_listed_is_told() -> None:
    with pytest.raises(DataError, match=r"readings.csv holds 2 readings of what is not listed, 'x' for one"):
        left(["a", "b"], ["a", "x", "b", "x"])
    with pytest.raises(DataError, match="holds 1 readings of what is not listed"):
        left(["a"], ["a", "a"])


def test_lines_that_were_added_since_are_for_the_next_time() -> None:
    names = ["a", "b"]
    marks = Marks(Listing(Names(names)), ["a"], PATH)
    names.append("c")
    assert [entry.name for entry in marks.pending()] == ["b"]
