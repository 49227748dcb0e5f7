"""Ctrl-C and SIGTERM as requests to stop, so that work can be saved first."""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

IMPATIENCE = 2.0
"""Seconds after which another Ctrl-C is a second one: launchers pass on what their processes got already."""


class StopRequest:
    """Whether a signal has asked to stop.

    Attributes:
        requested: Set by the first signal, never unset.
    """

    def __init__(self) -> None:
        self.requested = False
        self._since = 0.0

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """Ask for an end: a signal has come."""
        if not self.requested:
            self.requested, self._since = True, time.monotonic()
        elif number == signal.SIGINT and time.monotonic() - self._since > IMPATIENCE:
            raise KeyboardInterrupt


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn Ctrl-C and SIGTERM into a `StopRequest`; a second Ctrl-C some seconds later ends at once."""
    stop = StopRequest()
    before: dict[signal.Signals, Any] = {}
    with contextlib.suppress(ValueError):  # only the main thread may set handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop.ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
