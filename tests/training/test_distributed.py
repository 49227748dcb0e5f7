"""Several processes: they train as one with the same global batch, share what they read, and none hangs."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # documented, but not listed

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.weights import load_state
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import TEXTS, MakeRecipe, python, write_folder

pytestmark = pytest.mark.slow

TORCHRUN = ["torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m"]
ACCELERATE = [
    "accelerate.commands.launch",
    "--multi_gpu",
    "--num_processes",
    "2",
    "--num_machines",
    "1",
    "--mixed_precision",
    "no",
    "--dynamo_backend",
    "no",
    "-m",
]
"""Its name for "several on this machine", whatever they are; its --cpu starts one process, or MPI."""

WATCHED = """
import gc, torch
from crnn_seq2seq_ocr.cli import main
destroy = torch.distributed.destroy_process_group
def after_models(*group):
    left = [each for each in gc.get_objects() if isinstance(each, torch.nn.parallel.DistributedDataParallel)]
    print(f"{len(left)} models are left at the end")
    destroy(*group)
torch.distributed.destroy_process_group = after_models
main()
"""
"""A model that goes after its process group ends it while it holds the interpreter, which its threads may need."""


CPU = {"CUDA_VISIBLE_DEVICES": ""}


def start(*command: str, launcher: list[str] = TORCHRUN) -> AbstractContextManager[subprocess.Popen[str]]:
    """`crnn-ocr` in two processes on the CPU."""
    return python("-m", *launcher, "crnn_seq2seq_ocr", *command, **CPU)


def launch(*command: str, launcher: list[str] = TORCHRUN) -> subprocess.CompletedProcess[str]:
    """The same to its end, which must come."""
    with start(*command, launcher=launcher) as group:
        out, errors = group.communicate(timeout=120)
    return subprocess.CompletedProcess(command, group.returncode, out, errors)


def write(recipe: Recipe, folder: Path) -> str:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json")), encoding="utf-8")
    return str(path)


def log_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def comparable(micro: MakeRecipe, tmp_path: Path) -> dict[str, Any]:
    """Changes for a recipe without what differs between processes; eleven samples do not divide by anything."""
    return {
        "data__train": str(write_folder(tmp_path / "eleven", TEXTS[:11])),
        "data__validation": str(tmp_path / "eleven"),
        "training__freeze_norm": True,
        "training__steps": 4,
        "training__evaluate_every": 3,
        "training__save_every": 2,
        "training__keep_last": 9,
        "training__optimizer__average": 0.9,
    }


def test_two_processes_train_as_one(micro: MakeRecipe, tmp_path: Path, comparable: dict[str, Any]) -> None:
    recipe = micro(training__batch_size=3, training__accumulate=2, **comparable)
    watched = [*TORCHRUN[:-1], "--no-python", sys.executable, "-c", WATCHED]
    with python("-m", *watched, "train", write(recipe, tmp_path), "--out", str(tmp_path / "two"), **CPU) as group:
        out, errors = group.communicate(timeout=240)
    assert group.returncode == 0, errors
    assert "on 2 x cpu" in out
    assert out.count("trained 4 steps") == 1
    assert out.count("0 models are left at the end") == 2
    alone = micro(training__batch_size=6, training__accumulate=2, **comparable)
    train(alone, folder=tmp_path / "one")
    two, one = log_of(tmp_path / "two", "training"), log_of(tmp_path / "one", "training")
    assert [line["step"] for line in two] == [1, 2, 3, 4]
    assert [line["loss"] for line in two] == pytest.approx([line["loss"] for line in one], rel=1e-5)
    assert [line["epoch"] for line in two] == [line["epoch"] for line in one]
    for ours, theirs in zip(checkpoints(tmp_path / "two"), checkpoints(tmp_path / "one"), strict=True):
        assert ours.name == theirs.name
        for part in ("model", "average"):
            expected = load_state(theirs)[part]
            for name, tensor in load_state(ours)[part].items():
                torch.testing.assert_close(tensor, expected[name], rtol=1e-4, atol=2e-5, msg=f"{part} {name}")
    validations = [log_of(tmp_path / name, "validation") for name in ("two", "one")]
    for mine, expected in zip(*validations, strict=True):
        assert mine["samples"] == 11
        assert mine["examples"] == expected["examples"]
        assert mine["cer"] == expected["cer"]


def test_accelerate_launches_two_with_workers_and_all_that_is_random(micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = micro(
        augmentation={},
        model__decoder={"dropout": 0.3},
        data__workers=1,
        training__steps=3,
        training__teacher_forcing={"start": 0.5, "end": 0.5},
        data__train_samples=7,
    )
    done = launch("train", write(recipe, tmp_path), "--out", str(tmp_path / "run"), launcher=ACCELERATE)
    assert done.returncode == 0, done.stderr
    assert "on 2 x cpu" in done.stdout
    assert [line["step"] for line in log_of(tmp_path / "run", "training")] == [1, 2, 3]


def test_a_signal_to_one_process_stops_both_with_all_saved_and_they_go_on(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["train", write(micro(training__steps=10**6, training__save_every=10**6), tmp_path), "--out", str(folder)]
    with start(*command) as group:
        wait_for_lines(folder, 3)
        # To the second process, which is not the one that writes.
        os.kill(process_of_rank(group.pid, "1"), signal.SIGTERM)
        out, errors = group.communicate(timeout=90)
    assert group.returncode != 0
    assert out.count("and saved; --resume goes on") == 1, errors
    assert "exitcode  : 130" in errors
    (saved,) = checkpoints(folder)
    step = load_state(saved)["progress"]["step"]
    with start(*command, "--resume") as group:
        wait_for_lines(folder, step + 2)
        os.killpg(group.pid, signal.SIGINT)  # Ctrl-C: the launcher and both processes, then the launcher's own
        out, errors = group.communicate(timeout=90)
    assert out.count("and saved; --resume goes on") == 1, errors
    steps = [line["step"] for line in log_of(folder, "training")]
    assert steps == list(range(1, len(steps) + 1))
    assert load_state(checkpoints(folder)[-1])["progress"]["step"] == steps[-1]


def wait_for_lines(folder: Path, count: int) -> None:
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        if (folder / "log.jsonl").exists() and len((folder / "log.jsonl").read_text().splitlines()) >= count:
            return
        time.sleep(0.1)
    raise AssertionError("the processes do not train")


def process_of_rank(parent: int, rank: str) -> int:
    """The child of a launcher that has this rank."""
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=True).stdout.split()
    for child in children:
        if f"\0RANK={rank}\0" in Path(f"/proc/{child}/environ").read_text():
            return int(child)
    raise AssertionError("no such process")


def test_an_error_of_one_process_ends_both(micro: MakeRecipe, tmp_path: Path) -> None:
    """Only the first writes: where it cannot, the other must not wait for it."""
    recipe = micro(training__save_every=1)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoints").write_text("in the way")
    done = launch("train", write(recipe, tmp_path), "--out", str(tmp_path / "run"))
    assert done.returncode != 0
    assert "could not be written" in done.stderr
    assert "a file has the name of a folder there" in done.stderr
    assert "another process has failed" in done.stderr
    assert "crnn_seq2seq_ocr/train.py" not in done.stderr


def test_evaluation_shares_the_samples(micro: MakeRecipe, tmp_path: Path, comparable: dict[str, Any]) -> None:
    run = train(micro(**comparable), folder=tmp_path / "run").folder
    data = tmp_path / "eleven"
    (data / "004.png").write_bytes(b"no picture")
    command = ["evaluate", str(run), str(data), "--device", "cpu", "--json", "--out"]
    two = launch(*command, str(tmp_path / "two"))
    assert two.returncode == 0, two.stderr
    single = [sys.executable, "-m", "crnn_seq2seq_ocr", *command, str(tmp_path / "one")]
    one = subprocess.run(single, capture_output=True, text=True, timeout=120)
    assert one.returncode == 0, one.stderr
    for name in ("readings.jsonl", "scores.json"):
        assert content(tmp_path / "two" / name) == content(tmp_path / "one" / name)
    assert len((tmp_path / "two" / "readings.jsonl").read_text().splitlines()) == 11
    assert (tmp_path / "two" / "report.html").exists()
    assert without_time(json.loads(two.stdout)) == without_time(json.loads(one.stdout))


def content(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return without_time(json.loads(text)) if path.suffix == ".json" else list(map(json.loads, text.splitlines()))


def without_time(scores: dict[str, Any]) -> dict[str, Any]:
    return scores | {"title": "", "facts": {name: fact for name, fact in scores["facts"].items() if name != "time"}}


def test_torchrun_starts_two_machines_anew_and_they_go_on(micro: MakeRecipe, tmp_path: Path) -> None:
    """Two agents, as on two machines; a process of the second one is killed.

    Their store is here, not in one of them: the other would lose it where that one ends first, and end with status 1.
    That of the processes is a new one each time: in an old one they would find where the killed process was, and wait.
    """
    recipe = write(micro(training__steps=200, training__save_every=10, training__log_every=10), tmp_path)
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    # On a busy machine, signs of life come late.
    patient = "is_host=false,read_timeout=300,keep_alive_interval=10,keep_alive_max_attempt=30"
    launcher = ["torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", "--max-restarts", "5",
                "--rdzv-backend", "c10d", "--rdzv-id", "x", "--rdzv-endpoint", f"127.0.0.1:{store.port}",
                "--rdzv-conf", patient, "-m"]  # fmt: skip
    folder = tmp_path / "run"
    agent = ["-m", *launcher, "crnn_seq2seq_ocr", "train", recipe, "--out", str(folder)]
    settings = CPU | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    with python(*agent, **settings) as first, python(*agent, **settings) as second:
        wait_for_lines(folder, 5)
        (child,) = subprocess.run(["pgrep", "-P", str(second.pid)], capture_output=True, text=True).stdout.split()
        os.kill(int(child), signal.SIGKILL)
        ended = [each.communicate(timeout=300) for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), ended
    assert load_state(checkpoints(folder)[-1])["progress"]["step"] == 200
    assert "going on from step" in "".join(out for out, _ in ended)
