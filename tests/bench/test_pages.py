"""The measures of the benchmark of whole pages."""

import numpy as np
import pytest

from benchmarks.pages import Tally, matches, overlap
from crnn_seq2seq_ocr.data.synthetic.whole_pages import WholePage


def test_intersection_over_union() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_a_word_is_right_once_and_in_its_place() -> None:
    truth = [("Rue", (0, 0, 30, 10)), ("RUE", (0, 40, 30, 50)), ("Foch", (40, 0, 80, 10))]
    found = [("rue", (0, 0, 28, 11)), ("rue", (0, 0, 30, 10)), ("Foch", (40, 0, 55, 10))]
    assert matches(truth, found) == 1


def test_a_page_is_counted_in_words_and_in_characters_of_its_reading_order() -> None:
    lines = [[("one", (0, 0, 30, 10)), ("two", (40, 0, 70, 10))], [("three", (0, 20, 50, 30))]]
    page = WholePage(np.zeros((40, 90, 3), np.uint8), lines)
    right, turned_round = Tally(), Tally()
    words = [word for line in lines for word in line]
    right.add(page, words, 1.0)
    turned_round.add(page, [words[2], *words[:2]], 1.0)
    assert (right.f1, right.errors, right.characters) == (1.0, 0, 13)
    assert turned_round.f1 == 1.0
    assert turned_round.errors > 0
