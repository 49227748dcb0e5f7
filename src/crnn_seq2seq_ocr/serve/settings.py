"""What can be set about the service: its limits, and how it gathers pictures into batches."""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from crnn_seq2seq_ocr.config import Settings, Size

Seconds = Annotated[float, Field(gt=0)]


class ServeSettings(Settings):
    """Limits protect one process with one model; a request beyond one of them is told which."""

    batch_size: Size = 32
    """Most texts that are read together."""
    gather_seconds: Annotated[float, Field(ge=0, le=1)] = 0.004
    """Longest that a text waits for others while a batch is being read; where none is, it is read at once."""
    most_waiting: Size = 256
    """Texts that may wait to be read; beyond that a request is refused with 429."""
    most_requests: Size = 256
    """Requests in progress, those whose bodies are still coming too; beyond that they are refused with 429."""
    most_texts: Size = 32
    """Texts in one request."""
    most_bytes: Size = 16 * 1024 * 1024
    """Size of a request's body."""
    most_pixels: Size = 24_000_000
    """Pixels that a picture claims to have; larger ones are refused before they are decoded."""
    receive_seconds: Seconds = 20.0
    """Longest that a client may take to send its request."""
    read_seconds: Seconds = 30.0
    """Longest that an accepted request waits for its readings."""
    keys: tuple[SecretStr, ...] = ()
    """Keys of which one must come with every request to ``/v1``; none: everyone may read."""

    @model_validator(mode="after")
    def _fits(self) -> "ServeSettings":
        if self.most_texts > self.most_waiting:
            raise ValueError("most_texts is at most most_waiting: a whole request must find room")
        return self
