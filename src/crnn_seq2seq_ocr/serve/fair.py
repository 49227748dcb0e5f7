"""Threads shared fairly between clients: whatever would be finished first, had each its share, is begun first."""

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from crnn_seq2seq_ocr.data.sample import Sample

Done = TypeVar("Done")


@dataclass(order=True)
class Job(Generic[Done]):
    """A sample that waits for its turn.

    Attributes:
        finish: The virtual time at which it would be done, had each client a share of the threads.
        number: In the order in which they came.
        start: The virtual time at which it would be begun.
        sample: None where nobody waits for it any more.
        done: What it gives.
    """

    finish: int
    number: int
    start: int = field(compare=False)
    sample: Sample | None = field(compare=False)
    done: "asyncio.Future[Done]" = field(compare=False)

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self.sample = None
        self.done.cancel()


class Lane(Generic[Done]):
    """Threads and the jobs that wait for them, in the order of fair queueing.

    Args:
        work: Does a job; called from several threads.
        name: Of the threads.
        threads: How many.
    """

    def __init__(self, work: Callable[[Sample], Done], name: str, *, threads: int) -> None:
        self._do = work
        self._jobs: list[Job[Done]] = []  # a heap
        self._numbers = itertools.count()
        self._now = 0  # virtual time
        self._lock = threading.Lock()  # guards the heap and the time
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def put(self, sample: Sample, cost: int, *, after: int) -> Job[Done]:
        """Let a sample wait for its turn, which comes after those of its own request."""
        loop = asyncio.get_running_loop()
        with self._lock:
            start = max(self._now, after)
            job: Job[Done] = Job(start + cost, next(self._numbers), start, sample, loop.create_future())
            heapq.heappush(self._jobs, job)
        self._pool.submit(self._work, loop)
        return job

    def close(self, *, finish: bool) -> None:
        """Begin nothing more, or with `finish` wait until all is done."""
        self._pool.shutdown(wait=finish, cancel_futures=not finish)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Do the next job; as many are submitted as there are jobs."""
        with self._lock:
            job = heapq.heappop(self._jobs)
            sample = job.sample
            if sample is None:
                return
            self._now = max(self._now, job.start)
        try:
            outcome: Done | Exception = self._do(sample)
        except Exception as error:
            outcome = error
        loop.call_soon_threadsafe(_tell, job.done, outcome)


def _tell(done: "asyncio.Future[Done]", outcome: Done | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
