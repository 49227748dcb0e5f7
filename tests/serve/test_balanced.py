"""Two readers behind a balancer, one of them killed under load."""

import itertools
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.conftest import TEXTS
from tests.serve.conftest import service


@contextmanager
def balancer(*addresses: str) -> Iterator[str]:
    """A balancer of TCP connections, each to the next reader that takes it."""
    targets = itertools.cycle([(host, int(port)) for host, port in (each[7:].split(":") for each in addresses)])

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            for _ in addresses:
                with suppress(ConnectionError), socket.create_connection(next(targets), timeout=5) as reader:
                    reader.settimeout(None)
                    back = threading.Thread(target=pass_on, args=(reader, self.request), daemon=True)
                    back.start()
                    pass_on(self.request, reader)
                    back.join()
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def ask(address: str, picture: bytes) -> tuple[str, int]:
    """Read a picture as a client should that loses nothing: its text, and how often it was asked for."""
    for attempt in range(1, 60):
        with suppress(httpx2.TransportError):
            answer = httpx2.post(f"{address}/v1/read", files={"picture": picture}, timeout=60)
            if answer.status_code == 200:
                return answer.json()["readings"][0]["text"], attempt
            assert answer.status_code in {429, 502, 503}, answer.text
        time.sleep(0.1)
    raise AssertionError("nobody answers")


@pytest.mark.slow
def test_one_of_two_is_killed_and_no_request_is_lost(trained: Path, files: list[bytes]) -> None:
    with (
        service(trained) as (first, child),
        service(trained) as (second, _),
        balancer(first, second) as address,
        ThreadPoolExecutor(8) as clients,
    ):
        answers = [clients.submit(ask, address, files[number % len(files)]) for number in range(400)]
        for answer in answers[:50]:
            answer.result()
        assert not all(answer.done() for answer in answers)
        os.kill(child.pid, signal.SIGKILL)
        found = [answer.result() for answer in answers]
    assert [text for text, _ in found] == [TEXTS[number % len(TEXTS)] for number in range(400)]
    assert any(attempts > 1 for _, attempts in found)  # the killed one had some
