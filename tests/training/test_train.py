"""Training: that it learns, what it writes, what it does with what goes wrong."""

import itertools
import json
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, load_model, load_state, save_model
from crnn_seq2seq_ocr.errors import (
    CharsetError,
    CheckpointError,
    DataError,
    RecipeError,
    StorageError,
    TrainingError,
    WorkerError,
)
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.training import loop, optimization
from crnn_seq2seq_ocr.training.data import batches_of
from crnn_seq2seq_ocr.training.learner import Learner
from crnn_seq2seq_ocr.training.overfit import overfit_recipe
from crnn_seq2seq_ocr.training.train import Outcome, train
from crnn_seq2seq_ocr.training.validation import Validation
from tests.conftest import TEXTS, MakeRecipe, picture_of, write_folder


def log_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["kind"] == kind]


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in log_of(folder, "training")]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of the network that is trained, at its last checkpoint."""
    state: dict[str, torch.Tensor] = load_state(checkpoints(folder)[-1])["model"]
    return state


def test_a_small_set_is_learnt_by_heart(micro: MakeRecipe, tmp_path: Path, pictures: Path) -> None:
    recipe = overfit_recipe(micro(model__width=32, training__steps=600, training__batch_size=6), 2)
    outcome = train(recipe, folder=tmp_path / "run")
    assert outcome.best == 1.0
    assert not outcome.interrupted
    assert outcome.step < 600
    assert outcome.step % 50 == 0
    found = losses(tmp_path / "run")
    assert found[-1] < found[0] / 10
    readings = Reader.load(tmp_path / "run").read(sorted(str(path) for path in pictures.glob("*.png")))
    assert [reading.text for reading in readings] == TEXTS
    assert log_of(tmp_path / "run", "stop")[0]["message"] == "stopped: strict sequence accuracy reached 100.0%"


def test_what_a_run_writes_and_shows(micro: MakeRecipe, tmp_path: Path, pictures: Path) -> None:
    console = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115
    recipe = micro(data__validation=str(pictures), training__evaluate_every=3, training__log_every=2)
    outcome = train(recipe, folder=tmp_path / "run", console=console)
    console.file.close()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        ".lock",
        "best.json",
        "checkpoints",
        "log.jsonl",
        "recipe.yaml",
        "tensorboard",
    ]
    lines = log_of(tmp_path / "run", "training")
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert lines[0].keys() == {
        "kind",
        "step",
        "time",
        "epoch",
        "loss",
        "learning_rate",
        "pictures_per_second",
        "data_wait",
        "seconds_left",
    }
    assert [line["epoch"] for line in lines] == pytest.approx([8 / 12, 16 / 12, 2])
    assert all(0 <= line["data_wait"] <= 1 and line["pictures_per_second"] > 0 for line in lines)
    (first, last) = log_of(tmp_path / "run", "validation")
    assert (first["step"], last["step"]) == (3, 6)
    assert first["samples"] == 12
    assert [reference for reference, _ in last["examples"]] == TEXTS[:5]
    written = b"".join(path.read_bytes() for path in (tmp_path / "run" / "tensorboard").iterdir())
    assert b"training/loss" in written
    assert b"validation/sequence_accuracy" in written
    shown = console.export_text()
    for part in (
        "micro: 0.01 million parameters on 1 x cpu (fp32), starting",
        "step 4/6",
        "data wait",
        " left",
        "step 6: validation on 12 samples",
        "trained 6 steps, best strict sequence accuracy",
    ):
        assert part in shown
    assert outcome == Outcome(
        tmp_path / "run", 6, max(first["sequence_accuracy"], last["sequence_accuracy"]), interrupted=False
    )


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


def test_unreadable_samples_are_left_out_of_a_validation(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["ab", "ba", "ca"])
    (folder / "001.png").write_bytes(b"no picture")
    (folder / "002.png").unlink()
    train(micro(data__validation=str(folder), training__steps=1), folder=tmp_path / "run")
    (line,) = log_of(tmp_path / "run", "validation")
    assert (line["samples"], line["unreadable"]) == (1, 2)
    assert [reference for reference, _ in line["examples"]] == ["ab"]


def test_a_validation_with_nothing_to_read_is_an_error(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["ab"])
    (folder / "000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"no sample for validation can be read .*000.png"):
        train(micro(data__validation=str(folder), training__steps=1), folder=tmp_path / "run")


def test_dropped_samples_are_told(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["ab", "ba", "aœ", "abcab", "c"])
    train(micro(data__train=str(folder), training__steps=5), folder=tmp_path / "run")
    told = [line["message"] for line in log_of(tmp_path / "run", "dropped")]
    assert len(told) == 6
    assert any("002.png: 'aœ' holds 'œ' (U+0153" in line for line in told)
    assert any("003.png: the text has 5 characters" in line for line in told)
    assert "data check" in told[-1]


def test_training_without_usable_data_is_an_error(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["abcab", "abcabc"])
    with pytest.raises(DataError, match=r"(?s)no usable sample .*000.png: the text has 5 characters"):
        train(micro(data__train=str(folder)), folder=tmp_path / "run")


def spoil_step(monkeypatch: pytest.MonkeyPatch, spoilt: set[int]) -> None:
    """Let the losses of some steps, counted from 0, be NaN."""
    real, count = optimization.batch_loss, iter(range(1000))

    def batch_loss(*arguments: Any, **options: Any) -> torch.Tensor:
        loss = real(*arguments, **options)
        return loss * float("nan") if next(count) in spoilt else loss

    monkeypatch.setattr(optimization, "batch_loss", batch_loss)


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


def flat(value: Any, *names: str) -> Any:
    """A state as plain lists, to compare."""
    if names:
        return [flat(value[name]) for name in names]
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: flat(inner) for key, inner in value.items()}
    return [flat(inner) for inner in value] if isinstance(value, list | tuple) else value


def test_pixels_that_are_not_finite_do_not_spoil_running_statistics(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = optimization.normalise, iter(range(1000))

    def normalise(images: torch.Tensor) -> torch.Tensor:
        return real(images) * (float("inf") if next(count) == 1 else 1)

    monkeypatch.setattr(optimization, "normalise", normalise)
    train(micro(training__steps=3), folder=tmp_path)
    assert load_state(checkpoints(tmp_path)[-1])["progress"]["skipped_steps"] == 1
    assert all(torch.isfinite(tensor).all() for tensor in weights(tmp_path).values())


def test_accumulated_batches_are_one_large_batch(micro: MakeRecipe, tmp_path: Path) -> None:
    common = {"training__freeze_norm": True, "training__steps": 5}
    train(micro(training__batch_size=8, **common), folder=tmp_path / "one")
    train(micro(training__batch_size=4, training__accumulate=2, **common), folder=tmp_path / "two")
    assert losses(tmp_path / "one") == pytest.approx(losses(tmp_path / "two"), rel=1e-5)
    for name, tensor in weights(tmp_path / "one").items():
        torch.testing.assert_close(tensor, weights(tmp_path / "two")[name], rtol=1e-4, atol=1e-5)


def test_the_model_kept_is_the_average_of_weights(micro: MakeRecipe, tmp_path: Path) -> None:
    train(
        micro(training__optimizer__average=0.9, training__save_every=1, training__keep_last=9, training__steps=3),
        folder=tmp_path,
    )
    paths = checkpoints(tmp_path)
    trained = [load_state(path)["model"] for path in paths]
    kept = [load_model(path)[0].state_dict() for path in paths]
    name, running = "decoder.output.weight", "encoder.convolutions.2.running_mean"
    assert torch.equal(kept[0][name], trained[0][name])
    second = trained[0][name].lerp(trained[1][name], 1 - 2 / 11)
    torch.testing.assert_close(kept[1][name], second)
    torch.testing.assert_close(kept[2][name], second.lerp(trained[2][name], 1 - 3 / 12))
    assert all(torch.equal(one[running], other[running]) for one, other in zip(kept, trained, strict=True))


def test_without_an_average_the_weights_are_the_model(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(), folder=tmp_path)
    kept = load_model(tmp_path)[0].state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in weights(tmp_path).items())


def test_frozen_statistics_stay(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(training__freeze_norm=True), folder=tmp_path / "frozen")
    train(micro(), folder=tmp_path / "free")
    name = "encoder.convolutions.2.running_mean"
    assert (weights(tmp_path / "frozen")[name] == 0).all()
    assert (weights(tmp_path / "free")[name] != 0).any()


@pytest.mark.parametrize("kind", ["ctc", "counts"])
def test_letters_first_leaves_the_decoder_as_it_is_until_then(micro: MakeRecipe, tmp_path: Path, kind: str) -> None:
    recipe = micro(
        model__encoder__cell_output=True,
        preprocessing__height=16,
        training__loss={kind: 0.3, "letters_first": 2},
        training__optimizer={"learning_rate": 0.01, "weight_decay": 0.1},
        training__steps=4,
        training__save_every=1,
        training__keep_last=9,
    )
    train(recipe, folder=tmp_path / "whole")
    states = [load_state(path)["model"] for path in checkpoints(tmp_path / "whole")]
    for name in states[0]:
        moved = [not torch.equal(one[name], other[name]) for one, other in itertools.pairwise(states)]
        if name.startswith("decoder."):
            assert not moved[0], name
        elif "cell_output" in name:
            assert all(moved), name
    assert not torch.equal(states[1]["decoder.output.weight"], states[2]["decoder.output.weight"])

    train(recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": 1})}),
          folder=tmp_path / "parts")  # fmt: skip
    train(recipe, folder=tmp_path / "parts", resume=True)
    resumed = load_state(checkpoints(tmp_path / "parts")[-1])["model"]
    assert all(torch.equal(resumed[name], tensor) for name, tensor in states[-1].items())


def test_bf16_trains_and_keeps_weights_in_fp32(micro: MakeRecipe, tmp_path: Path, pictures: Path) -> None:
    """After a training in fp32 in this very process, too."""
    train(micro(training__steps=1), folder=tmp_path / "fp32")
    recipe = micro(training__precision="bf16", data__validation=str(pictures), training__steps=60)
    train(recipe, folder=tmp_path / "bf16")
    assert losses(tmp_path / "bf16")[-1] < losses(tmp_path / "bf16")[0] * 0.7
    assert losses(tmp_path / "bf16")[0] != losses(tmp_path / "fp32")[0]
    assert all(
        tensor.dtype == torch.float32
        for name, tensor in weights(tmp_path / "bf16").items()
        if "num_batches" not in name
    )


def test_training_twice_gives_the_same_bits_and_another_seed_others(micro: MakeRecipe, tmp_path: Path) -> None:
    for name, seed in [("one", 1), ("two", 1), ("other", 2)]:
        train(micro(training__seed=seed, augmentation={}), folder=tmp_path / name)
    assert losses(tmp_path / "one") == losses(tmp_path / "two") != losses(tmp_path / "other")
    assert flat(weights(tmp_path / "one")) == flat(weights(tmp_path / "two"))


def test_it_can_start_from_a_model(micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = micro()
    train(recipe, folder=tmp_path / "first")
    train(
        micro(training__steps=1, training__optimizer__learning_rate=1e-12),
        folder=tmp_path / "second",
        initial=tmp_path / "first",
    )
    first, second = weights(tmp_path / "first"), weights(tmp_path / "second")
    torch.testing.assert_close(first["decoder.output.weight"], second["decoder.output.weight"])


def test_a_model_that_does_not_fit_cannot_be_started_from(micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = micro()
    description = Description("abd", 4, recipe.preprocessing, recipe.model)
    save_model(build(description), description, tmp_path / "charset")
    wide = micro(model__width=32)
    description = Description("abc", 4, wide.preprocessing, wide.model)
    save_model(build(description), description, tmp_path / "sizes")
    for name, message in [("charset", "lacks 1 char"), ("sizes", "other sizes"), ("none", "does not exist")]:
        with pytest.raises(CharsetError if name == "charset" else CheckpointError, match=message):
            train(recipe, folder=tmp_path / "run", initial=tmp_path / name)


def test_a_folder_with_a_run_is_not_overwritten(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(training__steps=1), folder=tmp_path)
    with pytest.raises(RecipeError, match=r"holds a run already: resume it, or name another folder with --out"):
        train(micro(), folder=tmp_path)


def test_the_counted_loss_has_rows_of_the_originals_length(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = set()
    real = optimization.batch_loss

    def batch_loss(model: nn.Module, batch: Any, *rest: Any, **options: Any) -> torch.Tensor:
        lengths.add(batch.targets.shape[1])
        return real(model, batch, *rest, **options)

    monkeypatch.setattr(optimization, "batch_loss", batch_loss)
    train(micro(training__loss={"padding": "counted"}, training__steps=2), folder=tmp_path)
    assert lengths == {6}


def test_a_few_samples_can_be_trained_on(micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_step(monkeypatch, {0})
    train(micro(data__train_samples=2, training__steps=1), folder=tmp_path)
    assert set(log_of(tmp_path, "skipped")[0]["samples"]) == {"000.png", "001.png"}


def test_a_full_disk_ends_with_a_sentence(micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(micro(training__steps=2), folder=tmp_path)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("crnn_seq2seq_ocr.system.files.os.fsync", full)
        with pytest.raises(StorageError, match=r"recipe.yaml could not be written .*free some space"):
            train(micro(), folder=tmp_path, resume=True)
        patch.setattr("crnn_seq2seq_ocr.training.train.write_recipe", lambda *_: None)
        with pytest.raises(StorageError, match=r"step-00000006 could not be written .*free some space"):
            train(micro(), folder=tmp_path, resume=True)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000002"]
    assert train(micro(), folder=tmp_path, resume=True).step == 6


def test_signals_are_handled_as_before_when_it_is_over(micro: MakeRecipe, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    train(micro(training__steps=1), folder=tmp_path)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_views_of_one_text_are_trained_on(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for number, text in enumerate(["ab", "ba", "c"]):
        strip = cv2.hconcat([picture_of(text)] * 2 if number else [picture_of(text)])
        cv2.imwrite(str(folder / f"{number}.png"), strip[..., ::-1])
        (folder / f"{number}.gt.txt").write_text(text)
    recipe = micro(preprocessing__views=2, data__train=str(folder), data__validation=str(folder), training__steps=2)
    train(recipe, folder=tmp_path / "run")
    assert log_of(tmp_path / "run", "validation")[0]["samples"] == 3


def test_the_charset_can_come_from_the_training_texts(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(text__charset="auto", training__steps=1), folder=tmp_path)
    assert load_model(tmp_path)[1].charset == "abc"


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
