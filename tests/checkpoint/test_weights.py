"""Checkpoints: round trips, damage, full disks and kills."""

import json
import os
import resource
import shutil
import signal
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.folders import (
    best_checkpoint,
    checkpoints,
    find_model,
    last_checkpoint,
    mark_best,
    remove_old,
)
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, load_model, load_state, save_checkpoint, save_model
from crnn_seq2seq_ocr.errors import CheckpointError, StorageError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.files import write_whole
from tests.conftest import MakeRecipe, python


@pytest.fixture
def description(micro: MakeRecipe) -> Description:
    recipe = micro()
    return Description("abcé", 4, recipe.preprocessing, recipe.model, "micro", 3, {"validation_cer": 0.25})


@pytest.fixture
def model(description: Description) -> Recognizer:
    torch.manual_seed(0)
    return build(description)


def save_steps(run: Path, model: Recognizer, description: Description, *steps: int) -> list[Path]:
    return [save_checkpoint(run, model, replace(description, step=step), {"step": step}) for step in steps]


def test_a_model_comes_back_as_it_was(tmp_path: Path, model: Recognizer, description: Description) -> None:
    save_model(model, description, tmp_path / "model")
    loaded, said = load_model(tmp_path / "model")
    assert said == description
    assert not loaded.training
    expected = model.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.state_dict().items())
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]


def test_saving_again_replaces_the_model(tmp_path: Path, model: Recognizer, description: Description) -> None:
    save_model(model, description, tmp_path / "model")
    save_model(model, replace(description, name="second"), tmp_path / "model")
    assert load_model(tmp_path / "model")[1].name == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, model: Recognizer, description: Description) -> None:
    with torch.no_grad():
        model.decoder.output.bias[1] = torch.nan
    save_model(model, description, tmp_path / "model")
    with pytest.raises(CheckpointError, match=r"model\.safetensors holds decoder\.output\.bias .* not finite"):
        load_model(tmp_path / "model")


def test_a_state_comes_back_as_it_was(tmp_path: Path, model: Recognizer, description: Description) -> None:
    state = {"progress": {"step": 3}, "tensor": torch.arange(3), "none": None}
    folder = save_checkpoint(tmp_path, model, description, state)
    assert folder == tmp_path / "checkpoints" / "step-00000003"
    loaded = load_state(folder)
    assert torch.equal(loaded.pop("tensor"), state.pop("tensor"))  # type: ignore[arg-type]
    assert loaded == state


def change_json(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_shape(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    change_json(folder, model=content["model"] | {"width": 32})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: change_json(folder, format=2), r"model.json has format 2, this version .* reads format 1"),
        (lambda folder: change_json(folder, format=None), r"model.json has format None"),
        (lambda folder: truncate(folder / "model.json"), r"model.json is damaged .*copy it again"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe"), r"model.json is damaged"),
        (lambda folder: (folder / "model.json").write_text("[1]"), r"model.json has format None"),
        (lambda folder: change_json(folder, model={"width": 16}), r"(?s)model.json is damaged or of another.*encoder"),
        (lambda folder: change_json(folder, charset=7), r"model.json is damaged"),
        (lambda folder: change_json(folder, charset="aa"), r"more than once"),
        (lambda folder: truncate(folder / "model.safetensors"), r"model.safetensors is damaged.*copy it again"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"model.safetensors cannot be read"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), r"model.safetensors is damaged"),
        (lambda folder: change_json(folder, charset="abcdefg"), r"model.safetensors does not fit .*model.json"),
        (other_shape, r"model.safetensors does not fit .*model.json"),
    ],
)
def test_a_damaged_model_is_named(
    tmp_path: Path, model: Recognizer, description: Description, damage: Callable[[Path], object], message: str
) -> None:
    save_model(model, description, tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(tmp_path / "model")
    assert str(tmp_path / "model") in str(caught.value)


@pytest.mark.parametrize("damage", [truncate, lambda path: path.write_bytes(b""), lambda path: path.write_text("no")])
def test_a_damaged_state_is_named_with_the_remedy(
    tmp_path: Path, model: Recognizer, description: Description, damage: Callable[[Path], object]
) -> None:
    (folder,) = save_steps(tmp_path, model, description, 1)
    damage(folder / "training.pt")
    with pytest.raises(CheckpointError, match=r"training.pt is damaged, its SHA-256 is not the one .*: copy it again"):
        load_state(folder)


def test_a_model_without_state_cannot_be_resumed(tmp_path: Path, model: Recognizer, description: Description) -> None:
    save_model(model, description, tmp_path / "model")
    with pytest.raises(CheckpointError, match="a model to read with, not one to resume from"):
        load_state(tmp_path / "model")


def test_paths_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name, what in [("none", "does not exist"), ("file", "is not a folder"), ("", "holds no model")]:
        with pytest.raises(CheckpointError, match=what):
            find_model(tmp_path / name)


def test_a_run_means_its_best_or_its_last(tmp_path: Path, model: Recognizer, description: Description) -> None:
    first, second = save_steps(tmp_path, model, description, 5, 10)
    assert find_model(tmp_path) == last_checkpoint(tmp_path) == second
    mark_best(tmp_path, first, 0.5)
    assert find_model(tmp_path) == best_checkpoint(tmp_path) == first
    assert load_model(tmp_path)[1].step == 5
    shutil.rmtree(first)
    assert best_checkpoint(tmp_path) is None
    assert find_model(tmp_path) == second


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b"{}", b'{"checkpoint": 3}'])
def test_a_damaged_pointer_to_the_best_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "best.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"best.json is damaged .*delete it"):
        best_checkpoint(tmp_path)


