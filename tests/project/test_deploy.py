"""The files of deploy/ are well formed, and their commands are ones that the command line takes."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from crnn_seq2seq_ocr.cli import app
from crnn_seq2seq_ocr.serve.metrics import Metrics

FOLDER = Path(__file__).parents[2] / "deploy"
YAMLS = sorted(FOLDER.rglob("*.yaml"))
SCRIPTS = sorted(FOLDER.rglob("*.sh"))


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def check(command: list[str]) -> None:
    """Give a command to the command line; what it does not know raises."""
    name, *arguments = command
    group: Any = typer.main.get_command(app)
    group.commands[name].make_context(name, [re.sub(r"\$\(\(.*", "1/2", each) for each in arguments])


def commands(text: str) -> list[list[str]]:
    """The commands of ours within a shell script, without what is a shell's own."""
    joined = re.sub(r"\\\n\s*", " ", text).replace("$((SKYPILOT_NODE_RANK + 1))/$SKYPILOT_NUM_NODES", "1/2")
    lines = [line for line in joined.splitlines() if not line.startswith("#")]
    found = [match[1] for line in lines for match in re.finditer(r"(?:-m crnn_seq2seq_ocr|crnn-ocr) ([a-z].*)", line)]
    return [[part.strip('"') for part in each.split() if "RESUME" not in part] for each in found]


def test_there_are_files_for_all() -> None:
    assert {path.relative_to(FOLDER).parts[0] for path in YAMLS + SCRIPTS} == {
        "slurm", "kubernetes", "skypilot", "balanced"
    }  # fmt: skip


@pytest.mark.parametrize("path", SCRIPTS + sorted((FOLDER / "skypilot").glob("*.yaml")), ids=lambda path: path.stem)
def test_commands_of_scripts(path: Path) -> None:
    text = path.read_text(encoding="utf-8") if path.suffix == ".sh" else documents(path)[0]["run"]
    found = commands(text)
    assert found
    for command in found:
        check(command)
    if bash := shutil.which("bash"):
        assert subprocess.run([bash, "-n"], input=text, text=True).returncode == 0


@pytest.mark.parametrize("path", sorted((FOLDER / "kubernetes").glob("*.yaml")), ids=lambda path: path.stem)
def test_kubernetes(path: Path) -> None:
    parts = documents(path)
    assert all({"apiVersion", "kind", "metadata", "spec"} <= part.keys() for part in parts)
    for part in parts:
        for container in part["spec"].get("template", {}).get("spec", {}).get("containers", []):
            match container.get("command"):
                case ["sh", "-c"]:
                    (command,) = commands(container["args"][0])
                    check(command)
                case ["crnn-ocr"]:
                    check(container["args"])
                case None:  # the image's own
                    check(["serve", "--host", "0.0.0.0", *container["args"]])


def test_what_is_scaled_by_is_told_by_the_service() -> None:
    (scaled,) = [part for part in documents(FOLDER / "kubernetes" / "serve.yaml") if part["kind"] == "ScaledObject"]
    metrics = Metrics(lambda: 0, lambda: 0)
    metrics.request("/v1/read", 200, 0.1)
    told = metrics.text().decode()
    names = set(re.findall(r"crnn_ocr_\w+", scaled["spec"]["triggers"][0]["metadata"]["query"]))
    page = (FOLDER.parent / "docs" / "clusters.md").read_text(encoding="utf-8")
    names |= set(re.findall(r"crnn_ocr_\w+", page))
    assert "crnn_ocr_waiting" in names
    for name in names:
        assert f"\n{name} " in told or f"\n{name}{{" in told or f"# TYPE {name} " in told, name


def test_two_readers_behind_a_balancer() -> None:
    (compose,) = documents(FOLDER / "balanced" / "compose.yaml")
    readers = [service for name, service in compose["services"].items() if name != "balancer"]
    assert len(readers) == 2
    for reader in readers:
        check(["serve", *reader["command"]])
        assert (reader["read_only"], reader["cap_drop"]) == (True, ["ALL"])
    balancer = compose["services"]["balancer"]
    assert balancer["networks"]["readers"]["ipv4_address"] in readers[0]["command"]
    settings = (FOLDER / "balanced" / "haproxy.cfg").read_text(encoding="utf-8")
    for name in set(compose["services"]) - {"balancer"}:
        assert f"server {name} {name}:8000" in settings
    if haproxy := shutil.which("haproxy"):
        local = settings.replace("first:8000", "127.0.0.1:1").replace("second:8000", "127.0.0.1:2")
        done = subprocess.run([haproxy, "-c", "-f", "/dev/stdin"], input=local, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
