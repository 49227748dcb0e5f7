"""The service over a small trained reader, in this process and as a process of its own."""

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.serve import ServeSettings, create_app
from tests.conftest import TEXTS, picture_of, python

MakeClient = Callable[..., TestClient]


@pytest.fixture(scope="session")
def reader(trained: Path) -> Reader:
    """Reads the twelve pictures right."""
    return Reader.load(trained, device="cpu")


@pytest.fixture(scope="session")
def files(pictures: Path) -> list[bytes]:
    """The twelve pictures, as files, in the order of TEXTS."""
    return [(pictures / f"{number:03d}.png").read_bytes() for number in range(len(TEXTS))]


@pytest.fixture(scope="session")
def doubtful() -> bytes:
    """A picture of two texts over each other, as a file."""
    both = (picture_of("abc").astype(np.uint16) + picture_of("cab")) // 2
    written: bytes = cv2.imencode(".png", both.astype(np.uint8))[1].tobytes()
    return written


@pytest.fixture
def make_client(reader: Reader) -> Iterator[MakeClient]:
    """Makes clients of a running service with settings of its own."""
    with contextlib.ExitStack() as stack:

        def make(**settings: Any) -> TestClient:
            app = create_app(reader, ServeSettings(**settings))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    """A client of a service with the settings it has by itself."""
    return make_client()


@contextlib.contextmanager
def service(model: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``crnn-ocr serve`` as a process: its address once it is ready, and the process."""
    with python("-m", "crnn_seq2seq_ocr", "serve", str(model), "--port", "0", *options) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        match = re.search(r"http://[\d.:]+", line)
        assert match, line + (child.stderr.read() if child.stderr else "")
        assert httpx2.get(f"{match[0]}/readyz").status_code == 200
        yield match[0], child
