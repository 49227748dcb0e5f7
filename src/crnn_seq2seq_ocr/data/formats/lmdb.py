"""LMDB in the layout of deep-text-recognition-benchmark, in which scene text is passed on: MJ, ST, Union14M.

Keys, source: ``create_lmdb_dataset.py`` of that project; numbers begin at 1::

    num-samples        how many, in decimal digits
    image-000000001    the encoded picture
    label-000000001    its text, UTF-8
"""

import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.data.combined import within
from crnn_seq2seq_ocr.data.formats.format import Format
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, RecordError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.text import normalize

DATA = "data.mdb"
COUNT = b"num-samples"

_MAGIC = b"\xde\xc0\xef\xbe"
"""At byte 16 of every LMDB file."""


def image_key(number: int) -> bytes:
    """Return the key of a picture, numbers from 1."""
    return b"image-%09d" % number


def label_key(number: int) -> bytes:
    """Return the key of a text, numbers from 1."""
    return b"label-%09d" % number


class LmdbSamples:
    """Pictures and texts of an LMDB.

    Pickles by its path; opened when first needed, in each process for itself.

    Args:
        path: Its folder, or its file.

    Raises:
        DataError: It cannot be opened, or is of another layout.
        DependencyError: The package lmdb is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: _Opened | None = None
        self._count = self._read_count()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_opened": None}

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"LMDB {self.path}: {len(self):,} samples"

    @property
    def faults(self) -> list[str]:
        """Nothing: what is missing shows where it is read."""
        return []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Sample:
        """Read a sample.

        Raises:
            RecordError: Its picture or text is missing or damaged.
        """
        text = self.text(index)
        key = image_key(index + 1)
        return Sample(key.decode(), (self._value(key),), text)

    def text(self, index: int) -> str:
        """Return the text of a sample, without reading its picture."""
        key = label_key(within(index, len(self)) + 1)
        try:
            return normalize(self._value(key).decode())
        except UnicodeDecodeError as error:
            raise RecordError(f"{image_key(index + 1).decode()}: its text is not UTF-8 (byte {error.start})") from None

    def _value(self, key: bytes) -> bytes:
        value = self._environment().get(key)
        if value is None:
            raise RecordError(f"{key.decode()}: {self.path} does not hold it, though it says it has {len(self):,}")
        return value

    def _read_count(self) -> int:
        count = self._environment().get(COUNT)
        if count is None or not count.isdigit() or len(count) > 18:
            raise DataError(
                f"{self.path} is an LMDB of another layout: it has no {COUNT.decode()} "
                "(known is that of deep-text-recognition-benchmark: num-samples, image-000000001, label-000000001)"
            )
        if int(count) > self._environment().entries:
            raise DataError(
                f"{self.path} says it has {int(count):,} samples, and holds {self._environment().entries:,} entries: "
                "it was not written to its end, or is damaged; make it anew"
            )
        return int(count)

    def _environment(self) -> "_Opened":
        if self._opened is None:
            self._opened = _open(self.path)
        return self._opened


class _Opened:
    """An LMDB held open for reading."""

    def __init__(self, path: Path) -> None:
        with needing(f"reading the LMDB {path}"):
            import lmdb
        self._lmdb = lmdb
        self._path = path
        try:
            # Many processes read, none writes: no lock file is needed, and random access wants no reading ahead.
            self._environment = lmdb.open(
                str(path), subdir=False, readonly=True, lock=False, readahead=False, meminit=False,
                max_spare_txns=4,
            )  # fmt: skip
        except lmdb.Error as error:
            raise DataError(f"cannot open the LMDB {path}: {error}") from None

    @property
    def entries(self) -> int:
        """How many keys it holds."""
        return int(self._environment.stat()["entries"])

    def get(self, key: bytes) -> bytes | None:
        try:
            with self._environment.begin() as transaction:
                value: bytes | None = transaction.get(key)
                return value
        except self._lmdb.Error as error:
            raise RecordError(f"{key.decode()}: the LMDB {self._path} is damaged: {error}") from None


_open_here: "weakref.WeakValueDictionary[tuple[int, str], _Opened]" = weakref.WeakValueDictionary()
"""What this process holds open: LMDB does not allow the same file twice in one process."""


def _open(path: Path) -> _Opened:
    file = path / DATA if path.is_dir() else path
    key = (os.getpid(), str(file.resolve()))
    found = _open_here.get(key)
    if found is None:
        found = _open_here[key] = _Opened(file)
    return found


def write_samples(folder: Path, first: int, samples: Iterable[tuple[bytes, str]]) -> int:
    """Put samples into an LMDB, which is made if need be; all of them or none.

    Args:
        folder: Of the LMDB.
        first: The number of the first one, from 1.
        samples: Pictures and texts.

    Returns:
        How many there are now: the last number.
    """
    with needing("writing an LMDB"):
        import lmdb
    pairs = list(samples)
    size = sum(len(picture) + len(text) for picture, text in pairs)
    last = first - 1 + len(pairs)
    file = folder / DATA
    # The map must be larger than the file will be; a picture may leave the rest of a page of 4 KiB empty.
    room = (file.stat().st_size if file.exists() else 0) + 2 * size + 16_384 * (len(pairs) + 64)
    with (
        lmdb.open(str(folder), map_size=room, meminit=False) as environment,
        environment.begin(write=True) as transaction,
    ):
        for number, (picture, text) in enumerate(pairs, first):
            transaction.put(image_key(number), picture)
            transaction.put(label_key(number), text.encode())
        transaction.put(COUNT, str(last).encode())
    return last


def _is_lmdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[16:] == _MAGIC


FORMAT = Format(
    name="an LMDB",
    accepted=f"an LMDB (a folder with {DATA}, or its file)",
    marks=lambda name: name == DATA,
    reads=_is_lmdb,
    open=lambda paths, options: LmdbSamples(paths[0]),
)
