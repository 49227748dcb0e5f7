"""The drawn tasks of `crnn-ocr tune`'s benchmark."""

import re

import numpy as np

from benchmarks.tasks import PATTERNS, TASKS, draw_counter, samples_of_task


def test_a_sample_is_a_function_of_its_generator() -> None:
    for draw in TASKS.values():
        (text, pixels), (again, same) = draw(np.random.default_rng(5)), draw(np.random.default_rng(5))
        assert text == again
        assert np.array_equal(pixels, same)


def test_a_turned_digit_counts_as_the_one_of_which_more_is_seen() -> None:
    further = 0
    for seed in range(60):
        standing = int(np.random.default_rng(seed).integers(10**8))
        read = int(draw_counter(np.random.default_rng(seed))[0])
        assert read in (standing, (standing + 1) % 10**8)
        further += read != standing
    assert 8 <= further <= 32  # seven of ten are turned, three in ten of these more than half


def test_texts_match_the_pattern_of_their_task() -> None:
    for task, pattern in PATTERNS.items():
        assert all(re.fullmatch(pattern, text) for text, _ in samples_of_task(task, count=5, seed=3))
