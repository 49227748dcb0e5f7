"""Gathering texts into batches, with a reader that is none."""

import asyncio
import itertools
import threading
from typing import Any

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.readings import PreparedSample, Reading, failed
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.serve.batching import Batcher, ClosedError, QueueFullError
from crnn_seq2seq_ocr.text import Tokenizer


class Echo:
    """Reads the names of samples, noting its batches; holds on where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self, prepared: list[PreparedSample], *, lexicon: object = None) -> list[Reading]:
        self.batches.append([each.name for each in prepared])
        self.began.set()
        assert self.go_on.wait(20)
        return [Reading(each.name, each.name, 1.0, ()) for each in prepared]


def sample(name: object, width: int = 1) -> Sample:
    return Sample(str(name), (np.zeros((1, width, 3), np.uint8),), "")


def prepare(sample: Sample) -> PreparedSample | Reading:
    if sample.name == "broken":
        return failed(sample.name, DataError("broken"))
    return PreparedSample(sample.name, np.stack(sample.images), np.array([True]))


def batcher(read: Any, prepare: Any = prepare, **settings: Any) -> Batcher:
    usual = {"batch_size": 4, "concurrency": 1, "gather_seconds": 0.01, "most_waiting": 16}
    made = Batcher(prepare, read, **usual | settings)
    made.start()
    return made


async def queued(made: Batcher, count: int) -> None:
    """Until so many texts are prepared and wait."""
    while made._queued() != count:
        await asyncio.sleep(0.001)


async def began(echo: Echo) -> None:
    assert await asyncio.to_thread(echo.began.wait, 20)


def test_texts_of_several_clients_share_batches_and_each_gets_its_own() -> None:
    echo = Echo()

    async def scene() -> list[list[Reading]]:
        made = batcher(echo, batch_size=6)
        reads = []
        echo.go_on.clear()
        first = asyncio.create_task(made.read([sample("first")]))
        await began(echo)
        for n in range(3):
            reads.append(asyncio.create_task(made.read([sample(f"{n}a"), sample(f"{n}b")])))
            await queued(made, 2 * n + 2)
        echo.go_on.set()
        found = await asyncio.gather(*reads)
        await first
        await made.close()
        return found

    found = asyncio.run(scene())
    assert [[each.text for each in readings] for readings in found] == [[f"{n}a", f"{n}b"] for n in range(3)]
    assert echo.batches == [["first"], ["0a", "0b", "1a", "1b", "2a", "2b"]]


def test_texts_of_different_constraints_are_not_read_together() -> None:
    seen: list[tuple[list[str], str | None]] = []

    def read(prepared: list[PreparedSample], *, lexicon: Pattern | None) -> list[Reading]:
        seen.append(([each.name for each in prepared], lexicon and lexicon.description))
        return [Reading(each.name, each.name, 1.0, ()) for each in prepared]

    async def scene() -> None:
        made = batcher(read, batch_size=8, gather_seconds=0.05)
        one, other = (Pattern(Tokenizer("ab"), allow=each) for each in "ab")
        chosen = {"a": one, "b": other, "c": Pattern(Tokenizer("ab"), allow="a"), "d": None}
        await asyncio.gather(*(made.read([sample(name)], constraint=each) for name, each in chosen.items()))
        await made.close()

    asyncio.run(scene())
    kinds = {name: told for names, told in seen for name in names}
    assert kinds == {"a": "the characters a", "b": "the characters b", "c": "the characters a", "d": None}


def test_while_one_batch_is_read_another_waits_for_more_but_not_long() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo, concurrency=2, batch_size=3, gather_seconds=0.5)
        reads = [asyncio.create_task(made.read([sample("first")]))]
        await began(echo)
        echo.began.clear()
        for name in "abc":
            assert not echo.began.is_set()
            reads.append(asyncio.create_task(made.read([sample(name)])))
            await asyncio.sleep(0.01)
        await began(echo)  # full, and the first is not read yet
        echo.go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert echo.batches == [["first"], ["a", "b", "c"]]


def test_pictures_of_one_width_are_read_together_and_those_first_that_wait_longest() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo)
        reads = [asyncio.create_task(made.read([sample("first")]))]
        await began(echo)
        for number, width in enumerate([64, 32, 32, 96, 64]):
            reads.append(asyncio.create_task(made.read([sample(f"{number}-{width}", width)])))
            await queued(made, number + 1)
        echo.go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert echo.batches == [["first"], ["0-64", "4-64"], ["1-32", "2-32"], ["3-96"]]


def test_a_batch_is_answered_before_the_next_is_read() -> None:
    echo, go_on = Echo(), threading.Event()

    def read(prepared: list[PreparedSample], *, lexicon: object = None) -> list[Reading]:
        assert prepared[0].name == "narrow" or go_on.wait(20)
        return echo(prepared)

    async def scene() -> None:
        made = batcher(read, batch_size=2)
        narrow, wide = (asyncio.create_task(made.read([sample(*each)])) for each in (("narrow", 1), ("wide", 2)))
        assert (await narrow)[0].text == "narrow"
        go_on.set()
        assert (await wide)[0].text == "wide"
        await made.close()

    asyncio.run(scene())


def test_what_cannot_be_prepared_is_told_in_its_place() -> None:
    echo = Echo()

    async def scene() -> list[Reading]:
        made = batcher(echo)
        found = await made.read([sample("a"), sample("broken"), sample("b")])
        found += await made.read([sample("broken")])
        await made.close()
        return found

    found = asyncio.run(scene())
    assert [each.error or each.text for each in found] == ["a", "broken", "b", "broken"]
    assert echo.batches == [["a", "b"]]


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
        await queued(made, 6)
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
        made = batcher(echo, batch_size=1)
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
        await queued(made, 1)
        gone.cancel()
        await queued(made, 0)  # at once, not when its turn would come
        assert made.waiting == 0
        last = asyncio.create_task(made.read([sample("last")]))
        await queued(made, 1)
        echo.go_on.set()
        await asyncio.gather(first, last)
        await made.close()

    asyncio.run(scene())
    assert list(itertools.chain.from_iterable(echo.batches)) == ["first", "last"]


def test_a_text_that_fails_fails_alone() -> None:
    echo = Echo()

    def read(prepared: list[PreparedSample], *, lexicon: object = None) -> list[Reading]:
        if any(each.name == "bad" for each in prepared):
            raise RuntimeError("broken")
        return echo(prepared)

    async def scene() -> list[Reading]:
        echo.go_on.clear()
        made = batcher(read)
        first = asyncio.create_task(made.read([sample("first")]))
        await began(echo)
        reads = [asyncio.create_task(made.read([sample(name)])) for name in ("a", "bad", "b")]
        await queued(made, 3)
        echo.go_on.set()
        good, bad, other = await asyncio.gather(*reads, return_exceptions=True)
        assert isinstance(bad, RuntimeError)
        assert made.ready
        await first
        await made.close()
        return [*good, *other]

    assert [each.text for each in asyncio.run(scene())] == ["a", "b"]


def test_no_client_takes_more_places_than_it_leaves() -> None:
    echo = Echo()

    async def scene() -> None:
        echo.go_on.clear()
        made = batcher(echo, most_waiting=8)
        reads = [asyncio.create_task(made.read([sample("first")], client="a"))]
        await began(echo)
        reads += [asyncio.create_task(made.read([sample(f"a{n}")], client="a")) for n in range(4)]
        await queued(made, 4)
        with pytest.raises(QueueFullError):
            await made.read([sample("more")], client="a")
        reads.append(asyncio.create_task(made.read([sample("b")], client="b")))
        await queued(made, 5)
        echo.go_on.set()
        await asyncio.gather(*reads)
        assert made.waiting == 0
        await made.close()

    asyncio.run(scene())
    assert sum(map(len, echo.batches)) == 6


def test_preparing_stops_when_nobody_waits() -> None:
    begun: list[str] = []
    go_on = threading.Event()

    def slow(sample: Sample) -> PreparedSample | Reading:
        begun.append(sample.name)
        assert go_on.wait(20)
        return prepare(sample)

    async def scene() -> None:
        made = batcher(Echo(), slow)
        late = asyncio.create_task(made.read([sample(n) for n in range(8)]))
        while len(begun) < 2:
            await asyncio.sleep(0.001)
        assert made.waiting == 8
        late.cancel()
        await asyncio.wait([late])
        assert made.waiting == 0
        go_on.set()
        assert (await made.read([sample("next")]))[0].text == "next"
        await made.close()

    asyncio.run(scene())
    assert begun == ["0", "1", "next"]


def test_a_small_picture_passes_the_large_ones_of_others_and_of_its_own_client() -> None:
    go_on = threading.Event()

    def slow(sample: Sample) -> PreparedSample | Reading:
        assert sample.name == "small" or go_on.wait(20)
        return prepare(sample)

    async def scene() -> None:
        made = batcher(Echo(), slow, most_waiting=100)
        large = [
            asyncio.create_task(made.read([sample("large") for _ in range(4)], pixels=[24_000_000] * 4, client="a"))
            for _ in range(5)
        ]
        await asyncio.sleep(0.02)
        for client in "ab":  # while all large ones are held up
            assert (await made.read([sample("small")], pixels=[3000], client=client))[0].text == "small"
        go_on.set()
        await asyncio.gather(*large)
        await made.close()

    asyncio.run(scene())


def test_large_pictures_take_turns_between_requests() -> None:
    begun: list[str] = []
    go_on = threading.Event()

    def slow(sample: Sample) -> PreparedSample | Reading:
        begun.append(sample.name)
        assert go_on.wait(20)
        return prepare(sample)

    async def scene() -> None:
        made = batcher(Echo(), slow, most_waiting=100)
        reads = [
            asyncio.create_task(made.read([sample(each)] * 3, pixels=[9_000_000] * 3, client=each)) for each in "ab"
        ]
        while not begun:
            await asyncio.sleep(0.001)
        reads.append(asyncio.create_task(made.read([sample("c")], pixels=[4_000_000], client="c")))
        await asyncio.sleep(0.02)
        go_on.set()
        await asyncio.gather(*reads)
        await made.close()

    asyncio.run(scene())
    assert begun == ["a", "c", "b", "a", "b", "a", "b"]
