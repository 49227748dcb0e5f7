"""What one client can take: connections, time, bytes, pixels and wrong keys have limits, and others are served."""

import contextlib
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from crnn_seq2seq_ocr.inference.backends import reads_many_widths
from crnn_seq2seq_ocr.serve import ServeSettings
from crnn_seq2seq_ocr.serve.clients import Shares, client_of
from crnn_seq2seq_ocr.serve.connections import Limits
from crnn_seq2seq_ocr.serve.keys import Keys, read_keys
from crnn_seq2seq_ocr.serve.logs import RateLimit
from crnn_seq2seq_ocr.serve.problems import Problem
from tests.conftest import python
from tests.serve.conftest import MakeClient, service


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *between: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes((1 + 3 * width) * height)))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *between, rows, chunk(b"IEND", b"")])


def test_pixels_of_a_request_in_sum(make_client: MakeClient) -> None:
    client = make_client(most_request_pixels=10_000)
    files = [("picture", png(60, 60))] * 3
    answer = client.post("/v1/read", files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "pictures_too_large")
    assert client.post("/v1/read", files=files[:2]).status_code == 200


def test_bytes_of_all_requests_together(make_client: MakeClient, files: list[bytes]) -> None:
    client = make_client(most_bytes=1000, most_bytes_together=2000, most_texts=2)
    for _ in range(5):  # what was answered is given back
        assert client.post("/v1/read", files={"picture": files[0][:100]}).status_code == 422
    shares = Shares(2000)
    assert shares.take("a", 900)
    assert not shares.take("a", 200)
    assert shares.take("b", 500)
    assert not shares.take("b", 200)
    assert shares.take("c", 600)
    assert not shares.take("d", 1)
    shares.give_back("a", 900)
    assert shares.taken == 1100
    with pytest.raises(ValueError, match="half"):
        ServeSettings(most_bytes_together=1000)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


def test_connections_of_one_address_and_of_a_proxy() -> None:
    limits = Limits(ServeSettings(most_connections_per_client=2), frozenset({"proxy"}), most=5)
    assert [limits.enter("a") for _ in range(3)] == [True, True, False]
    limits.leave("a")
    assert [limits.enter("proxy") for _ in range(3)] == [True, True, True]
    assert not limits.enter("b")


@contextlib.contextmanager
def impatient(trained: Path, **settings: float) -> Iterator[tuple[str, int]]:
    """A service with short times, as a process: where it listens."""
    code = (
        "import json, sys; from crnn_seq2seq_ocr.inference.reader import Reader\n"
        "from crnn_seq2seq_ocr.serve import ServeSettings, create_app\n"
        "from crnn_seq2seq_ocr.serve.running import run\n"
        "settings = ServeSettings(**json.loads(sys.argv[2]))\n"
        "reader = Reader.load(sys.argv[1], device='cpu')\n"
        "tell = lambda address: print(address, flush=True)\n"
        "run(create_app(reader, settings), settings, host='127.0.0.1', port=0, announce=tell)"
    )
    with python("-c", code, str(trained), json.dumps(settings)) as child:
        assert child.stdout is not None
        host, _, port = child.stdout.readline().strip().removeprefix("http://").partition(":")
        yield host, int(port)


def test_connections_end_that_do_not_ask_or_do_not_take(trained: Path) -> None:
    with impatient(trained, head_seconds=0.3, idle_seconds=0.3, answer_seconds=0.6) as address:
        half_open = [b"", b"GET / HT", b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
        for sent in [*half_open, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"]:
            with socket.create_connection(address, timeout=20) as connection:
                connection.sendall(sent)
                with contextlib.suppress(ConnectionError):
                    while connection.recv(65536):
                        pass
        with socket.create_connection(address, timeout=20) as dripping, contextlib.suppress(ConnectionError):
            for _ in range(100):  # single bytes do not set the clock back
                dripping.sendall(b"G")
                time.sleep(0.05)
            pytest.fail("the connection stays open")
        head = b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nContent-Type: application/json\r\n\r\n"
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(head)
            with contextlib.suppress(ConnectionError):
                while connection.recv(65536):
                    pass
        assert httpx2.get(f"http://{address[0]}:{address[1]}/healthz").status_code == 200


def test_more_connections_than_one_address_may_have(trained: Path) -> None:
    with impatient(trained, most_connections_per_client=4) as address:
        held = [socket.create_connection(address, timeout=20) for _ in range(4)]
        time.sleep(0.2)
        with socket.create_connection(address, timeout=20) as further, contextlib.suppress(ConnectionError):
            assert further.recv(1) == b""
        for each in held:
            each.close()
        time.sleep(0.2)
        assert httpx2.get(f"http://{address[0]}:{address[1]}/healthz").status_code == 200


def test_headers_are_looked_at_beside_the_event_loop(trained: Path) -> None:
    full = png(40, 24, *[chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000)))] * 900)
    with service(trained) as (address, child):
        threads = [
            threading.Thread(target=lambda: httpx2.post(f"{address}/v1/read", files={"picture": full}, timeout=60))
            for _ in range(4)
        ]
        for each in threads:
            each.start()
        while any(each.is_alive() for each in threads):
            assert httpx2.get(f"{address}/healthz", timeout=20).status_code == 200
        child.terminate()
        assert child.communicate(timeout=20)[1] == ""  # nothing of the library in the log


