"""Which texts of a listing are in an output already: a bit for each, found by going through both side by side."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from crnn_seq2seq_ocr.bulk.lines import one_line
from crnn_seq2seq_ocr.bulk.listing import Entry
from crnn_seq2seq_ocr.errors import DataError


class Marks:
    """What is done of a listing.

    Rows mostly stand in the listing's order. Only the names of those that do not are held: what failed and was read
    again, and what was added within the list later.

    Args:
        listing: The entries, the same each time.
        rows: The names of the rows of the output, as `one_line` shows them.
        path: Of the output, for messages.

    Attributes:
        total: Entries of the listing.
        done: How many of them are in the output.

    Raises:
        DataError: More is done than is listed.
    """

    def __init__(self, listing: Iterable[Entry], rows: Iterable[str], path: Path) -> None:
        self._listing = listing
        self._bits = bytearray()
        self.total = self.done = 0
        remaining = iter(rows)
        row = next(remaining, None)
        for entry in listing:
            if self.total % 8 == 0:
                self._bits.append(0)
            if row is not None and row == one_line(entry.name):
                self._mark(self.total)
                row = next(remaining, None)
            self.total += 1
        if row is not None:
            self._find(Counter([row]) + Counter(remaining), path)

    def pending(self) -> Iterator[Entry]:
        """Yield the entries that are not done, in order."""
        # Lines that were added to the list since are read the next time.
        for number, entry in zip(range(self.total), self._listing, strict=False):
            if not self._is_done(number):
                yield entry

    def _find(self, late: Counter[str], path: Path) -> None:
        """Mark what stands in another order."""
        for number, entry in zip(range(self.total), self._listing, strict=False):
            if not self._is_done(number) and late[name := one_line(entry.name)]:
                late[name] -= 1
                self._mark(number)
        if others := list(late.elements()):
            raise DataError(
                f"{path} holds {len(others):,} readings of what is not listed, {others[0]!r} for one: it was made of "
                "another list; name another output, or give the list that it was made of (more may be added to it)"
            )

    def _mark(self, number: int) -> None:
        self._bits[number >> 3] |= 1 << (number & 7)
        self.done += 1

    def _is_done(self, number: int) -> bool:
        return bool(self._bits[number >> 3] >> (number & 7) & 1)
