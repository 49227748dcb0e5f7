"""Google Cloud Storage, spoken by an emulator on the loopback: data, lists of addresses, outputs, and what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import StorageError
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS
from tests.system.servers import free_port, serving
from tests.system.test_stores import put

__all__ = ["command"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a store."""
    port = free_port()
    told = ("start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=bucket", "--quiet")
    with serving(port, "gcp_storage_emulator", *told) as address:
        yield address


@pytest.fixture
def store(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The store, and this process told of it; the cache is empty."""
    from gcsfs.core import GCSFileSystem

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return GCSFileSystem(skip_instance_cache=True)


def test_data_lists_and_outputs(store: Any, command: Command, pictures: Path, tmp_path: Path) -> None:
    put(store, pictures, "bucket/mine")
    for spec in ("gs://bucket/mine", "gs://bucket/mine/labels.tsv"):
        source = open_source(spec)
        assert [source.text(index) for index in range(len(source))] == TEXTS
        assert source[3].images[0] == (pictures / "003.png").read_bytes()
    assert command("data", "convert", "gs://bucket/mine", "gs://bucket/out", "--to", "webdataset").status == 0
    written = open_source("gs://bucket/out/*.tar")
    assert [written.text(index) for index in range(len(written))] == TEXTS
    (tmp_path / "labels.tsv").write_text("gs://bucket/mine/002.png\ttext\n")
    assert open_source(str(tmp_path))[0].images[0] == (pictures / "002.png").read_bytes()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("spec", ["gs://bucket/none", "gs://nobody/none"])
def test_what_is_not_there(spec: str) -> None:
    with pytest.raises(StorageError, match=f"there is nothing at {spec}: check the address"):
        open_source(spec)
