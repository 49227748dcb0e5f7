"""Whole photographs for the service: one is searched and read at a time, in the order in which they came."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import SignReader
from crnn_seq2seq_ocr.pages.values import Page
from crnn_seq2seq_ocr.serve.batching import ClosedError, QueueFullError
from crnn_seq2seq_ocr.serve.clients import Shares


class PageQueue:
    """Reads photographs in a thread of its own, so that requests for single texts go on beside it.

    Args:
        reader: Finds and reads.
        most_waiting: Photographs that may wait or be read.
    """

    def __init__(self, reader: PageReader | SignReader, *, most_waiting: int) -> None:
        self._reader = reader
        self._waiting = 0
        self._shares = Shares(most_waiting)
        self._seconds = 1.0  # a photograph takes, until the first says better
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many photographs wait or are being read."""
        return self._waiting

    async def read(self, samples: Sequence[Sample], *, client: str) -> list[Page]:
        """Read the pages of a client's pictures, in order; all are accepted, or none.

        Where whoever asks has gone, what is not begun is left out.

        Raises:
            QueueFullError: There is no room for all of them.
            ClosedError: The service is ending.
        """
        if self._closing:
            raise ClosedError
        if not self._shares.take(client, len(samples)):
            raise QueueFullError(self._waiting * self._seconds)
        gone = threading.Event()
        self._waiting += len(samples)
        try:
            loop = asyncio.get_running_loop()
            return [await loop.run_in_executor(self._pool, self._read, sample, gone) for sample in samples]
        finally:
            gone.set()
            self._waiting -= len(samples)
            self._shares.give_back(client, len(samples))

    async def close(self) -> None:
        """Read what was accepted, then end."""
        self._closing = True
        await asyncio.to_thread(self._pool.shutdown)

    def _read(self, sample: Sample, gone: threading.Event) -> Page:
        if gone.is_set():
            return Page(sample.name, (0, 0), ())
        began = time.monotonic()
        (page,) = self._reader.stream([sample])
        self._seconds += 0.2 * (time.monotonic() - began - self._seconds)
        return page
