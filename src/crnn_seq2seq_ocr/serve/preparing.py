"""Decoding of pictures in a few threads, shared fairly: nobody waits for the large pictures of others."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.readings import PreparedSample, Reading
from crnn_seq2seq_ocr.serve.fair import Lane

Prepared = PreparedSample | Reading
Prepare = Callable[[Sample], Prepared]

_LARGE = 2_000_000
"""Pictures of more pixels are large."""


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
        self._small = Lane(prepare, "preparing small", threads=2)
        self._large = Lane(prepare, "preparing large", threads=1)
        self._requests: Counter[str] = Counter()  # of each client, now

    async def prepare(self, samples: Sequence[Sample], pixels: Sequence[int], client: str) -> list[Prepared]:
        """Prepare samples, in order; those not begun when nobody waits any more are left out."""
        self._requests[client] += 1
        starts: Counter[Lane[Prepared]] = Counter()
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
                each.leave()

    def close(self) -> None:
        """Begin nothing more."""
        self._small.close(finish=False)
        self._large.close(finish=False)
