"""The container's files say what is true: checked as text, since no engine may be at hand to build them."""

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from crnn_seq2seq_ocr.cli import app

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["reader"]


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each instruction of the Dockerfile, in order."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    kept = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in kept)]


DOCKERFILE = instructions()
FINAL = DOCKERFILE[max(place for place, (name, _) in enumerate(DOCKERFILE) if name == "FROM") :]


def only(name: str) -> str:
    (found,) = [rest for each, rest in FINAL if each == name]
    return found


def serve_settings(arguments: list[str]) -> dict[str, Any]:
    """What the command line makes of arguments; a wrong one raises."""
    assert arguments[:2] == ["crnn-ocr", "serve"]
    command: Any = typer.main.get_command(app)
    serve = command.commands["serve"]
    return dict(serve.make_context("serve", arguments[2:]).params)


def test_it_is_slim_and_not_root() -> None:
    images = [rest.split()[0] for name, rest in DOCKERFILE if name == "FROM"]
    assert all(re.fullmatch(r"python:3\.\d+-slim", image) for image in images)
    names = [name for name, _ in FINAL]
    assert any(name == "RUN" and f" {only('USER')}" in rest for name, rest in FINAL)
    assert only("USER") not in {"root", "0"}
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [part for name, rest in DOCKERFILE if name == "COPY" and "--from" not in rest
               for part in shlex.split(rest)[:-1]]  # fmt: skip
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source in kept, f".dockerignore leaves out {source}"
    readme = re.search(r'^readme = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert readme
    assert readme[1] in sources


def test_it_installs_the_lock_with_hashes_and_nothing_else() -> None:
    installed = " ".join(rest for name, rest in DOCKERFILE if name == "RUN")
    assert "--require-hashes --requirement locks/serve.txt" in installed
    assert "--no-deps ." in installed


@pytest.mark.parametrize("command", [None, COMPOSE["command"]])
def test_the_command_is_one_that_the_command_line_takes(command: list[str] | None) -> None:
    arguments = json.loads(only("ENTRYPOINT")) + (command or json.loads(only("CMD")))
    settings = serve_settings(arguments)
    assert (settings["host"], str(settings["port"])) == ("0.0.0.0", only("EXPOSE"))
    assert str(settings["model"]) in {"fsns", "words"}


def test_a_wrong_option_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option: --prot"):
        serve_settings(["crnn-ocr", "serve", "fsns", "--prot", "8000"])


def test_the_health_check_asks_what_there_is(client: Any) -> None:
    check = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "python"
    compile(check[2], "Dockerfile", "exec")
    address = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check[2])
    assert address
    assert address[1] == only("EXPOSE")
    assert client.get(address[2]).status_code == 200
    assert sys.version_info >= (3, 11)


def test_compose_runs_it_without_privileges() -> None:
    assert COMPOSE["build"] == "."
    (port,) = COMPOSE["ports"]
    assert port.endswith(f":{only('EXPOSE')}")
    assert COMPOSE["read_only"] is True
    assert COMPOSE["cap_drop"] == ["ALL"]
