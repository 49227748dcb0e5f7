"""Training on several hosts, made of network namespaces on this machine; needs to be root on Linux."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.weights import load_state
from crnn_seq2seq_ocr.config import Recipe
from tests.conftest import TEXTS, MakeRecipe, write_folder

NAME = f"crnn{os.getpid()}"
HOSTS = [f"{NAME}h{number}" for number in range(4)]
SWITCH = f"{NAME}s"
"""A namespace as well: what this machine's firewall does with bridges does not matter."""

PATIENCE = 240
"""Seconds that a busy machine may take for anything."""


def ip(*command: str) -> bool:
    return subprocess.run(["ip", *command], capture_output=True).returncode == 0


def permitted() -> bool:
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = ip("netns", "add", SWITCH) and ip("-n", SWITCH, "link", "add", "bridge", "type", "bridge")
    return ip("netns", "del", SWITCH) and made


pytestmark = [
    pytest.mark.slow,
    # They take two to three minutes of a busy machine; a job of the workflow `tests` runs them.
    pytest.mark.skipif(os.environ.get("HOSTS") != "1", reason="HOSTS=1 runs the tests on network namespaces"),
    pytest.mark.skipif(not permitted(), reason="network namespaces need root on Linux, and `ip` of iproute2"),
]


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Four hosts at a switch, 10.77.0.1 to 10.77.0.4."""
    try:
        ip("netns", "add", SWITCH)
        ip("-n", SWITCH, "link", "add", "bridge", "up", "type", "bridge")
        for number, host in enumerate(HOSTS):
            ip("netns", "add", host)
            ip("-n", SWITCH, "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", host)
            ip("-n", SWITCH, "link", "set", f"port{number}", "master", "bridge", "up")
            ip("-n", host, "addr", "add", f"10.77.0.{number + 1}/24", "dev", "eth0")
            assert ip("-n", host, "link", "set", "eth0", "up")
            assert ip("-n", host, "link", "set", "lo", "up")
        yield
    finally:
        for host in (*HOSTS, SWITCH):
            ip("netns", "del", host)


@dataclass
class Child:
    """A process on a host."""

    pid: int
    printed: Path


class Trainings:
    """Starts trainings, one process on each host, by `tests.training.hosts`."""

    def __init__(self, starter: subprocess.Popen[str], folder: Path) -> None:
        self._starter, self._folder = starter, folder
        self._numbers = itertools.count()

    def begin(self, count: int, *command: str, silent: float = 30) -> list[Child]:
        """Start `train` on the first hosts; `silent` seconds of a peer are its end."""
        number = next(self._numbers)
        port = str(29500 + number)
        children = []
        for rank in range(count):
            environment = {
                "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": "0", "GLOO_SOCKET_IFNAME": "eth0",
                "MASTER_ADDR": "10.77.0.1", "MASTER_PORT": port,
            }  # fmt: skip
            printed = self._folder / f"{number}-{rank}.txt"
            asked = {"host": HOSTS[rank], "arguments": ["train", *command], "environment": environment}
            children.append(Child(self._ask(asked | {"silent": silent, "printed": str(printed)}), printed))
        return children

    def end_of(self, child: Child) -> tuple[int, str]:
        """Wait for its status, and what it has printed."""
        limit = time.monotonic() + PATIENCE
        while (status := self._ask({"pid": child.pid})) is None:
            if time.monotonic() > limit:
                os.kill(child.pid, signal.SIGUSR1)  # it prints where it stands
                time.sleep(5)
                os.kill(child.pid, signal.SIGKILL)
                raise AssertionError(f"no end: {child.printed.read_text()}")
            time.sleep(0.1)
        return status, child.printed.read_text()

    def go(self, count: int, *command: str) -> None:
        """Let one train to its end."""
        for child in self.begin(count, *command):
            status, printed = self.end_of(child)
            assert status == 0, printed

    def _ask(self, asked: dict[str, Any]) -> Any:
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        self._starter.stdin.write(json.dumps(asked) + "\n")
        self._starter.stdin.flush()
        return json.loads(self._starter.stdout.readline())


@pytest.fixture(scope="module")
def trainings(network: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    """What starts them; at the end none goes on."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.training.hosts"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    ) as starter:
        yield Trainings(starter, tmp_path_factory.mktemp("printed"))


def written(recipe: Recipe, place: Path) -> str:
    place.write_text(yaml.safe_dump(recipe.model_dump(mode="json")), encoding="utf-8")
    return str(place)


