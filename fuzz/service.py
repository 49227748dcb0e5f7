"""The service without a network in it and without sockets: bytes in, bytes out."""

import asyncio
import re
from typing import Any

import h11
import numpy as np
from uvicorn import Config
from uvicorn.server import ServerState

from crnn_seq2seq_ocr.checkpoint.folders import load_description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.outputs import LIKELY, Outputs
from crnn_seq2seq_ocr.serve import ServeSettings, create_app
from crnn_seq2seq_ocr.serve.connections import Limits, with_limits
from crnn_seq2seq_ocr.text import EOS_ID

OUR_MISTAKE = re.compile(rb"(?:^|\r\n\r\n.*?)HTTP/1\.1 500")


class _Blank:
    """Reads nothing in every picture, as quickly as can be."""

    device, concurrency, can_search, recognizer = "cpu", 1, False, None

    def __init__(self) -> None:
        self.description = load_description(pretrained_models()["words"])

    def read(self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: object = None) -> Outputs:
        """See `Backend`."""
        count = len(images)
        tokens = np.full((count, 1), EOS_ID)
        likely = np.full((count, 1, LIKELY), EOS_ID)
        nothing = np.zeros((count, 1, view_mask.shape[1], 1, 4), np.float32)
        sure = np.zeros((count, 1), np.float32)
        return Outputs(tokens, sure, np.ones(count, np.int64), nothing, likely, np.zeros(likely.shape, np.float32))


class _Transport(asyncio.Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.sent, self._closing = bytearray(), False

    def write(self, data: Any) -> None:
        self.sent += data

    def close(self) -> None:
        self._closing = True

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        """Nothing more comes anyway."""

    resume_reading = pause_reading


class Service:
    """One that runs as long as the process."""

    def __init__(self) -> None:
        settings = ServeSettings()
        self._app = create_app(Reader(_Blank()), settings)
        self._protocol = with_limits(Limits(settings, frozenset(), 8))
        self._config = Config(self._app, lifespan="off", log_config=None, ws="none")
        self._config.load()
        self._loop = asyncio.new_event_loop()
        self._running = self._app.router.lifespan_context(self._app)
        self._loop.run_until_complete(self._running.__aenter__())

    def answer(self, content: bytes) -> bytes:
        """Return what a client gets that sends this and goes.

        Raises:
            AssertionError: The service made a mistake.
        """
        sent = self._loop.run_until_complete(self._answer(content))
        assert not OUR_MISTAKE.search(sent), sent[:2000]
        return sent

    async def _answer(self, content: bytes) -> bytes:
        state, transport = ServerState(), _Transport()
        connection = self._protocol(self._config, state, {}, self._loop)
        connection.connection_made(transport)
        connection.data_received(content or b" ")  # a socket never gives nothing
        if connection.conn.their_state is h11.SEND_BODY:  # the rest never comes
            await asyncio.sleep(0)
            connection.connection_lost(None)
        while state.tasks:
            await asyncio.wait(state.tasks)
            await asyncio.sleep(0)  # a request that came with this one begins
        if connection in state.connections:
            connection.connection_lost(None)
        return bytes(transport.sent)
