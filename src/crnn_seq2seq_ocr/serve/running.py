"""A web server around the service, which says where it listens and ends when it has answered."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

IDLE_SECONDS = 30
"""How long a connection on which nothing is asked stays open."""


def run(app: FastAPI, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM, then answer what was accepted.

    Args:
        app: The service.
        host: The address to listen at.
        port: 0 takes a free one.
        announce: Told the service's address once it takes requests.

    Raises:
        OSError: The port is taken, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=512) as listening:
        taken = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(app, log_level="warning", timeout_keep_alive=IDLE_SECONDS, server_header=False)
        _Server(config, lambda: announce(f"http://{shown}:{taken}")).run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()
