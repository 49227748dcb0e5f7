"""Which picture a person labels next: least sure first, no picture given to two people at once."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from crnn_seq2seq_ocr.labelling.store import Label, LabelStore

LEASE_SECONDS = 600.0
"""How long a picture that was handed out is kept for that person."""


class Item(NamedTuple):
    """A picture to label.

    Attributes:
        file: Its name from the folder.
        text: What the model read, or what was said of it before.
        confidence: How sure the model is, 0 to 1; None where it has not read the picture.
    """

    file: str
    text: str
    confidence: float | None


class Progress(NamedTuple):
    """How far the work is: pictures in all, with a text, unreadable, and read by the model."""

    total: int
    labelled: int
    unreadable: int
    read: int


class Queue:
    """Hands out pictures and keeps what people say of them; safe to use from many threads.

    Args:
        store: Where labels are kept.
        files: All pictures, named from the folder.
        clock: Seconds, for leases.
    """

    def __init__(self, store: LabelStore, files: list[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._items = {file: Item(file, "", None) for file in files}
        self._leases: dict[str, tuple[str, float]] = {}
        self._skipped: dict[str, int] = {}
        self._done: dict[str, list[tuple[str, Label | None]]] = {}
        self._lock = threading.Lock()

    def read(self, file: str, text: str, confidence: float | None) -> None:
        """Note what the model read."""
        with self._lock:
            self._items[file] = Item(file, text, confidence)

    def next(self, by: str) -> Item | None:
        """Return the picture that a person should look at now; None when none is left for them.

        The one that they hold already comes first, then those they have skipped least often, then the least sure;
        pictures that the model has not read yet come after those that it has.
        """
        with self._lock:
            now = self._clock()
            self._leases = {file: lease for file, lease in self._leases.items() if lease[1] > now}
            free = [
                each
                for file, each in self._items.items()
                if file not in self._store.labels and self._leases.get(file, (by, 0))[0] == by
            ]
            if not free:
                return None
            best = min(free, key=self._order)
            self._release(by)
            self._leases[best.file] = (by, now + LEASE_SECONDS)
            return best

    def label(self, file: str, text: str | None, by: str) -> None:
        """Keep a person's word for a picture: its text, or None where it cannot be read.

        Raises:
            KeyError: There is no such picture.
            DataError: The text cannot be a label.
            StorageError: It could not be written; the picture stays to be labelled.
        """
        with self._lock:
            if file not in self._items:
                raise KeyError(file)
            before = self._store.labels.get(file)
            self._store.set(file, Label(text, by))
            self._done.setdefault(by, []).append((file, before))
            self._leases.pop(file, None)

    def skip(self, file: str, by: str) -> None:
        """Put a picture behind the others.

        Raises:
            KeyError: There is no such picture.
        """
        with self._lock:
            if file not in self._items:
                raise KeyError(file)
            self._skipped[file] = self._skipped.get(file, 0) + 1
            self._release(by)

    def undo(self, by: str) -> Item | None:
        """Take a person's last word back and hand the picture to them again; None if there is none.

        Where somebody else has labelled the picture since, that stays, and the word before is taken back instead.
        """
        with self._lock:
            words = self._done.get(by, [])
            while words:
                file, before = words.pop()
                current = self._store.labels.get(file)
                if current is None or current.by != by:
                    continue
                self._store.set(file, before)
                self._release(by)
                self._leases[file] = (by, self._clock() + LEASE_SECONDS)
                self._skipped.pop(file, None)
                return self._items[file]._replace(text=current.text or self._items[file].text)
            return None

    def progress(self) -> Progress:
        """How far the work is."""
        with self._lock:
            ours = [label for file, label in self._store.labels.items() if file in self._items]
            unreadable = sum(label.text is None for label in ours)
            read = sum(each.confidence is not None for each in self._items.values())
            return Progress(len(self._items), len(ours) - unreadable, unreadable, read)

    def _order(self, item: Item) -> tuple[bool, int, float]:
        held = item.file not in self._leases
        return held, self._skipped.get(item.file, 0), 2.0 if item.confidence is None else item.confidence

    def _release(self, by: str) -> None:
        self._leases = {file: lease for file, lease in self._leases.items() if lease[0] != by}
