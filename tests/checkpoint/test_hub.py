"""Models from and to the hub: its own client against a server on the loopback, through the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from crnn_seq2seq_ocr.checkpoint.hub import HubAddress, fetch_model, hub_address, push_model
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.system import hub as hub_of_the_system
from tests.checkpoint.hub_server import HubServer, hub_server
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS, silent_server

__all__ = ["command"]


@pytest.fixture(scope="module")
def hub(trained: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A hub with the small model, a repository of something else, and a damaged model."""
    folder = tmp_path_factory.mktemp("hub") / "abc"
    recognizer, description = load_model(trained)
    save_model(recognizer, description, folder, half=True, onnx=exported.read_bytes())
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with hub_server() as server:
        server.repositories["me/abc"] = files | {"evil.py": b"raise SystemExit('executed')", "README.md": b"# abc"}
        server.repositories["me/other"] = {"config.json": b"{}"}
        yield server


@pytest.fixture
def here(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """The same hub for this process, with an empty cache."""
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    fetch_model.cache_clear()
    return hub


def run(address: str, *, hub: str, home: Path, pictures: Path, offline: str = "0") -> str:
    """What ``crnn-ocr read`` prints with a hub, as a process of its own."""
    command = [sys.executable, "-m", "crnn_seq2seq_ocr", "read", address, str(pictures)]
    settings = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_OFFLINE": offline, "HF_HUB_DISABLE_XET": "1"}
    environment = {**os.environ, **settings, "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_model_is_fetched_by_its_name_and_read_with_again_offline(
    hub: HubServer, pictures: Path, tmp_path: Path
) -> None:
    found = run("hf://me/abc@v1", hub=hub.url, home=tmp_path, pictures=pictures)
    assert [line.split("\t")[1] for line in found.splitlines()] == TEXTS
    assert not list(tmp_path.rglob("evil.py"))
    assert run("hf://me/abc@v1", hub="http://127.0.0.1:9", home=tmp_path, pictures=pictures, offline="1") == found


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("place", ["hf://me/abc@v1", Path("hf://me/abc")])
def test_a_reader_of_python(pictures: Path, place: str | Path) -> None:
    reader = Reader.load(place)
    assert [each.text for each in reader.read([pictures / "000.png", pictures / "004.png"])] == [TEXTS[0], TEXTS[4]]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://me/none", r"there is no hf://me/none that you may use"),
        ("hf://me/abc@v9", r"hf://me/abc has no revision 'v9'"),
        ("hf://me/other", r"hf://me/other holds no model of this package"),
        ("hf://me", r"write hf://owner/name"),
    ],
)
def test_what_cannot_be_fetched_is_said(command: Command, pictures: Path, address: str, message: str) -> None:
    answer = command("read", address, pictures)
    assert answer.status == 1
    assert message in answer.err


@pytest.mark.usefixtures("here")
def test_a_hub_that_does_not_answer(command: Command, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    answer = command("read", "hf://me/abc", pictures)
    assert answer.status == 1
    assert "the hub does not answer" in answer.err


@pytest.mark.slow
def test_a_release_is_sent_with_its_card_and_can_be_fetched(
    here: HubServer, command: Command, trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", here.token)
    answer = command("release", trained, tmp_path / "new", pictures, "--about", "Reads abc.", "--push", "me/new")
    assert answer.status == 0, answer.err
    assert "/me/new/commit/" in answer.out
    sent = here.repositories["me/new"]
    assert set(sent) == {"model.json", "model.safetensors", "model.onnx", "README.md"}
    card = sent["README.md"].decode()
    assert "library_name: crnn-seq2seq-ocr" in card
    assert "Reads abc." in card
    assert "| 12 | 100.0% |" in card
    assert json.loads(sent["model.json"])["name"] == "new"
    assert command("read", "hf://me/new", pictures).status == 0


def test_large_files_come_from_another_address_which_gets_no_token(
    here: HubServer, command: Command, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.repositories["me/large"] = here.repositories["me/abc"]
    here.redirected.add("me/large")
    monkeypatch.setenv("HF_TOKEN", here.token)
    here.tokens.clear()
    answer = command("read", "hf://me/large", pictures)
    assert [line.split("\t")[1] for line in answer.out.splitlines()] == TEXTS
    assert here.tokens["/large/me/large/model.onnx"] is None
    assert any(here.tokens.values())


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_file_that_is_not_what_the_model_says_is_refused(
    here: HubServer, command: Command, pictures: Path, backend: str
) -> None:
    name = {"onnx": "model.onnx", "torch": "model.safetensors"}[backend]
    files = here.repositories["me/abc"]
    changed = bytearray(files[name])
    changed[-9] ^= 1
    here.repositories[f"me/changed-{backend}"] = files | {name: bytes(changed)}
    answer = command("read", f"hf://me/changed-{backend}", pictures, "--backend", backend)
    assert answer.status == 1
    assert name in answer.err
    assert "SHA-256" in answer.err
    assert not answer.out


def test_a_token_that_may_not_write(
    here: HubServer, trained: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.token != "hf_wrong"
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    recognizer, description = load_model(trained)
    save_model(recognizer, description, tmp_path / "new", half=True, onnx=exported.read_bytes())
    with pytest.raises(CheckpointError, match="set HF_TOKEN to a token that may") as caught:
        push_model(tmp_path / "new", "me/new2", card="")
    assert "hf_wrong" not in str(caught.value)


def test_a_name_that_is_none_is_refused_before_the_work(command: Command, pictures: Path, tmp_path: Path) -> None:
    answer = command("release", "words", tmp_path / "other", pictures, "--about", "x", "--push", "no-owner")
    assert "'no-owner' is no repository" in answer.err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("hf://a/b", HubAddress("a/b")),
        ("hf://a-1/b.c@v1.0", HubAddress("a-1/b.c", "v1.0")),
        ("hf/a/b", None),
        ("runs/hf:/a", None),
    ],
)
def test_which_paths_are_addresses(path: str, expected: HubAddress | None) -> None:
    assert hub_address(Path(path)) == expected


@pytest.mark.parametrize("path", ["hf://a", "hf://a/b/c", "hf://a/b@", "hf://../b"])
def test_addresses_that_are_none(path: str) -> None:
    with pytest.raises(CheckpointError, match="write hf://owner/name"):
        hub_address(Path(path))


@pytest.mark.usefixtures("here")
def test_a_hub_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fetch_model(HubAddress("me/abc", "v1"))
    monkeypatch.setattr(hub_of_the_system, "PATIENCE", 0.2)
    with silent_server() as (address, _):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        fetch_model.cache_clear()
        assert fetch_model(HubAddress("me/abc", "v1")) == found  # what was fetched before
        with pytest.raises(CheckpointError, match="the hub does not answer"):
            fetch_model(HubAddress("me/abd", "v1"))
