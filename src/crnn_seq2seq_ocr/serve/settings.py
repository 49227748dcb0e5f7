"""What can be set about the service: its limits, and how it gathers pictures into batches."""

import re
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from crnn_seq2seq_ocr.config import Settings, Size

Seconds = Annotated[float, Field(gt=0)]


def is_origin(text: str) -> bool:
    """Whether it is an origin as browsers send it, or ``*``."""
    return text == "*" or re.fullmatch(r"https?://[^/?#\s@]+", text) is not None


class ServeSettings(Settings):
    """Limits protect one process with one model; a request beyond one of them is told which."""

    batch_size: Size = 32
    """Most texts that are read together."""
    gather_seconds: Annotated[float, Field(ge=0, le=1)] = 0.004
    """Longest that a text waits for others while a batch is being read; where none is, it is read at once."""
    most_waiting: Size = 256
    """Texts that may wait or be read, of all requests; beyond that, or beyond a client's share, a request gets 429."""
    most_requests: Size = 256
    """Requests in progress, those whose bodies are still coming too; beyond that they are refused with 429."""
    most_texts: Size = 32
    """Texts in one request."""
    most_positions: Size = 256
    """Places of a pattern that a request gives, its repetitions counted out."""
    most_pages: Size = 4
    """Whole photographs in one request."""
    most_pages_waiting: Size = 16
    """Whole photographs that may wait or be read; beyond that a request is refused with 429."""
    most_bytes: Size = 16 * 1024 * 1024
    """Size of a request's body."""
    most_pixels: Size = 24_000_000
    """Pixels that a picture claims to have; larger ones are refused before they are decoded."""
    most_request_pixels: Size = 48_000_000
    """Pixels that all pictures of a request have."""
    most_bytes_together: Size = 256 * 1024 * 1024
    """Size of all bodies that are held; beyond that, or beyond a client's share, requests are refused with 503."""
    most_connections: Size = 512
    """Open connections; further ones are closed at once."""
    most_connections_per_client: Size = 128
    """The same of one address (of IPv6, one network of 64 bits)."""
    most_wrong_keys: Size = 10
    """Wrong keys of one address in a minute; beyond that its requests get 429 until the minute is over."""
    head_seconds: Seconds = 10.0
    """Longest that the head of a request may take to come."""
    idle_seconds: Seconds = 30.0
    """Longest that a connection on which nothing is asked stays open."""
    answer_seconds: Seconds = 90.0
    """Longest from a request to the end of its response, however slowly its client takes it."""
    receive_seconds: Seconds = 20.0
    """Longest that a client may take to send its request."""
    read_seconds: Seconds = 30.0
    """Longest that an accepted request waits for its readings."""
    keys: tuple[SecretStr, ...] = ()
    """Keys, or ``sha256:`` and their digests, one of which comes with every request to ``/v1``; none: everyone may."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may ask from a browser (CORS), such as ``https://example.org``; ``*`` is every one."""

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not is_origin(origin):
                raise ValueError(f"{origin!r} is no origin: write it as https://example.org, without a path, or *")
        return origins

    @model_validator(mode="after")
    def _fits(self) -> "ServeSettings":
        if self.most_texts > self.most_waiting:
            raise ValueError("most_texts is at most most_waiting: a whole request must find room")
        if 2 * self.most_pages > self.most_pages_waiting:
            raise ValueError("most_pages is at most half of most_pages_waiting: a client alone gets half")
        if 2 * self.most_bytes > self.most_bytes_together:
            raise ValueError("most_bytes is at most half of most_bytes_together: a client alone gets half")
        return self
