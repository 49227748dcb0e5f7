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
    with _listen(host, port) as listening:
        taken = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(app, log_level="warning", timeout_keep_alive=IDLE_SECONDS, server_header=False)
        _Server(config, lambda: announce(f"http://{shown}:{taken}")).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket that is said to be TCP's: asyncio then sends answers at once (TCP_NODELAY).

    Else each waits 40 ms for the client to acknowledge its first part.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{host}:{port} cannot be listened at ({error.strerror}): {_REMEDY}") from None
    return listening


_REMEDY = "name another --port (0 takes a free one), or another --host"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()
