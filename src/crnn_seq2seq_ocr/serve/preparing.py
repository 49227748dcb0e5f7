"""Decoding of pictures in a few threads, shared fairly: nobody waits for the large pictures of others."""

import asyncio
import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.readings import PreparedSample, Reading

Prepared = PreparedSample | Reading
Prepare = Callable[[Sample], Prepared]

_LARGE = 2_000_000
"""Pictures of more pixels are large."""


@dataclass(order=True)
class _Job:
    finish: int  # the virtual time at which it would be done, had each client a share of the threads
    number: int
    start: int = field(compare=False)
    sample: Sample | None = field(compare=False)  # None: nobody waits for it any more
    done: "asyncio.Future[Prepared]" = field(compare=False)


class Preparer:
    """Prepares samples in the order of fair queueing.

    Time is counted in pixels: a request's pictures follow each other, those of several requests go on side by side,
    and the requests of one client share what one client gets. Whatever would be finished first is begun first, so a
    small picture passes the large ones of others, and of one's own; large ones have a thread of their own, so that
    there is always one for it.

    Args:
        prepare: Makes a sample ready to be read, or a reading that says why not; called from several threads.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._small, self._large = _Lane(prepare, "small", threads=2), _Lane(prepare, "large", threads=1)
        self._requests: Counter[str] = Counter()  # of each client, now

    async def prepare(self, samples: Sequence[Sample], pixels: Sequence[int], client: str) -> list[Prepared]:
        """Prepare samples, in order; those not begun when nobody waits any more are left out."""
        self._requests[client] += 1
        starts: Counter[_Lane] = Counter()
        jobs = []
        try:
            for sample, count in zip(samples, pixels, strict=True):
                lane = self._large if count > _LARGE else self._small
                jobs.append(lane.put(sample, count * self._requests[client], after=starts[lane]))
                starts[lane] = jobs[-1].finish
            return list(await asyncio.gather(*(each.done for each in jobs)))
        finally:
            self._requests[client] -= 1
            if not self._requests[client]:
                del self._requests[client]
            for each in jobs:
                each.sample = None
                each.done.cancel()

    def close(self) -> None:
        """Begin nothing more."""
        self._small.close()
        self._large.close()


class _Lane:
    """Threads and the jobs that wait for them."""

    def __init__(self, prepare: Prepare, name: str, *, threads: int) -> None:
        self._prepare = prepare
        self._jobs: list[_Job] = []  # a heap
        self._numbers = itertools.count()
        self._now = 0  # virtual time
        self._lock = threading.Lock()  # guards the heap and the time
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"preparing {name}")

    def put(self, sample: Sample, cost: int, *, after: int) -> _Job:
        """Let a sample wait for its turn, which comes after those of its own request."""
        loop = asyncio.get_running_loop()
        with self._lock:
            start = max(self._now, after)
            job = _Job(start + cost, next(self._numbers), start, sample, loop.create_future())
            heapq.heappush(self._jobs, job)
        self._pool.submit(self._work, loop)
        return job

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare the next one; as many are submitted as there are jobs."""
        with self._lock:
            job = heapq.heappop(self._jobs)
            sample = job.sample
            if sample is None:
                return
            self._now = max(self._now, job.start)
        try:
            outcome: Prepared | Exception = self._prepare(sample)
        except Exception as error:
            outcome = error
        loop.call_soon_threadsafe(_tell, job.done, outcome)


def _tell(done: "asyncio.Future[Prepared]", outcome: Prepared | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
