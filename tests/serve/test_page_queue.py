"""Photographs that wait: the clients are served in turn."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from typing import Any, cast

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.pages.values import Page
from crnn_seq2seq_ocr.serve.pages import PageQueue


class Held:
    """Reads a photograph when it may."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.read: list[str] = []

    def stream(self, samples: Iterable[Sample]) -> Iterator[Page]:
        for sample in samples:
            self.go.wait(10)
            self.read.append(sample.name)
            yield Page(sample.name, (8, 8), ())


def test_one_clients_many_photographs_do_not_keep_another_waiting() -> None:
    reader = Held()

    async def serve() -> None:
        queue = PageQueue(cast(Any, reader), most_waiting=16)
        asked = [(f"a{number}", "a") for number in range(6)] + [("b", "b")]
        waiting = []
        for name, client in asked:
            waiting.append(asyncio.create_task(queue.read([Sample(name, (), "")], client=client)))
            await asyncio.sleep(0)
        assert queue.waiting == 7
        reader.go.set()
        pages = await asyncio.gather(*waiting)
        assert [page.name for (page,) in pages] == [name for name, _ in asked]
        await queue.close()

    asyncio.run(serve())
    assert reader.read.index("b") <= 1  # after the one that had begun
    assert sorted(reader.read) == ["a0", "a1", "a2", "a3", "a4", "a5", "b"]