def losses(folder: Path) -> dict[int, float]:
    lines = map(json.loads, (folder / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["step"]: line["loss"] for line in lines if line["kind"] == "training"}


def eventually_steps(folder: Path, step: int) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        with contextlib.suppress(OSError, json.JSONDecodeError):  # not there yet, or a line is half written
            if max(losses(folder), default=0) >= step:
                return
        time.sleep(0.1)
    raise AssertionError("the hosts do not train")


def last_step(folder: Path) -> int:
    step: int = load_state(checkpoints(folder)[-1])["progress"]["step"]
    return step


@pytest.fixture
def same(tmp_path: Path) -> dict[str, Any]:
    """Changes for a recipe in which nothing differs between processes; eleven samples do not divide by anything."""
    return {
        "data__train": str(write_folder(tmp_path / "eleven", TEXTS[:11])),
        "data__validation": None,
        "training__freeze_norm": True,
        "training__save_every": 2,
        "training__trackers": [],
    }


def test_hosts_train_as_one_process_and_others_go_on(
    micro: MakeRecipe, tmp_path: Path, trainings: Trainings, same: dict[str, Any]
) -> None:
    """One process for eight steps; two hosts; four hosts that go on from the fourth step of these."""
    recipe = written(micro(training__steps=8, training__keep_last=9, **same), tmp_path / "recipe.yaml")
    one, many = tmp_path / "one", tmp_path / "many"
    trainings.go(1, recipe, "training.batch_size=12", "--out", str(one))
    trainings.go(2, recipe, "training.batch_size=6", "--out", str(many))
    assert losses(many) == pytest.approx(losses(one), rel=1e-5)
    for later in checkpoints(many)[2:]:
        shutil.rmtree(later)
    trainings.go(4, "training.batch_size=3", "--resume", "--out", str(many))
    assert losses(many) == pytest.approx(losses(one), rel=1e-5)
    ours, theirs = (load_state(checkpoints(folder)[-1])["model"] for folder in (many, one))
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-4, atol=2e-5, msg=name)


@pytest.mark.parametrize("mishap", ["killed", "first killed", "frozen", "cut", "first cut"])
def test_what_happens_to_one_host_ends_the_others_with_all_saved(
    micro: MakeRecipe, tmp_path: Path, trainings: Trainings, same: dict[str, Any], mishap: str
) -> None:
    """Of three hosts one is lost; two go on from the last checkpoint."""
    folder = tmp_path / "run"
    recipe = written(micro(training__batch_size=4, training__steps=10**6, **same), tmp_path / "recipe.yaml")
    lost = 0 if mishap.startswith("first") else 2
    children = trainings.begin(3, recipe, "--out", str(folder), silent=10)
    eventually_steps(folder, 6)
    began = time.monotonic()
    if mishap.endswith("cut"):
        ip("-n", SWITCH, "link", "set", f"port{lost}", "down")
    else:
        os.kill(children[lost].pid, signal.SIGSTOP if mishap == "frozen" else signal.SIGKILL)
    for number, child in enumerate(children):
        if number != lost or mishap.endswith("cut"):
            status, printed = trainings.end_of(child)
            assert status == 1, printed
            assert "--resume goes on from the last checkpoint" in printed
            assert "Traceback" not in printed
    print(f"ended {time.monotonic() - began:.1f} s after one was {mishap}")
    if mishap == "frozen":
        os.kill(children[lost].pid, signal.SIGKILL)
    ip("-n", SWITCH, "link", "set", f"port{lost}", "up")
    step = last_step(folder)
    assert step >= max(losses(folder)) - 2
    trainings.go(2, "training.batch_size=6", f"training.steps={step + 2}", "--resume", "--out", str(folder))
    assert last_step(folder) == step + 2


def test_a_slow_host_is_waited_for(
    micro: MakeRecipe, tmp_path: Path, trainings: Trainings, same: dict[str, Any]
) -> None:
    """It stands still for two seconds after every step that is seen."""
    folder = tmp_path / "run"
    recipe = written(micro(training__batch_size=6, training__steps=40, **same), tmp_path / "recipe.yaml")
    first, slow = trainings.begin(2, recipe, "--out", str(folder))
    for _ in range(3):
        eventually_steps(folder, len(losses(folder)) + 1 if folder.joinpath("log.jsonl").exists() else 1)
        os.kill(slow.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(slow.pid, signal.SIGCONT)
    for child in (first, slow):
        status, printed = trainings.end_of(child)
        assert status == 0, printed
    assert list(losses(folder)) == list(range(1, 41))