def test_a_line_that_comes_over_and_over_is_told_a_few_times() -> None:
    limit = RateLimit(3)

    def passes(message: str) -> bool:
        return limit.filter(logging.LogRecord("x", logging.WARNING, "", 0, message, (), None))

    assert [passes("again") for _ in range(5)] == [True, True, True, False, False]
    assert passes("another")


def test_what_libraries_print_is_in_the_log_and_has_its_limit() -> None:
    code = (
        "import os; from crnn_seq2seq_ocr.serve.logs import limited\n"
        "with limited():\n    for _ in range(1000): os.write(2, b'noise\\n')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines() == ["WARNING: noise"] * 20


def test_wrong_keys_are_slowed_down_by_address() -> None:
    keys = Keys(ServeSettings(keys=("k" * 20,)).keys, most_wrong=3)  # type: ignore[arg-type]

    def status(key: str, client: str) -> int:
        try:
            keys.check({"x-api-key": key}, client)
        except Problem as problem:
            return problem.status
        return 200

    assert [status("wrong", "a") for _ in range(4)] == [401, 401, 401, 429]
    assert status("k" * 20, "a") == 429  # else a wrong one would be told from a right one
    assert status("k" * 20, "b") == 200


def test_keys_are_stored_as_digests(tmp_path: Path) -> None:
    key, file = "a long and random key", tmp_path / "keys"
    file.write_text(
        f"sha256:{subprocess.run(['sha256sum'], input=key.encode(), capture_output=True).stdout.decode()[:64]}\n"
    )
    keys = Keys(read_keys(file))
    keys.check({"authorization": f"Bearer {key}"})
    with pytest.raises(Problem):
        keys.check({"x-api-key": file.read_text().strip()})
    file.write_text("sha256:" + "z" * 64)
    with pytest.raises(ValueError, match="64 hexadecimal"):
        read_keys(file)


def test_pages_of_named_origins_may_ask(make_client: MakeClient) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "x-api-key"}  # fmt: skip
    allowed = make_client(origins=("https://example.org",)).options("/v1/read", headers=asked)
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    assert "access-control-allow-origin" not in make_client().options("/v1/read", headers=asked).headers
    other = asked | {"Origin": "https://example.com"}
    answer = make_client(origins=("https://example.org",)).options("/v1/read", headers=other)
    assert "access-control-allow-origin" not in answer.headers
    with pytest.raises(ValueError, match="no origin"):
        ServeSettings(origins=("example.org/path",))


def test_both_ways_to_send_a_key_are_described(make_client: MakeClient) -> None:
    for keys, alternatives in (((), 3), (("k" * 20,), 2)):
        told = make_client(keys=keys).get("/openapi.json").json()
        schemes = told["components"]["securitySchemes"]
        assert {(each["type"], each.get("scheme"), each.get("name")) for each in schemes.values()} == {
            ("http", "bearer", None),
            ("apiKey", None, "X-API-Key"),
        }
        assert len(told["paths"]["/v1/read"]["post"]["security"]) == alternatives


def test_how_many_batches_are_read_at_once_is_known_before_the_model_is_loaded(tmp_path: Path) -> None:
    from crnn_seq2seq_ocr.checkpoint.folders import ONNX, find_model

    assert reads_many_widths(Path("words"))
    assert not reads_many_widths(Path("fsns"))
    assert reads_many_widths(find_model(Path("words")) / ONNX)
    assert not reads_many_widths(find_model(Path("fsns")) / ONNX)
    (tmp_path / "x.onnx").write_bytes(os.urandom(1000))
    assert not reads_many_widths(tmp_path / "x.onnx")
