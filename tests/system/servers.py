"""Servers of stores on the loopback, started by the tests that speak to them."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(port: int, *arguments: str) -> Iterator[str]:
    """The address of a module of Python that listens at a port, from when it does."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(3000):
                with socket.socket() as probe:
                    assert process.poll() is None, f"{arguments[0]} does not start: make installs it, with all of [dev]"
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
