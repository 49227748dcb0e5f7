"""The steps of a training: when it evaluates, saves and stops, and what it does with what goes wrong on the way."""

import itertools
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.weights import load_model, load_state
from crnn_seq2seq_ocr.errors import (
    DataError,
    StorageError,
    TrainingError,
    WorkerError,
)
from crnn_seq2seq_ocr.training import loop, optimization
from crnn_seq2seq_ocr.training.data import batches_of
from crnn_seq2seq_ocr.training.learner import Learner
from crnn_seq2seq_ocr.training.train import train
from crnn_seq2seq_ocr.training.validation import Validation
from tests.conftest import TEXTS, MakeRecipe, write_folder
from tests.training.runs import flat, log_of, spoil_step, weights


def test_a_checkpoint_tells_of_its_own_validation_only(micro: MakeRecipe, tmp_path: Path, pictures: Path) -> None:
    recipe = micro(
        data__validation=str(pictures), training__evaluate_every=4, training__save_every=2, training__keep_last=3
    )
    train(recipe, folder=tmp_path)
    told = {path.name: load_model(path)[1].metrics for path in checkpoints(tmp_path)}
    assert told["step-00000002"] == {}
    assert told["step-00000004"].keys() == {
        f"validation_{name}" for name in ("samples", "unreadable", "sequence_accuracy", "cer")
    }


def test_the_last_and_the_best_checkpoints_are_kept(
    micro: MakeRecipe, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.2, 0.6, 0.4, 0.6, 0.5, 0.1])
    pretend_scores(monkeypatch, scores)
    recipe = micro(data__validation=str(pictures), training__evaluate_every=1, training__keep_last=2)
    outcome = train(recipe, folder=tmp_path)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000004", "step-00000005", "step-00000006"]
    # Of two that are equally good the later one, which has seen more.
    assert json.loads((tmp_path / "best.json").read_text()) == {"checkpoint": "step-00000004", "score": 0.6}
    assert outcome.best == 0.6


def pretend_scores(monkeypatch: pytest.MonkeyPatch, scores: Iterator[float]) -> None:
    def validate(*_arguments: object) -> Validation:
        return Validation({"samples": 1.0, "sequence_accuracy": next(scores), "cer": 0.5}, [])

    monkeypatch.setattr(loop, "validate", validate)


