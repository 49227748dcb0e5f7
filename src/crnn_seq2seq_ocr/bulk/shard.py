"""Which part of all pictures a process reads, when several share them."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.processes import process

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One of `count` equal parts, from 1; together they hold everything once."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Parse a shard such as ``3/8``.

        Raises:
            DataError: It is no such part.
        """
        number, _, count = text.partition("/")
        if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return cls(int(number), int(count))
        raise DataError(f"--shard {text!r} is no part: write 1/8 for the first of eight, up to 8/8 for the last")

    @classmethod
    def of_process(cls) -> "Shard | None":
        """Return the part of this process of `accelerate launch`, `torchrun` or the like; None if alone."""
        found = process()
        return None if found is None else cls(found[0] + 1, found[1])

    def take(self, items: Iterable[Item]) -> Iterator[Item]:
        """Every `count`-th item: slow and quick pictures are spread over all parts."""
        return itertools.islice(items, self.number - 1, None, self.count)

    def path(self, path: Path) -> Path:
        """``readings-3-of-8.jsonl`` for ``readings.jsonl``: processes never write to one file."""
        return path.with_stem(f"{path.stem}-{self.number}-of-{self.count}")
