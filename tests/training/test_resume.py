"""Resuming: an interrupted training goes on as if nothing had happened, to the last bit."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.weights import load_model, load_state
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.errors import CheckpointError, RecipeError
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import MakeRecipe, python

pytestmark = pytest.mark.slow


def everything_random(micro: MakeRecipe, pictures: Path, **changes: Any) -> Recipe:
    """Dropout, augmentation, teacher forcing, warm-up, averages, accumulation, batches that do not divide 12."""
    settings = {
        "augmentation": {"noise": 0.5, "blur": 0.5},
        "model__decoder": {"attention_size": 16, "dropout": 0.3},
        "data__validation": str(pictures),
        "training__steps": 10,
        "training__batch_size": 5,
        "training__accumulate": 2,
        "training__evaluate_every": 4,
        "training__save_every": 3,
        "training__teacher_forcing": {"start": 0.9, "end": 0.3},
        "training__optimizer": {"learning_rate": 0.01, "warmup": 3, "average": 0.9, "weight_decay": 0.01},
    }
    return micro(**(settings | changes))


def stop_at_step(monkeypatch: pytest.MonkeyPatch, number: int, signal_number: int = signal.SIGTERM) -> None:
    """Send this process a signal in the middle of a step, counted from 1."""
    real, calls = optimization.learning_rate, iter(range(1, 1000))

    def learning_rate(step: int, *rest: Any) -> float:
        if next(calls) == number:
            os.kill(os.getpid(), signal_number)
        return real(step, *rest)

    monkeypatch.setattr(optimization, "learning_rate", learning_rate)


def same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(value, second[key]) for key, value in first.items())
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def numbers(folder: Path) -> list[tuple[Any, ...]]:
    """What the log says of each step and validation, but times."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        tuple(line.get(name) for name in ("kind", "step", "epoch", "loss", "learning_rate", "cer", "examples"))
        for line in lines
        if line["kind"] in {"training", "validation"}
    ]


def assert_same_run(folder: Path, expected: Path) -> None:
    assert numbers(folder) == numbers(expected)
    assert [path.name for path in checkpoints(folder)] == [path.name for path in checkpoints(expected)]
    assert (folder / "best.json").read_text() == (expected / "best.json").read_text()
    for ours, theirs in zip(checkpoints(folder), checkpoints(expected), strict=True):
        assert same(load_state(ours), load_state(theirs))
        assert same(dict(load_model(ours)[0].state_dict()), dict(load_model(theirs)[0].state_dict()))
        assert load_model(ours)[1] == load_model(theirs)[1]


@pytest.fixture
def whole(micro: MakeRecipe, pictures: Path, tmp_path: Path) -> Path:
    """The folder of a training that was never interrupted."""
    return train(everything_random(micro, pictures), folder=tmp_path / "whole").folder


@pytest.mark.parametrize("step", [1, 3, 4, 5, 10])  # the first, a checkpoint, a validation, none of these, the last
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_and_resumed_is_as_never_interrupted(
    micro: MakeRecipe, pictures: Path, tmp_path: Path, whole: Path, step: int, number: int
) -> None:
    recipe = everything_random(micro, pictures)
    with pytest.MonkeyPatch.context() as patch:
        stop_at_step(patch, step, number)
        outcome = train(recipe, folder=tmp_path / "run")
    assert outcome.interrupted
    assert outcome.step == step
    assert checkpoints(tmp_path / "run")[-1].name == f"step-{step:08d}"
    torch.manual_seed(987)  # what another process would have
    resumed = train(recipe, folder=tmp_path / "run", resume=True)
    assert (resumed.step, resumed.interrupted) == (10, False)
    assert_same_run(tmp_path / "run", whole)