def test_it_stops_when_validations_do_not_get_better(
    micro: MakeRecipe, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_scores(monkeypatch, iter([0.2, 0.3, 0.1, 0.3, 0.9]))
    recipe = micro(
        data__validation=str(pictures), training__evaluate_every=2, training__patience=2, training__steps=100
    )
    outcome = train(recipe, folder=tmp_path)
    assert (outcome.step, outcome.best, outcome.interrupted) == (8, 0.3, False)
    assert "2 validations without a better one" in log_of(tmp_path, "stop")[0]["message"]
    assert checkpoints(tmp_path)[-1].name == "step-00000008"


def test_of_validations_that_are_about_equal_the_latest_is_the_best(
    micro: MakeRecipe, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_scores(monkeypatch, iter([0.95, 0.93, 0.91, 0.92, 0.90, 0.89, 0.96]))
    recipe = micro(
        data__validation=str(pictures),
        training__evaluate_every=1,
        training__patience=2,
        training__tolerance=0.035,
        training__steps=100,
    )
    outcome = train(recipe, folder=tmp_path)
    # 0.92 is no worse than 0.95 by 0.035; two that are come after it.
    assert (outcome.step, outcome.best) == (6, 0.95)
    assert json.loads((tmp_path / "best.json").read_text()) == {"checkpoint": "step-00000004", "score": 0.92}


def test_it_stops_at_an_accuracy(
    micro: MakeRecipe, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_scores(monkeypatch, iter([0.2, 0.8]))
    recipe = micro(data__validation=str(pictures), training__evaluate_every=1, training__stop_at=0.75)
    assert train(recipe, folder=tmp_path).step == 2


def test_dropped_samples_are_told(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["ab", "ba", "aœ", "abcab", "c"])
    train(micro(data__train=str(folder), training__steps=5), folder=tmp_path / "run")
    told = [line["message"] for line in log_of(tmp_path / "run", "dropped")]
    assert len(told) == 6
    assert any("002.png: 'aœ' holds 'œ' (U+0153" in line for line in told)
    assert any("003.png: the text has 5 characters" in line for line in told)
    assert "data check" in told[-1]


def test_a_step_that_is_not_finite_changes_nothing_and_is_told(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_step(monkeypatch, {2})
    recipe = micro(training__save_every=1, training__keep_last=9, training__optimizer__average=0.9, training__steps=4)
    train(recipe, folder=tmp_path)
    states = [load_state(path) for path in checkpoints(tmp_path)]
    before, skipped, after = states[1], states[2], states[3]
    assert flat(before, "model", "average") == flat(skipped, "model", "average")
    assert flat(before["optimizer"], "state") == flat(skipped["optimizer"], "state")
    assert flat(after, "model") != flat(skipped, "model")
    assert [state["progress"]["skipped_steps"] for state in states] == [0, 0, 1, 1]
    (told,) = log_of(tmp_path, "skipped")
    assert told["step"] == 3
    assert "not finite and is skipped" in told["message"]
    assert len(told["samples"]) == 4
    assert all(name.endswith(".png") for name in told["samples"])
    assert all(np.isfinite(line["loss"]) for line in log_of(tmp_path, "training"))


def test_an_error_in_the_data_is_told_to_the_other_processes(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Exception | None] = []
    real = optimization.agree

    def agree(accelerator: Any, values: Any, error: Exception | None = None) -> list[float]:
        told.append(error)
        return real(accelerator, values, error)

    monkeypatch.setattr(optimization, "agree", agree)
    folder = write_folder(tmp_path / "data", ["abcab"])
    with pytest.raises(DataError) as caught:
        train(micro(data__train=str(folder)), folder=tmp_path / "run")
    assert told == [caught.value]


class Dying:
    """Batches that end after some with an error, as those of a worker that has died."""

    def __init__(self, batches: Generator[Any, None, None], good: int) -> None:
        self.batches, self.good = batches, good

    def __iter__(self) -> "Dying":
        return self

    def __next__(self) -> Any:
        self.good -= 1
        if self.good < 0:
            raise WorkerError("a worker process has died")
        return next(self.batches)

    def close(self) -> None:
        self.batches.close()


@pytest.mark.slow
def test_what_was_learnt_before_a_worker_died_is_saved(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = batches_of
    with monkeypatch.context() as patch:
        patch.setattr(
            "crnn_seq2seq_ocr.training.train.batches_of", lambda *args, **options: Dying(real(*args, **options), 4)
        )
        with pytest.raises(WorkerError, match="a worker process has died"):
            train(micro(), folder=tmp_path / "run")
    assert [path.name for path in checkpoints(tmp_path / "run")] == ["step-00000004"]
    assert log_of(tmp_path / "run", "saved")[0]["step"] == 4
    assert train(micro(), folder=tmp_path / "run", resume=True).step == 6
    train(micro(), folder=tmp_path / "whole")
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(weights(tmp_path / "run")[name], tensor)


def test_files_that_vanish_end_with_all_saved(micro: MakeRecipe, tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", TEXTS)

    class Vanish:
        """A console that takes the pictures away after the second step."""

        is_terminal = False

        def print(self, text: str, **_options: object) -> None:
            if text.startswith("step 2/"):
                for path in data.glob("*.png"):
                    path.unlink()

    with pytest.raises(DataError, match=r"no usable sample among 100 in a row, or among all(.|\n)*000.png"):
        train(micro(data__train=str(data)), folder=tmp_path / "run", console=Vanish())  # type: ignore[arg-type]
    assert len(checkpoints(tmp_path / "run")) == 1


def test_a_training_whose_steps_are_not_finite_any_more_ends(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SKIPPED_IN_A_ROW", 3)
    spoil_step(monkeypatch, {0, 2, 3, 4, 5})
    with pytest.raises(TrainingError, match="3 steps in a row were not finite, up to 5: look at the data"):
        train(micro(), folder=tmp_path)


def test_weights_that_are_not_finite_are_not_saved(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(micro(training__steps=2, training__keep_last=1), folder=tmp_path)
    real = Learner.learn

    def learn(self: Learner, *arguments: Any) -> torch.Tensor:
        result = real(self, *arguments)
        next(self.evaluated.parameters()).data.fill_(float("nan"))
        return result

    monkeypatch.setattr(Learner, "learn", learn)
    with pytest.raises(TrainingError, match="the weights are not finite any more at step 3, which is not saved"):
        train(micro(training__keep_last=1, training__save_every=1), folder=tmp_path, resume=True)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000002"]


@pytest.mark.parametrize("file", ["log.jsonl", "best.json", "recipe.yaml"])
def test_a_disk_that_is_full_at_any_file_ends_with_a_sentence(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, pictures: Path
) -> None:
    fill(monkeypatch, tmp_path, file)
    with pytest.raises(StorageError, match=r"could not be written \(No space left on device.*free some space"):
        train(micro(data__validation=str(pictures)), folder=tmp_path / "run")


def fill(monkeypatch: pytest.MonkeyPatch, place: Path, file: str) -> None:
    """Let a disk be full for one file of the run."""
    (place / "run").mkdir()
    if file == "log.jsonl":
        (place / "run" / file).symlink_to("/dev/full")
    else:
        real = Path.write_text
        monkeypatch.setattr(
            Path, "write_text", lambda self, *a, **o: full() if file in self.name else real(self, *a, **o)
        )


def full(*_arguments: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_clock_that_jumps_back_changes_nothing(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = itertools.count(2e9, -86400.0)
    monkeypatch.setattr("time.time", lambda: next(times))
    train(micro(training__save_every=2), folder=tmp_path)
    assert [line["step"] for line in log_of(tmp_path, "training")] == [1, 2, 3, 4, 5, 6]
    assert train(micro(training__steps=8), folder=tmp_path, resume=True).step == 8
