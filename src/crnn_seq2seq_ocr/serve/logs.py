"""A log that strangers cannot fill: what is said over and over is said a few times a minute."""

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator

from crnn_seq2seq_ocr.system.terminal import EscapingFormatter

MOST_A_MINUTE = 20
"""Lines of one kind; how many more there were is told with the first of the next minute."""

_log = logging.getLogger(__name__)


class RateLimit(logging.Filter):
    """Lets so many records of one kind pass in a minute; a kind is a message before its arguments are put in."""

    def __init__(self, most: int = MOST_A_MINUTE) -> None:
        super().__init__()
        self._most = most
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}  # kind -> end of its minute, records in it

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written; not those beyond the limit."""
        kind = record.name, str(record.msg)[:80]
        ends, count = self._seen.get(kind, (0.0, 0))
        now = time.monotonic()
        if now >= ends:
            if count > self._most:
                record.msg, record.args = f"{record.getMessage()} ({count - self._most} more were left out)", ()
            if len(self._seen) > 1000:
                self._seen.clear()
            ends, count = now + 60, 0
        self._seen[kind] = ends, count + 1
        return count < self._most


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Write the log to the standard error stream within limits, and into it what libraries in C print there."""
    keep = os.dup(2)
    handler = logging.StreamHandler(open(keep, "w", encoding="utf-8", errors="backslashreplace"))  # noqa: SIM115
    handler.setFormatter(EscapingFormatter("%(levelname)s: %(message)s"))
    handler.addFilter(RateLimit())
    root, before = logging.getLogger(), sys.stderr
    root.addHandler(handler)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    printed = threading.Thread(target=_pass_on, args=(reading,), name="printed", daemon=True)
    printed.start()
    sys.stderr = handler.stream
    try:
        yield
    finally:
        sys.stderr = before
        os.dup2(keep, 2)  # closes the last end of the pipe that is written to
        printed.join(5)
        root.removeHandler(handler)
        handler.stream.close()


def _pass_on(reading: int) -> None:
    with open(reading, encoding="utf-8", errors="backslashreplace") as lines:
        for line in lines:
            if line.strip():
                _log.warning("%s", line.rstrip()[:500])
