"""HTTP connections with an end: limits of their number and of the time that each state may last."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crnn_seq2seq_ocr.serve.clients import client_of
from crnn_seq2seq_ocr.serve.settings import ServeSettings


@dataclass
class Limits:
    """What the connections of one service share.

    Attributes:
        settings: Its limits.
        proxies: Addresses whose connections are those of many clients.
        most: Connections in all.
        opened: How many each client has.
    """

    settings: ServeSettings
    proxies: frozenset[str]
    most: int
    opened: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def enter(self, client: str) -> bool:
        """Count a connection in; whether it may stay."""
        self.count += 1
        self.opened[client] = self.opened.get(client, 0) + 1
        alone = client not in self.proxies and self.opened[client] > self.settings.most_connections_per_client
        return self.count <= self.most and not alone

    def leave(self, client: str) -> None:
        """Count it out."""
        self.count -= 1
        self.opened[client] -= 1
        if not self.opened[client]:
            del self.opened[client]


class Connection(H11Protocol):
    """uvicorn's protocol, whose connections are closed when a head does not come, or nothing is asked, or taken.

    The clock of a state begins when the state does: single bytes do not set it back.
    """

    limits: Limits

    _timer: asyncio.TimerHandle | None = None
    _timed: str = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count a client that has come."""
        super().connection_made(transport)
        self._of = client_of(self.client[0] if self.client else "")
        if self.limits.enter(self._of):
            self._watch()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take some bytes that have come."""
        super().data_received(data)
        self._watch(began=True)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request: one was answered."""
        super().on_response_complete()
        self._watch(began=self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection: it is over."""
        super().connection_lost(exc)
        self.limits.leave(self._of)
        self._stop()

    def _watch(self, *, began: bool = False) -> None:
        """Start the clock of the state that the connection is in, unless it runs."""
        settings = self.limits.settings
        if self.cycle is not None and not self.cycle.response_complete:
            state, seconds = f"answer {id(self.cycle)}", settings.answer_seconds
        elif began or self.cycle is None:
            state, seconds = "head", settings.head_seconds
        else:
            state, seconds = "idle", settings.idle_seconds
        if state != self._timed:
            self._stop()
            self._timed, self._timer = state, self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timed = None, ""


def with_limits(limits: Limits) -> type[Connection]:
    """Return the class of a service's connections: uvicorn makes them itself, from the class alone."""
    members: dict[str, Any] = {"limits": limits}
    return type("LimitedConnection", (Connection,), members)
