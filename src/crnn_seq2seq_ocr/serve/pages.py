"""Whole photographs for the service: one is searched and read at a time, the clients in turn."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import SignReader
from crnn_seq2seq_ocr.pages.values import Page
from crnn_seq2seq_ocr.serve.batching import ClosedError, QueueFullError
from crnn_seq2seq_ocr.serve.clients import Shares
from crnn_seq2seq_ocr.serve.fair import Job, Lane


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
        self._lane: Lane[Page] = Lane(self._read, "pages", threads=1)
        self._requests: Counter[str] = Counter()  # of each client, now
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
        self._waiting += len(samples)
        self._requests[client] += 1
        jobs: list[Job[Page]] = []
        try:
            for sample in samples:
                after = jobs[-1].finish if jobs else 0
                jobs.append(self._lane.put(sample, self._requests[client], after=after))
            return list(await asyncio.gather(*(each.done for each in jobs)))
        finally:
            for each in jobs:
                each.leave()
            self._requests[client] -= 1
            if not self._requests[client]:
                del self._requests[client]
            self._waiting -= len(samples)
            self._shares.give_back(client, len(samples))

    async def close(self) -> None:
        """Read what was accepted, then end."""
        self._closing = True
        await asyncio.to_thread(self._lane.close, finish=True)

    def _read(self, sample: Sample) -> Page:
        began = time.monotonic()
        (page,) = self._reader.stream([sample])
        self._seconds += 0.2 * (time.monotonic() - began - self._seconds)
        return page
