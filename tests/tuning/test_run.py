"""A whole tuning, small: a reader that must learn a new character and keep the others."""

import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import load_description
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.tuning.card import end_lines
from crnn_seq2seq_ocr.tuning.plan import Plan, Request, make_plan
from crnn_seq2seq_ocr.tuning.run import next_commands, tune
from tests.training.test_resume import stop_at_step

pytestmark = pytest.mark.slow

QUICK = ("training.steps=8", "training.evaluate_every=4", "data.workers=0", "augmentation=null")


@pytest.fixture
def plan(trained: Path, labels: Path) -> Plan:
    return make_plan(Request(str(trained), str(labels), keep=str(labels), settings=QUICK), name="mine")


def test_it_leaves_a_released_model_with_its_numbers(plan: Plan, tmp_path: Path) -> None:
    tuned = tune(plan, folder=tmp_path / "mine")
    assert tuned.model == tmp_path / "mine" / "model"
    assert {path.name for path in tuned.model.iterdir()} == {"model.json", "model.onnx", "model.safetensors"}
    description = load_description(tuned.model)
    assert description.name == "mine"
    assert [each.data for each in description.results] == [plan.split.check, plan.known]
    reader = Reader.load(tuned.model, backend="onnx")
    assert reader.description.charset == "abc"
    card = (tmp_path / "mine" / "card.md").read_text(encoding="utf-8")
    assert tuned.own is not None
    right = tuned.own.after.report.scores["strict"]["sequence_accuracy"] or 0
    assert f"| held-out part | {plan.checked} |" in card
    assert f"{right:.1%}" in card
    assert "logits were divided by" in card
    assert "Worst samples" in (tmp_path / "mine" / "report" / "report.html").read_text("utf-8") or right == 1
    facts = json.loads((tmp_path / "mine" / "report" / "scores.json").read_text("utf-8"))["facts"]
    assert facts["before"].startswith("micro-overfit read ")
    told = end_lines(tuned.own, tuned.known)
    assert told[0].startswith("held-out part: ")
    assert next_commands(tmp_path / "mine", tuned)[1] == f"crnn-ocr serve {tuned.model}"
    with pytest.raises(StorageError, match="model is there already"):
        tune(plan, folder=tmp_path / "mine")


def test_an_interrupted_tuning_goes_on_from_its_folder(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    with monkeypatch.context() as patch:
        stop_at_step(patch, 3)
        stopped = tune(plan, folder=folder)
    assert stopped.model is None
    assert next_commands(folder, stopped) == [f"crnn-ocr tune --resume --out {folder}"]
    again = make_plan(Request.load(folder), name="mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crnn_seq2seq_ocr.tuning.run.release", lambda *_, **__: (_ for _ in ()).throw(StorageError("x")))
        with pytest.raises(StorageError, match=r"^x$"):
            tune(again, folder=folder, resume=True)
    steps = [json.loads(line)["step"] for line in (folder / "run" / "log.jsonl").read_text("utf-8").splitlines()]
    assert steps == sorted(steps)
    assert max(steps) == 8
