"""Work in several processes: order, errors, and processes that die."""

import os
import time
from functools import partial

import pytest

from crnn_seq2seq_ocr.data.parallel import in_order
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError


def double(offset: int, number: int) -> int:
    time.sleep(0.002 * (number % 3))  # later items may be done first
    return offset + 2 * number


def refuse(number: int) -> int:
    if number == 3:
        raise DataError(f"number {number}")
    return number


def die(number: int) -> int:
    os._exit(number)


@pytest.mark.parametrize("workers", [0, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(in_order(partial(double, 1), range(40), workers)) == [1 + 2 * number for number in range(40)]


@pytest.mark.parametrize("workers", [0, 1])
def test_errors_come_through(workers: int) -> None:
    results = in_order(refuse, range(10), workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DataError, match="number 3"):
        next(results)


def test_a_process_that_dies_is_said_so() -> None:
    with pytest.raises(CrnnOcrError, match="a worker process has died"):
        list(in_order(die, [1], 1))