def test_sources_with_weights_are_resumed_to_the_bit(micro: MakeRecipe, pictures: Path, tmp_path: Path) -> None:
    """An epoch is longer than the sources together, and one is repeated in it; the interruption is in the second."""
    mixed = f"0.3*{pictures}?limit=3 + 0.7*{pictures / 'labels.tsv'}?limit=7"
    recipe = everything_random(micro, pictures, data__train=mixed, data__workers=1)
    train(recipe, folder=tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        stop_at_step(patch, 2)
        assert train(recipe, folder=tmp_path / "run").step == 2
    torch.manual_seed(987)
    assert train(recipe, folder=tmp_path / "run", resume=True).step == 10
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_interrupted_at_each_step_is_as_never_interrupted(
    micro: MakeRecipe, pictures: Path, tmp_path: Path, whole: Path
) -> None:
    recipe = everything_random(micro, pictures, data__workers=0)
    for step in range(1, 10):
        with pytest.MonkeyPatch.context() as patch:
            stop_at_step(patch, 1)
            assert train(recipe, folder=tmp_path / "run", resume=step > 1).step == step
    train(recipe, folder=tmp_path / "run", resume=True)
    assert numbers(tmp_path / "run") == numbers(whole)
    last, expected = checkpoints(tmp_path / "run")[-1], checkpoints(whole)[-1]
    assert same(load_state(last), load_state(expected))


def test_a_kill_costs_what_came_after_the_last_checkpoint(
    micro: MakeRecipe, pictures: Path, tmp_path: Path, whole: Path
) -> None:
    recipe = everything_random(micro, pictures)

    class Killed(BaseException):
        """As if the power had gone."""

    with pytest.MonkeyPatch.context() as patch:
        real = optimization.learning_rate

        def learning_rate(step: int, *rest: Any) -> float:
            if step == 7:
                raise Killed
            return real(step, *rest)

        patch.setattr(optimization, "learning_rate", learning_rate)
        with pytest.raises(Killed):
            train(recipe, folder=tmp_path / "run")
    assert checkpoints(tmp_path / "run")[-1].name == "step-00000006"
    train(recipe, folder=tmp_path / "run", resume=True)
    last, expected = checkpoints(tmp_path / "run")[-1], checkpoints(whole)[-1]
    assert same(load_state(last), load_state(expected))
    assert numbers(tmp_path / "run")[-3:] == numbers(whole)[-3:]


def test_a_damaged_last_checkpoint_can_be_deleted_to_resume_from_the_one_before(
    micro: MakeRecipe, pictures: Path, tmp_path: Path, whole: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    (checkpoints(run)[-1] / "training.pt").write_bytes(b"")
    recipe = everything_random(micro, pictures)
    with pytest.raises(CheckpointError, match=r"training.pt is damaged.*delete .*step-00000010 to resume"):
        train(recipe, folder=run, resume=True)
    shutil.rmtree(checkpoints(run)[-1])
    train(recipe, folder=run, resume=True)
    assert same(load_state(checkpoints(run)[-1]), load_state(checkpoints(whole)[-1]))


def test_a_finished_training_can_be_prolonged(micro: MakeRecipe, tmp_path: Path) -> None:
    constant = {"training__optimizer": {"schedule": "constant"}}
    train(micro(training__steps=3, **constant), folder=tmp_path / "run")
    assert train(micro(training__steps=3, **constant), folder=tmp_path / "run", resume=True).step == 3
    train(micro(training__steps=6, **constant), folder=tmp_path / "run", resume=True)
    train(micro(training__steps=6, **constant), folder=tmp_path / "whole")
    assert numbers(tmp_path / "run") == numbers(tmp_path / "whole")
    assert yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())["training"]["steps"] == 6


def test_there_must_be_something_to_resume(micro: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no checkpoint to resume from: start without --resume"):
        train(micro(), folder=tmp_path / "none", resume=True)


def test_another_network_cannot_be_resumed(micro: MakeRecipe, tmp_path: Path) -> None:
    train(micro(training__steps=1), folder=tmp_path)
    with pytest.raises(RecipeError, match="was trained with other settings of text, model: start anew with --out"):
        train(micro(model__width=32, text__max_length=5), folder=tmp_path, resume=True)


@pytest.mark.parametrize("content", [None, b"", b"a: [", b"name: x\n", b"\xff"])
def test_a_run_whose_recipe_is_damaged_is_told(micro: MakeRecipe, tmp_path: Path, content: bytes | None) -> None:
    train(micro(training__steps=1), folder=tmp_path)
    (tmp_path / "recipe.yaml").unlink()
    if content is not None:
        (tmp_path / "recipe.yaml").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"recipe.yaml is missing, damaged or of another version"):
        train(micro(), folder=tmp_path, resume=True)


def test_patience_goes_on_where_it_was(
    micro: MakeRecipe, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = micro(
        data__validation=str(pictures),
        training__evaluate_every=2,
        training__patience=3,
        training__steps=100,
        training__optimizer__learning_rate=1e-9,
    )
    with monkeypatch.context() as patch:
        stop_at_step(patch, 5)
        train(recipe, folder=tmp_path)
    # The first validation is the best, of nothing right: three more like it end the training.
    assert train(recipe, folder=tmp_path, resume=True).step == 8


def start(recipe: Recipe, folder: Path, *options: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """`crnn-ocr train` in a process of its own."""
    path = folder.parent / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json")), encoding="utf-8")
    return python("-W", "error", "-m", "crnn_seq2seq_ocr", "train", str(path), "--out", str(folder), *options)


def wait_for_step(folder: Path, step: int) -> None:
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        if (folder / "log.jsonl").exists() and f'"step": {step},' in (folder / "log.jsonl").read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"step {step} was not reached")


def test_signals_end_the_command_with_all_saved(micro: MakeRecipe, tmp_path: Path) -> None:
    """SIGTERM to the process; Ctrl-C to its whole group, workers too, as a terminal sends it."""
    folder = tmp_path / "run"
    endless = micro(training__steps=10**6, data__workers=1, training__save_every=10**6)
    with start(endless, folder) as child:
        wait_for_step(folder, 3)
        child.terminate()
        out, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert "crnn_seq2seq_ocr" not in errors  # no traceback of ours
    assert "and saved; --resume goes on" in out
    (saved,) = checkpoints(folder)
    step = load_model(saved)[1].step
    assert saved.name == f"step-{step:08d}"
    with start(endless, folder, "--resume") as child:
        wait_for_step(folder, step + 2)
        os.killpg(child.pid, signal.SIGINT)
        out, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert "crnn_seq2seq_ocr" not in errors  # no traceback of ours
    assert f"going on from step {step}" in out
    made = numbers(folder)
    assert load_state(checkpoints(folder)[-1])["progress"]["step"] == len(made) >= step + 2
    with pytest.MonkeyPatch.context() as patch:
        stop_at_step(patch, len(made))
        train(endless, folder=tmp_path / "whole")
    assert made == numbers(tmp_path / "whole")
