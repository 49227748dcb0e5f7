"""A server on the loopback that speaks S3 (moto), as fixtures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import local_model
from tests.system.servers import free_port, serving

SECRET = "very-secret-key"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a store."""
    port = free_port()
    with serving(port, "moto.server", "-H", "127.0.0.1", "-p", str(port)) as address:
        yield address


@pytest.fixture
def store(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket of the store, and this process told of it; the cache is empty."""
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import s3fs

    local_model.cache_clear()
    filesystem = s3fs.S3FileSystem(skip_instance_cache=True)
    filesystem.mkdirs("bucket", exist_ok=True)
    return filesystem
