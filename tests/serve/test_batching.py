"""Gathering texts into batches, with a reader that is none."""

import asyncio
import itertools
import threading
from typing import Any

import pytest

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.reader import Reading
from crnn_seq2seq_ocr.serve.batching import Batcher, ClosedError, QueueFullError


class Echo:
    """Reads the names of samples, noting its batches; holds on where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self, samples: list[Sample]) -> list[Reading]:
        self.batches.append([each.name for each in samples])
        self.began.set()
        assert self.go_on.wait(20)
        return [Reading(each.name, each.name, 1.0, ()) for each in samples]


def sample(name: object) -> Sample:
    return Sample(str(name), (b"",), "")


def batcher(read: Any, **settings: Any) -> Batcher:
    made = Batcher(read, **{"batch_size": 4, "most_together": 4, "gather_seconds": 0.01, "most_waiting": 8} | settings)
    made.start()
    return made


async def began(echo: Echo) -> None:
    assert await asyncio.to_thread(echo.began.wait, 20)


def test_texts_of_several_clients_share_batches_and_each_gets_its_own() -> None:
    echo = Echo()

    async def scene() -> list[list[Reading]]:
        made = batcher(echo, gather_seconds=1.0, batch_size=6, most_together=6)
        found = await asyncio.gather(*(made.read([sample(f"{n}a"), sample(f"{n}b")]) for n in range(3)))
        await made.close()
        return found

    found = asyncio.run(scene())
    assert [[each.text for each in readings] for readings in found] == [[f"{n}a", f"{n}b"] for n in range(3)]
    assert echo.batches == [["0a", "0b", "1a", "1b", "2a", "2b"]]


def test_what_came_while_a_batch_was_read_is_read_together_up_to_a_limit() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo, batch_size=1, most_together=3)
        reads = [asyncio.create_task(made.read([sample("first")]))]
        await began(echo)
        reads += [asyncio.create_task(made.read([sample(n)])) for n in range(5)]
        await asyncio.sleep(0)
        echo.go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert echo.batches == [["first"], ["0", "1", "2"], ["3", "4"]]


def test_one_text_alone_does_not_wait_for_ever() -> None:
    async def scene() -> list[Reading]:
        made = batcher(Echo())
        found = await made.read([sample("a")])
        await made.close()
        return found

    assert asyncio.run(scene())[0].text == "a"


def test_what_comes_while_a_batch_is_read_makes_up_the_next() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo)
        reads = [asyncio.create_task(made.read([sample("first")]))]
        await began(echo)
        reads += [asyncio.create_task(made.read([sample(n)])) for n in range(6)]
        await asyncio.sleep(0)
        assert made.waiting == 6
        echo.go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert [len(batch) for batch in echo.batches] == [1, 4, 2]


def test_a_full_queue_takes_all_of_a_request_or_nothing() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo, most_waiting=3)
        reads = [asyncio.create_task(made.read([sample("first")]))]
        await began(echo)
        reads.append(asyncio.create_task(made.read([sample(1), sample(2)])))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError) as full:
            await made.read([sample(3), sample(4)])
        assert full.value.seconds > 0
        assert made.waiting == 2
        echo.go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert list(itertools.chain.from_iterable(echo.batches)) == ["first", "1", "2"]


def test_closing_reads_what_was_accepted_and_takes_nothing_new() -> None:
    echo = Echo()

    async def scene() -> list[Any]:
        echo.go_on.clear()
        made = batcher(echo, batch_size=1, most_together=1)
        reads = [asyncio.create_task(made.read([sample(n)])) for n in range(3)]
        await began(echo)
        closing = asyncio.create_task(made.close())
        await asyncio.sleep(0)
        assert not made.ready
        with pytest.raises(ClosedError):
            await made.read([sample("late")])
        echo.go_on.set()
        await closing
        return await asyncio.gather(*reads)

    assert [found[0].text for found in asyncio.run(scene())] == ["0", "1", "2"]


def test_texts_of_clients_that_have_gone_are_not_read() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo)
        first = asyncio.create_task(made.read([sample("first")]))
        await began(echo)
        gone = asyncio.create_task(made.read([sample("gone")]))
        await asyncio.sleep(0)
        gone.cancel()
        last = asyncio.create_task(made.read([sample("last")]))
        await asyncio.sleep(0)
        echo.go_on.set()
        await asyncio.gather(first, last)
        await made.close()

    asyncio.run(scene())
    assert list(itertools.chain.from_iterable(echo.batches)) == ["first", "last"]


def test_a_batch_that_fails_fails_alone() -> None:
    calls = []

    def read(samples: list[Sample]) -> list[Reading]:
        calls.append(samples)
        if len(calls) == 1:
            raise RuntimeError("broken")
        return Echo()(samples)

    async def scene() -> list[Reading]:
        made = batcher(read)
        with pytest.raises(RuntimeError, match="broken"):
            await made.read([sample("a"), sample("b")])
        assert made.ready
        found = await made.read([sample("c")])
        await made.close()
        return found

    assert asyncio.run(scene())[0].text == "c"
