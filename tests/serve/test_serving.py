"""``crnn-ocr serve`` as a process: it says where it is, and ends when it has answered."""

import signal
import socket
import threading
from pathlib import Path

import httpx2
import pytest

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.serve.keys import read_keys
from tests.conftest import TEXTS, python
from tests.serve.conftest import service

pytestmark = pytest.mark.slow


def test_a_client_that_goes_away_leaves_no_trace(trained: Path, files: list[bytes]) -> None:
    with service(trained) as (address, child):
        host, port = address.removeprefix("http://").split(":")
        for body in (b"", b"--x\r\n", b'{"texts"'):
            kind = "application/json" if body.startswith(b"{") else "multipart/form-data; boundary=x"
            head = f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\nContent-Type: {kind}\r\n\r\n"
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(head.encode() + body)
        answer = httpx2.post(f"{address}/v1/read", files={"picture": files[0]})
        assert answer.status_code == 200
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=20)[1] == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_it_finishes_what_it_accepted(trained: Path, files: list[bytes], number: signal.Signals, status: int) -> None:
    with service(trained) as (address, child):
        assert httpx2.post(f"{address}/v1/read", files={"picture": files[0]}).json()["readings"][0]["text"] == TEXTS[0]
        host, port = address.removeprefix("http://").split(":")
        body = b"--x\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\n" + files[1] + b"\r\n--x--\r\n"
        head = (
            f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + body[:20])  # accepted, not yet there
            assert httpx2.get(f"{address}/healthz").status_code == 200  # and surely so, once this was answered
            child.send_signal(number)
            sending = threading.Timer(0.3, connection.sendall, [body[20:]])
            sending.start()
            answer = b""
            while part := connection.recv(65536):
                answer += part
            sending.join()
        assert answer.startswith(b"HTTP/1.1 200")
        assert f'"text":"{TEXTS[1]}"'.encode() in answer
        _, err = child.communicate(timeout=20)
        assert child.returncode == status, err
        assert not err


def test_a_port_that_is_taken_is_told(trained: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with python("-m", "crnn_seq2seq_ocr", "serve", str(trained), "--port", str(port)) as child:
            _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "in use" in err
    assert "Traceback" not in err


def test_it_needs_a_key_where_there_are_keys(trained: Path, tmp_path: Path, files: list[bytes]) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# of the press office\n" + "k" * 20 + "\n\n" + "l" * 20 + "\n")
    with service(trained, "--keys", str(keys)) as (address, child):
        for key, status in (("", 401), ("l" * 20, 200)):
            answer = httpx2.post(f"{address}/v1/read", files={"picture": files[0]}, headers={"x-api-key": key})
            assert answer.status_code == status
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no key"), ("# none\n", "no key"), ("short", "less than 16"), ("é" * 20, "plain letters")],
)
def test_keys_that_are_none(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(DataError, match=message):
        read_keys(tmp_path / "keys")


def test_a_file_of_keys_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_keys(tmp_path / "none")


def test_without_the_extra_it_says_what_to_install(trained: Path) -> None:
    code = "import sys; sys.modules['fastapi'] = None; from crnn_seq2seq_ocr.cli import main; main()"
    with python("-c", code, "serve", str(trained)) as child:
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "crnn-seq2seq-ocr[serve]" in err
