"""Texts of all clients gathered into batches: a bounded queue before one thread that reads."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.reader import Reading

ReadBatch = Callable[[list[Sample]], list[Reading]]


class QueueFullError(Exception):
    """There is no room for so many texts now.

    Attributes:
        seconds: After about how many there will be.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the queue is full for about {seconds:.1f} seconds")
        self.seconds = seconds


class ClosedError(Exception):
    """The service is ending and takes nothing new."""


@dataclass(eq=False)
class _Waiting:
    sample: Sample
    reading: asyncio.Future[Reading]
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """Reads texts one batch after the other.

    A batch is read as soon as there are texts enough, or when its first text has waited `gather_seconds`. Whatever
    comes while one is being read makes up the next. Texts whose clients have gone are left out.

    Args:
        read: Reads a batch, in a thread of its own.
        batch_size: So many texts are not kept waiting for others.
        most_together: Most texts that are given to be read at once.
        gather_seconds: Longest wait for others.
        most_waiting: Texts that may wait.
        on_batch: Told the size of each batch and the seconds it took.
    """

    def __init__(
        self,
        read: ReadBatch,
        *,
        batch_size: int,
        most_together: int,
        gather_seconds: float,
        most_waiting: int,
        on_batch: Callable[[int, float], None] = lambda size, seconds: None,
    ) -> None:
        self._read, self._on_batch = read, on_batch
        self._batch_size, self._most_together = batch_size, most_together
        self._gather_seconds, self._most_waiting = gather_seconds, most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._closing = False
        self._seconds_per_text = 0.05  # until the first batch says better
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many texts wait to be read, those of the batch being read not counted."""
        return len(self._waiting)

    @property
    def ready(self) -> bool:
        """Whether it takes texts and would read them."""
        return self._task is not None and not self._task.done() and not self._closing

    def start(self) -> None:
        """Begin to read, in the running event loop."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Read what was accepted, then end."""
        self._closing = True
        self._changed.set()
        if self._task is not None:
            await self._task

    async def read(self, samples: Sequence[Sample]) -> list[Reading]:
        """Readings of samples, in order; all are accepted, or none.

        Raises:
            QueueFullError: There is no room for all of them.
            ClosedError: The service is ending.
        """
        if self._closing:
            raise ClosedError
        if len(self._waiting) + len(samples) > self._most_waiting:
            raise QueueFullError(len(self._waiting) * self._seconds_per_text)
        loop = asyncio.get_running_loop()
        entries = [_Waiting(sample, loop.create_future()) for sample in samples]
        self._waiting.extend(entries)
        self._changed.set()
        try:
            return list(await asyncio.gather(*(each.reading for each in entries)))
        finally:
            # Nobody waits for them any more; read ones do not mind.
            for each in entries:
                each.reading.cancel()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader") as thread:
            while await self._gathered():
                batch = self._take()
                if not batch:
                    continue
                began = time.monotonic()
                try:
                    readings = await loop.run_in_executor(thread, self._read, [each.sample for each in batch])
                except Exception as error:
                    _fail(batch, error)
                else:
                    _answer(batch, readings)
                self._note(len(batch), time.monotonic() - began)

    async def _gathered(self) -> bool:
        """Wait for a batch to be full or due; False when there is none and will be none."""
        while True:
            self._changed.clear()
            if not self._waiting:
                if self._closing:
                    return False
                await self._changed.wait()
                continue
            left = self._waiting[0].since + self._gather_seconds - time.monotonic()
            if self._closing or left <= 0 or len(self._waiting) >= self._batch_size:
                return True
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return True

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._most_together:
            each = self._waiting.popleft()
            if not each.reading.done():
                batch.append(each)
        return batch

    def _note(self, size: int, seconds: float) -> None:
        self._seconds_per_text += 0.2 * (seconds / size - self._seconds_per_text)
        self._on_batch(size, seconds)


def _answer(batch: list[_Waiting], readings: list[Reading]) -> None:
    for each, reading in zip(batch, readings, strict=True):
        if not each.reading.done():
            each.reading.set_result(reading)


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for each in batch:
        if not each.reading.done():
            each.reading.set_exception(error)
