"""A web server around the service, which says where it listens and ends when it has answered."""

import math
import socket
import sys
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI

from crnn_seq2seq_ocr.serve.clients import client_of
from crnn_seq2seq_ocr.serve.connections import Limits, with_limits
from crnn_seq2seq_ocr.serve.logs import limited
from crnn_seq2seq_ocr.serve.settings import ServeSettings

_BACKLOG = 64
"""Connections that are accepted before the first of them can be refused."""


def run(
    app: FastAPI,
    settings: ServeSettings | None = None,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    proxies: Sequence[str] = (),
) -> None:
    """Serve until Ctrl-C or SIGTERM, then answer what was accepted.

    Args:
        app: The service.
        settings: Limits of its connections.
        host: The address to listen at.
        port: 0 takes a free one.
        announce: Told the service's address once it takes requests.
        proxies: Addresses of proxies, whose word (X-Forwarded-For) on where requests come from is believed.

    Raises:
        OSError: The port is taken, or not allowed.
    """
    settings = settings or ServeSettings()
    with _listen(host, port) as listening, limited():
        taken = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        limits = Limits(settings, frozenset(map(client_of, proxies)), min(settings.most_connections, _room_for_files()))
        config = uvicorn.Config(
            app,
            http=with_limits(limits),
            ws="none",
            backlog=_BACKLOG,
            log_config=None,
            log_level="warning",
            timeout_keep_alive=math.ceil(settings.idle_seconds),
            server_header=False,
            forwarded_allow_ips=list(proxies),
        )
        _Server(config, lambda: announce(f"http://{shown}:{taken}")).run(sockets=[listening])


def _room_for_files() -> int:
    """How many connections the limit of open files allows, with room for the service's own and for those refused."""
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, allowed - 64 - 3 * _BACKLOG) if allowed != resource.RLIM_INFINITY else sys.maxsize


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket that is said to be TCP's: asyncio then sends answers at once (TCP_NODELAY).

    Else each waits 40 ms for the client to acknowledge its first part.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
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
