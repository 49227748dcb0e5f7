"""Texts of all clients gathered into batches: bounded queues before the threads that read."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.readings import PreparedSample, Reading
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.serve.clients import Shares
from crnn_seq2seq_ocr.serve.preparing import Prepare, Preparer


class ReadBatch(Protocol):
    """Reads a batch, such as `Reader.read_prepared`."""

    def __call__(self, prepared: Sequence[PreparedSample], *, lexicon: Constraint | None) -> list[Reading]:
        """Return the readings in order, within a constraint where there is one."""


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
    prepared: PreparedSample
    client: str
    constraint: Constraint | None
    reading: asyncio.Future[Reading]
    since: float = field(default_factory=time.monotonic)

    @property
    def kind(self) -> "_Kind":
        """Only texts of one kind are read together."""
        return self.prepared.width, "" if self.constraint is None else self.constraint.fingerprint


_Kind = tuple[int, str]
"""The width of a picture, and the constraint."""


class Batcher:
    """Reads texts in batches, each of pictures of one width and within one constraint.

    Pictures are prepared when they come. The next batch is of the text that has waited longest and of those as wide.
    It is read when nothing else is, when `batch_size` texts wait, or when its first has waited `gather_seconds`; it
    is answered before the next is read. Texts whose clients have gone are left out.

    Args:
        prepare: Makes a picture ready to be read, or a reading that says why not; called from several threads.
        read: Reads a batch; called from `concurrency` threads.
        batch_size: Most texts that are read together.
        concurrency: Batches that are read at the same time.
        gather_seconds: Longest wait for others.
        most_waiting: Texts that may wait.
        on_batch: Told the size of each batch and the seconds it took, in the thread that read it.
    """

    def __init__(
        self,
        prepare: Prepare,
        read: ReadBatch,
        *,
        batch_size: int,
        concurrency: int,
        gather_seconds: float,
        most_waiting: int,
        on_batch: Callable[[int, float], None] = lambda size, seconds: None,
    ) -> None:
        self._read, self._on_batch = read, on_batch
        self._batch_size, self._concurrency = batch_size, concurrency
        self._gather_seconds = gather_seconds
        self._queues: dict[_Kind, deque[_Waiting]] = {}  # none is empty
        self._shares = Shares(most_waiting)  # of the places to wait, while they are prepared and queued
        self._preparing = 0
        self._reading = 0  # batches
        self._closing = False
        self._changed = threading.Condition()  # guards the five above
        self._seconds_per_text = 0.05  # until the first batch says better
        self._preparer = Preparer(prepare)
        self._threads: list[threading.Thread] = []

    @property
    def waiting(self) -> int:
        """How many texts wait to be read, those of the batch being read not counted."""
        with self._changed:
            return self._preparing + self._queued()

    @property
    def ready(self) -> bool:
        """Whether it takes texts and would read them."""
        return bool(self._threads) and all(each.is_alive() for each in self._threads) and not self._closing

    def start(self) -> None:
        """Begin to read, for the running event loop."""
        loop = asyncio.get_running_loop()
        for number in range(self._concurrency):
            thread = threading.Thread(target=self._work, args=(loop,), name=f"reader {number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    async def close(self) -> None:
        """Read what was accepted, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for each in self._threads:
            await asyncio.to_thread(each.join)
        self._preparer.close()

    async def read(
        self,
        samples: Sequence[Sample],
        *,
        pixels: Sequence[int] | None = None,
        client: str = "",
        constraint: Constraint | None = None,
    ) -> list[Reading]:
        """Read samples, in order; all are accepted, or none.

        Where it is cancelled, what has not begun is not done, and no longer counted as waiting.

        Args:
            samples: What is read.
            pixels: Of each sample: what preparing it takes.
            constraint: Only texts that it allows.
            client: Who asks: each gets a share of the places and of the work.

        Raises:
            QueueFullError: There is no room for all of them.
            ClosedError: The service is ending.
        """
        self._accept(client, len(samples))
        loop = asyncio.get_running_loop()
        entries: list[_Waiting] = []
        try:
            try:
                prepared = await self._preparer.prepare(samples, pixels or [1] * len(samples), client)
                entries = [
                    _Waiting(each, client, constraint, loop.create_future())
                    for each in prepared
                    if isinstance(each, PreparedSample)
                ]
            finally:
                self._enqueue(entries, client, len(samples))
            readings = iter(await asyncio.gather(*(each.reading for each in entries)))
        finally:
            self._leave(entries)
        return [next(readings) if isinstance(each, PreparedSample) else each for each in prepared]

    def _accept(self, client: str, count: int) -> None:
        with self._changed:
            if self._closing:
                raise ClosedError
            if not self._shares.take(client, count):
                raise QueueFullError(self._shares.taken * self._seconds_per_text)
            self._preparing += count

    def _enqueue(self, entries: Sequence[_Waiting], client: str, accepted: int) -> None:
        with self._changed:
            self._preparing -= accepted
            self._shares.give_back(client, accepted - len(entries))
            for each in entries:
                self._queues.setdefault(each.kind, deque()).append(each)
            self._changed.notify_all()

    def _leave(self, entries: Sequence[_Waiting]) -> None:
        """Nobody waits for these any more, read or not."""
        with self._changed:
            for each in entries:
                each.reading.cancel()
                kind = each.kind
                if each in self._queues.get(kind, ()):
                    self._queues[kind].remove(each)
                    self._shares.give_back(each.client, 1)
                    if not self._queues[kind]:
                        del self._queues[kind]

    def _queued(self) -> int:
        return sum(map(len, self._queues.values()))

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read until closed; in a thread of its own, so that the model never waits for the event loop."""
        while (batch := self._next()) is not None:
            began = time.monotonic()
            outcomes = self._outcomes(batch)
            self._note(len(batch), time.monotonic() - began)
            loop.call_soon_threadsafe(_answer, batch, outcomes)

    def _outcomes(self, batch: list[_Waiting]) -> list[Reading | Exception]:
        """Read each, or say why there is no reading: where a batch fails, each is read alone."""
        try:
            return list(self._read([each.prepared for each in batch], lexicon=batch[0].constraint))
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [outcome for each in batch for outcome in self._outcomes([each])]

    def _next(self) -> list[_Waiting] | None:
        """Wait for the next batch, once it is full or due; None when there will be none."""
        with self._changed:
            while True:
                if not self._queues:
                    if self._closing and not self._preparing:
                        return None
                    self._changed.wait()
                    continue
                oldest = min(self._queues, key=lambda kind: self._queues[kind][0].since)
                left = self._queues[oldest][0].since + self._gather_seconds - time.monotonic()
                if self._reading and left > 0 and not self._closing and self._queued() < self._batch_size:
                    self._changed.wait(left)
                elif batch := self._take(oldest):
                    self._reading += 1
                    return batch

    def _take(self, kind: _Kind) -> list[_Waiting]:
        queue = self._queues[kind]
        batch: list[_Waiting] = []
        while queue and len(batch) < self._batch_size:
            each = queue.popleft()
            self._shares.give_back(each.client, 1)
            if not each.reading.done():
                batch.append(each)
        if not queue:
            del self._queues[kind]
        return batch

    def _note(self, size: int, seconds: float) -> None:
        with self._changed:
            self._reading -= 1
            self._changed.notify_all()
        self._seconds_per_text += 0.2 * (seconds / size / self._concurrency - self._seconds_per_text)
        self._on_batch(size, seconds)


def _answer(batch: list[_Waiting], outcomes: list[Reading | Exception]) -> None:
    for each, outcome in zip(batch, outcomes, strict=True):
        if each.reading.done():
            continue
        if isinstance(outcome, Exception):
            each.reading.set_exception(outcome)
        else:
            each.reading.set_result(outcome)
