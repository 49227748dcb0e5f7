"""Which samples a model learns from, and which are held out to choose the best checkpoint and to measure with."""

from dataclasses import dataclass

from crnn_seq2seq_ocr.data.hashing import hash_places
from crnn_seq2seq_ocr.data.sources import open_source, with_option
from crnn_seq2seq_ocr.errors import DataError

LEAST = 10
"""With fewer samples there is nothing to measure."""

HELD_OUT = 0.2
"""Share of the samples that is held out ..."""
FEWEST_HELD_OUT, MOST_HELD_OUT = 20, 1000
"""... but so many, and never more than a third of all."""


@dataclass(frozen=True)
class Split:
    """Two data sets, as `data.sources.open_source` takes them.

    Attributes:
        learn: To learn from.
        check: Held out.
        until: Percent of the hash up to which `learn` goes; 100 where the user named the held-out part.
        data: What `learn` is a part of.
    """

    learn: str
    check: str
    until: float
    data: str

    def share(self, part: float) -> str:
        """Return a part of `learn`, such as 1/8; each larger part holds the smaller ones."""
        return with_option(self.data, f"hash=0-{self.until * part:g}")


def split(data: str, held_out: str | None) -> Split:
    """Hold out what the user named, else a fifth of the data by the hash of its texts.

    Raises:
        DataError: It cannot be opened, holds fewer than `LEAST` samples, or is drawn.
    """
    places = hash_places(open_source(data))
    if len(places) < LEAST:
        raise DataError(f"{data} has {len(places)} samples, {LEAST} are the fewest to learn from: label some more")
    if held_out is not None:
        if len(open_source(held_out)) == 0:
            raise DataError(f"{held_out} holds no samples: name other data with --held-out")
        return Split(data, held_out, 100.0, data)
    if with_option(data, "hash=0-100") == data:
        raise DataError(f"{data} is drawn and has no parts: name what to measure with, by --held-out")
    until = _until(places)
    return Split(with_option(data, f"hash=0-{until}"), with_option(data, f"hash={until}-100"), until, data)


def _until(places: list[float]) -> int:
    """Return the highest whole percent from which on enough samples are held out."""
    wanted = min(max(FEWEST_HELD_OUT, round(HELD_OUT * len(places))), len(places) // 3, MOST_HELD_OUT)
    return next(percent for percent in range(99, 0, -1) if sum(place >= percent for place in places) >= wanted)