def test_old_checkpoints_go_but_the_last_and_the_best(
    tmp_path: Path, model: Recognizer, description: Description
) -> None:
    folders = save_steps(tmp_path, model, description, 1, 2, 3, 4, 5)
    mark_best(tmp_path, folders[1], 0.5)
    remove_old(tmp_path, keep_last=2)
    assert checkpoints(tmp_path) == [folders[1], folders[3], folders[4]]
    remove_old(tmp_path, keep_last=1)
    assert checkpoints(tmp_path) == [folders[1], folders[4]]


def test_a_half_written_folder_is_no_checkpoint(tmp_path: Path, model: Recognizer, description: Description) -> None:
    (good,) = save_steps(tmp_path, model, description, 1)
    partial = good.with_name(".step-00000002.partial")
    shutil.copytree(good, partial)
    half_deleted = good.with_name("step-00000000")
    shutil.copytree(good, half_deleted)
    (half_deleted / "model.json").unlink()
    assert checkpoints(tmp_path) == [good]
    save_steps(tmp_path, model, description, 2)
    assert not partial.exists()


@pytest.mark.parametrize("part", ["os.fsync", "os.replace", "Path.mkdir"])
def test_no_space_left_says_to_free_some(
    tmp_path: Path, model: Recognizer, description: Description, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    save_steps(tmp_path, model, description, 1)

    def full(*_arguments: object, **_keywords: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"crnn_seq2seq_ocr.system.files.{part}", full)
        with pytest.raises(StorageError, match=r"No space left on device.*: free some space"):
            save_steps(tmp_path, model, description, 2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000001"]


@pytest.mark.parametrize("limit", [1_000, 100_000])  # breaks off the weights, the state
def test_writing_that_breaks_off_is_told_and_nothing_is_lost(
    tmp_path: Path, model: Recognizer, description: Description, limit: int
) -> None:
    """The system's own refusal, by a limit on the size of files."""
    (good,) = save_steps(tmp_path, model, description, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(StorageError, match=r"step-00000002 could not be written .*File too large.*nothing before"):
            save_checkpoint(tmp_path, model, replace(description, step=2), {"much": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.listdir(tmp_path / "checkpoints") == ["step-00000001"]
    assert load_model(tmp_path)[1].step == 1
    assert load_state(good) == {"step": 1}


def test_a_file_in_the_way_is_told(tmp_path: Path, model: Recognizer, description: Description) -> None:
    (tmp_path / "checkpoints").write_text("not a folder")
    with pytest.raises(StorageError, match="a file has the name of a folder there"):
        save_steps(tmp_path, model, description, 1)


def test_other_errors_stay_what_they_are(tmp_path: Path, model: Recognizer, description: Description) -> None:
    with pytest.raises(AttributeError):
        save_checkpoint(tmp_path, model, description, {"cannot be pickled": lambda: None})
    assert checkpoints(tmp_path) == []


def test_small_files_change_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file.json"
    write_whole(path, "é")
    assert path.read_text(encoding="utf-8") == "é"

    def killed(*_paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "other")
    assert path.read_text(encoding="utf-8") == "é"


SAVING = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    import torch
    from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_checkpoint
    from crnn_seq2seq_ocr.checkpoint.folders import mark_best, remove_old

    torch.set_num_threads(1)
    run = Path(sys.argv[1])
    model, description = load_model(run)
    for step in range(description.step + 1, 1_000_000):
        torch.nn.init.constant_(next(model.parameters()), step)
        folder = save_checkpoint(run, model, replace(description, step=step), {"step": step})
        mark_best(run, folder, step / 1e6)
        remove_old(run, keep_last=1)
        if step % 10 == 0:
            save_checkpoint(run, model, replace(description, step=step), {"step": step})
        print(step, flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(
    tmp_path: Path, model: Recognizer, description: Description
) -> None:
    save_steps(tmp_path, model, description, 1)
    reached = 1
    for turn in range(3):
        with python("-c", textwrap.dedent(SAVING), str(tmp_path)) as child:
            assert child.stdout is not None
            reached = int(child.stdout.readline())
            time.sleep(0.05 + 0.013 * turn)
            child.kill()
            lines = child.stdout.read().splitlines()
            reached = int(lines[-1]) if lines else reached
        loaded, said = load_model(tmp_path)
        last = last_checkpoint(tmp_path)
        assert last is not None
        assert said.step >= reached - 1
        assert (next(loaded.parameters()) == said.step).all()
        assert load_state(last)["step"] >= reached
    assert reached > 3
