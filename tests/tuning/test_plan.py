"""What is decided before the training."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import CheckpointError, DataError, RecipeError
from crnn_seq2seq_ocr.tuning.card import plan_lines
from crnn_seq2seq_ocr.tuning.plan import Request, make_plan
from tests.conftest import write_folder


def test_it_says_what_it_would_do(trained: Path, labels: Path) -> None:
    plan = make_plan(Request(str(trained), str(labels)), name="mine")
    assert plan.learnt + plan.checked == 72
    told = "\n".join(plan_lines(plan))
    assert f"begins with the weights of {trained}" in told
    assert f"learns from {plan.learnt} samples: {labels}?hash=0-" in told
    assert f"measures with {plan.checked} that it never learns from" in told
    assert "synthetic:words" in told
    assert f"at most {plan.recipe.training.steps} steps of 16 pictures" in told


def test_new_characters_are_told_and_added(trained: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", [f"ab{number}" for number in range(30)])
    plan = make_plan(Request(str(trained), str(folder), keep=""), name="mine")
    assert "new characters: 0123456789" in plan_lines(plan)
    assert plan.recipe.text.charset == "abc0123456789"
    assert plan.recipe.data.train == plan.split.learn
    assert plan.known is None


def test_it_stops_with_the_list_where_much_cannot_be_used(trained: Path, labels: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", [f"a{'b' * number}" for number in range(20)])
    for number in range(4):
        (folder / f"{number:03d}.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"4 of 20 samples cannot be used.*--drop-unusable") as found:
        make_plan(Request(str(trained), str(folder)), name="mine")
    assert "000.png: unreadable picture" in str(found.value)
    plan = make_plan(Request(str(trained), str(folder), drop_unusable=True), name="mine")
    assert plan.learnt + plan.checked == 16
    assert "4 samples cannot be used:" in plan_lines(plan)


def test_a_wrong_setting_or_model_is_said_before_the_work(trained: Path, labels: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"training\.stepz: there is no such setting"):
        make_plan(Request(str(trained), str(labels), settings=("training.stepz=3",)), name="mine")
    with pytest.raises(CheckpointError, match="wordz does not exist"):
        make_plan(Request("wordz", str(labels)), name="mine")


def test_a_request_comes_back_from_its_folder(tmp_path: Path) -> None:
    request = Request("words", "mine", "other", "", from_scratch=True, settings=("training.steps=3",))
    request.save(tmp_path)
    assert Request.load(tmp_path) == request
    (tmp_path / "tune.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"tune\.json is damaged"):
        Request.load(tmp_path)
    with pytest.raises(CheckpointError, match="holds no tuning to resume"):
        Request.load(tmp_path / "other")


def test_texts_that_the_model_shall_not_read_are_listed(trained: Path, labels: Path) -> None:
    plan = make_plan(Request(str(trained), str(labels), pattern="[abc]{2,4}"), name="mine")
    assert (plan.recipe.text.pattern, plan.recipe.text.allow) == ("[abc]{2,4}", None)
    assert "reads nothing but texts of the pattern `` [abc]{2,4} ``" in plan_lines(plan)
    with pytest.raises(DataError, match=r"9 of 72 texts of .* are not within the pattern \[abc\]\{3,4\}.*'aa', 'ab'"):
        make_plan(Request(str(trained), str(labels), pattern="[abc]{3,4}"), name="mine")
