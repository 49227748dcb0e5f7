"""Data sets of the hub: its own client against a server on the loopback, through the command line."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from huggingface_hub import constants

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.hub import HubPlace, hub_place
from tests.checkpoint.hub_server import HubServer, hub_server
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS

__all__ = ["command"]


def parquet(pictures: Path, numbers: range) -> bytes:
    found = [{"bytes": (pictures / f"{number:03d}.png").read_bytes(), "path": None} for number in numbers]
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table({"crop": found, "plate": [TEXTS[number] for number in numbers]}), sink)
    return sink.getvalue().to_pybytes()


@pytest.fixture
def hub(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub with data sets, for this process, with an empty cache."""
    listed = {path.name: path.read_bytes() for path in pictures.iterdir() if path.suffix in {".png", ".tsv"}}
    script = {"evil.py": b"raise SystemExit('executed')", "plates.py": b"raise SystemExit", "README.md": b"# plates"}
    with hub_server() as server:
        server.repositories |= {
            "datasets/me/plates": script | {
                "data/train-00000-of-00002-0a1b.parquet": parquet(pictures, range(4)),
                "data/train-00001-of-00002-2c3d.parquet": parquet(pictures, range(4, 8)),
                "data/test-00000-of-00001.parquet": parquet(pictures, range(8, 12)),
            },
            "datasets/me/one": script | {"data/train-00000-of-00001.parquet": parquet(pictures, range(3))},
            "datasets/me/listed": script | listed,
            "datasets/me/empty": script,
        }  # fmt: skip
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield server


def texts(spec: str) -> list[str]:
    source = open_source(spec)
    assert all(source[index].images for index in range(len(source)))
    return [source[index].text for index in range(len(source))]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("hf://me/plates/data/train-*?image=crop&text=plate", TEXTS[:8]),
        ("hf://me/plates@v1/data/test-00000-of-00001.parquet?image=crop&text=plate", TEXTS[8:]),
        ("hf://datasets/me/one?text=plate&limit=2", TEXTS[:2]),
        ("hf://me/listed", TEXTS),
        ("hf://me/listed/labels.tsv?limit=1", TEXTS[:1]),
        ("0.5*hf://me/one + 0.5*hf://me/listed?limit=3", None),
    ],
)
def test_what_is_read(hub: HubServer, spec: str, expected: list[str] | None, tmp_path: Path) -> None:
    hub.redirected.add("datasets/me/one")
    found = texts(spec)
    assert found == expected or (expected is None and set(found) == set(TEXTS[:3]))
    assert not list(tmp_path.rglob("*.py"))
    assert not any(".py" in request for request in hub.requests)


def test_only_what_is_named_is_fetched(hub: HubServer, command: Command) -> None:
    answer = command("data", "check", "hf://me/plates/data/test-*")
    assert answer.status == 0, answer.err
    assert "4 samples, 4 usable" in answer.out
    assert not any("train" in request for request in hub.requests if "resolve" in request)


def test_offline_what_was_fetched_before_is_read(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = texts("hf://me/listed")
    hub.repositories.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.requests)
    assert texts("hf://me/listed") == expected
    assert len(hub.requests) == asked
    with pytest.raises(DataError, match="hf://me/one is not on this computer, and the hub does not answer"):
        open_source("hf://me/one")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("hf://me/plates", r"several parts: name one of hf://me/plates/data/test-\*, hf://me/plates/data/train-\*"),
        ("hf://me/plates/data", r"hf://me/plates/data holds several parts \(test, train\)"),
        ("hf://me/plates/data/train-*?text=plat", r"no column 'plat' \(did you mean 'plate'\?\)"),
        ("hf://me/none", "there is no hf://me/none that you may use"),
        ("hf://me/one@v9", "hf://me/one@v9 has no revision 'v9'"),
        ("hf://me/one/data/validation-*", r"hf://me/one/data/validation-\* holds no data"),
        ("hf://me/empty", "hf://me/empty holds no data that is known here"),
        ("hf://me", "is no data set on the hub: write hf://owner/name"),
    ],
)
def test_what_is_wrong_is_said(hub: HubServer, spec: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_source(spec)
    assert constants.HF_HUB_CACHE not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://a/b", HubPlace("a/b", None, "")),
        ("hf://a/b@refs/convert/parquet/default/train", HubPlace("a/b", "refs/convert/parquet", "default/train")),
        ("hf:/datasets/a/b/x/*.tar", HubPlace("a/b", None, "x/*.tar")),
        ("s3://a/b", None),
        ("hf://a", None),
    ],
)
def test_which_addresses_there_are(address: str, expected: HubPlace | None) -> None:
    assert hub_place(address) == expected
