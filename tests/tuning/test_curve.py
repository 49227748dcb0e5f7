"""What more samples would bring."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.tuning.curve import Point, curve_lines, expected_wrong, learning_curve
from crnn_seq2seq_ocr.tuning.plan import Request, make_plan

pytestmark = pytest.mark.slow

QUICK = ("training.steps=2", "training.evaluate_every=2", "data.workers=0", "augmentation=null")


def test_errors_that_halve_with_twice_the_samples_go_on_so() -> None:
    points = [Point(25 * 2**power, 1000 - 400 // 2**power, 1000) for power in range(4)]
    assert expected_wrong(points, 400) == pytest.approx(0.025, rel=0.1)
    assert curve_lines(points)[-1].startswith("twice as many samples, 400, would bring about 97% right (")


def test_nothing_left_to_gain_is_said_and_harm_never() -> None:
    flat = [Point(25 * 2**power, 100, 100) for power in range(4)]
    assert "hardly more" in curve_lines(flat)[-1]
    worse = [Point(25, 90, 100), Point(50, 80, 100)]
    assert expected_wrong(worse, 100) == expected_wrong(worse, 25)


def test_it_trains_on_parts_that_grow_and_goes_on(trained: Path, labels: Path, tmp_path: Path) -> None:
    plan = make_plan(Request(str(trained), str(labels), keep="", settings=QUICK), name="mine")
    points = learning_curve(plan, folder=tmp_path)
    assert points is not None
    assert [point.samples for point in points] == sorted({point.samples for point in points})
    assert points[-1].samples == plan.learnt
    assert {point.checked for point in points} == {plan.checked}
    assert learning_curve(plan, folder=tmp_path) == points
    other = make_plan(Request(str(trained), str(labels), keep="", settings=(*QUICK, "training.seed=2")), name="mine")
    with pytest.raises(StorageError, match="a tuning of other data or settings"):
        learning_curve(other, folder=tmp_path)
