"""Training: that it learns, what it begins with, and what it writes."""

import itertools
import os
import signal
from pathlib import Path
from typing import Any

import cv2
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
)
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.overfit import overfit_recipe
from crnn_seq2seq_ocr.training.train import Outcome, train
from tests.conftest import TEXTS, MakeRecipe, picture_of, write_folder
from tests.training.runs import flat, log_of, losses, spoil_step, weights


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


def test_training_without_usable_data_is_an_error(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["abcab", "abcabc"])
    with pytest.raises(DataError, match=r"(?s)no usable sample .*000.png: the text has 5 characters"):
        train(micro(data__train=str(folder)), folder=tmp_path / "run")


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
