"""What the addresses share: who may ask how much, and reading within the time that is allowed."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from fastapi import FastAPI, Request

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.model.constraint import Constraint, check_length
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import SignReader
from crnn_seq2seq_ocr.pages.values import Page
from crnn_seq2seq_ocr.serve.batching import Batcher, ClosedError, QueueFullError
from crnn_seq2seq_ocr.serve.clients import Shares
from crnn_seq2seq_ocr.serve.keys import Keys
from crnn_seq2seq_ocr.serve.metrics import Metrics
from crnn_seq2seq_ocr.serve.pages import PageQueue
from crnn_seq2seq_ocr.serve.problems import Problem
from crnn_seq2seq_ocr.serve.requests import ParsedRequest
from crnn_seq2seq_ocr.serve.settings import ServeSettings

_Read = TypeVar("_Read")


class Service:
    """What the addresses share.

    Args:
        reader: What reads single texts.
        settings: Limits, keys and batches.
        pages: What reads whole photographs; None serves single texts only.
    """

    def __init__(self, reader: Reader, settings: ServeSettings, pages: PageReader | SignReader | None) -> None:
        self.pages = None if pages is None else PageQueue(pages, most_waiting=settings.most_pages_waiting)
        self.page_settings = settings.model_copy(update={"most_texts": settings.most_pages})
        self.description, self.settings = reader.description, settings
        self._tokenizer = reader.tokenizer
        self.views = reader.description.preprocessing.views
        self.keys = Keys(settings.keys, most_wrong=settings.most_wrong_keys)
        self.metrics = Metrics(lambda: self.batcher.waiting, lambda: self.pages.waiting if self.pages else 0)
        self._requests = Shares(settings.most_requests)
        self._bytes = Shares(settings.most_bytes_together)
        self.batcher = Batcher(
            reader.prepare,
            reader.read_prepared,
            batch_size=settings.batch_size,
            concurrency=reader.backend.concurrency,
            gather_seconds=settings.gather_seconds,
            most_waiting=settings.most_waiting,
            on_batch=self.metrics.batch,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Read while the application runs; what was accepted is finished at its end."""
        self.batcher.start()
        try:
            yield
        finally:
            await self.batcher.close()
            if self.pages is not None:
                await self.pages.close()

    @contextlib.contextmanager
    def admitted(self, client: str) -> Iterator[Callable[[int], None]]:
        """Count a request in, if there is room; what it gives is told the bytes of its body as they come."""
        if not self._requests.take(client, 1):
            raise _busy(1.0)
        held = 0

        def take(count: int) -> None:
            nonlocal held
            if not self._bytes.take(client, count):
                detail = "the service holds as many bytes of requests as it may: try again in 2 s, or send less at once"
                raise Problem(503, "no_room", detail, headers={"Retry-After": "2", "Connection": "close"})
            held += count

        try:
            yield take
        finally:
            self._bytes.give_back(client, held)
            self._requests.give_back(client, 1)

    async def read(self, asked: ParsedRequest, request: Request, client: str) -> list[Reading]:
        """Read a request, within the time allowed, and while its client is there."""
        samples, pixels = [text.sample() for text in asked.texts], [text.pixels for text in asked.texts]
        constraint = await asyncio.to_thread(self._constraint, asked)
        work = self.batcher.read(samples, pixels=pixels, client=client, constraint=constraint)
        return await self._in_time(request, work)

    def _constraint(self, asked: ParsedRequest) -> Constraint | None:
        """Return what a request allows; bounded in its size, so in the time it takes.

        Raises:
            Problem: 422, it is none, or allows nothing that the model reads.
        """
        if asked.allow is None and asked.pattern is None:
            return None
        try:
            found = Pattern(
                self._tokenizer, allow=asked.allow, expression=asked.pattern,
                most_positions=self.settings.most_positions,
            )  # fmt: skip
            check_length(found, self.description.max_length)
        except DataError as error:
            raise Problem(422, "constraint_invalid", str(error)) from None
        return found

    async def read_pages(self, asked: ParsedRequest, request: Request, client: str) -> list[Page]:
        """Read the pages of a request for single pictures, within the time allowed, and while its client is there."""
        assert self.pages is not None
        samples = [text.sample() for text in asked.texts]
        pages = await self._in_time(request, self.pages.read(samples, client=client))
        wrong = next((page for page in pages if page.error is not None), None)
        if wrong is not None:
            raise Problem(422, "picture_unreadable", str(wrong.error))
        return pages

    async def _in_time(self, request: Request, work: Coroutine[Any, Any, _Read]) -> _Read:
        try:
            async with asyncio.timeout(self.settings.read_seconds):
                return await _while_there(request, work)
        except QueueFullError as full:
            raise _busy(full.seconds) from None
        except TimeoutError:
            detail = f"reading took longer than {self.settings.read_seconds:g} seconds: try again later"
            raise Problem(503, "too_long", detail, headers={"Retry-After": "5"}) from None
        except ClosedError:
            raise Problem(503, "ending", "the service is ending: try again", headers={"Retry-After": "5"}) from None


async def _while_there(request: Request, work: Coroutine[Any, Any, _Read]) -> _Read:
    """Wait for what the work gives; stop it when the client goes away.

    Raises:
        Problem: 400, which nobody hears; the metrics count it.
    """
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Problem(400, "cut_short", "the client has gone")
    finally:
        for each in (working, gone):
            each.cancel()
        await asyncio.wait([working, gone])


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _busy(seconds: float) -> Problem:
    after = str(max(1, math.ceil(seconds)))
    detail = f"too many requests are waiting: try again in {after} s"
    return Problem(429, "busy", detail, headers={"Retry-After": after})
