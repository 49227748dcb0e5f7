"""TFRecord files without TensorFlow: framing, checksums, and random access through a cached index of offsets.

A record on disk is its length (uint64), the masked CRC32C of those 8 bytes (uint32), its bytes, and
the masked CRC32C of them (uint32), all little-endian; a file is records and nothing else.
"""

import functools
import logging
import os
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import google_crc32c
import numpy as np

from crnn_seq2seq_ocr.data.combined import locate
from crnn_seq2seq_ocr.data.index_cache import index_places, write_first
from crnn_seq2seq_ocr.data.mapped import MappedFile
from crnn_seq2seq_ocr.errors import DataError, RecordError
from crnn_seq2seq_ocr.system.files import replacing, writing

OnTruncated = Literal["error", "keep"]
"""What to do with a shard that breaks off or is damaged: refuse it, or keep the whole records before."""

HEAD = struct.Struct("<QI")  # length of the record, its CRC
AROUND = HEAD.size + 4  # bytes of a record besides its own

INDEX_VERSION = 1
INDEX_HEAD = struct.Struct("<8sIQqQI")  # magic, version, shard's size and mtime_ns, number of records, CRC of the rest
INDEX_MAGIC = b"CRNNOCRX"

OPEN_SHARDS = 64
"""Most shards that one process holds open (each takes two file descriptors)."""

log = logging.getLogger(__name__)


def masked_crc(data: bytes) -> int:
    """CRC32C of the bytes, rotated and offset as the format wants it."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.lru_cache(maxsize=1 << 16)
def _length_crc(length: int) -> int:
    return masked_crc(length.to_bytes(8, "little"))


def frame(record: bytes) -> bytes:
    """Frame a record as it stands in a file."""
    return HEAD.pack(len(record), _length_crc(len(record))) + record + masked_crc(record).to_bytes(4, "little")


def shard_name(prefix: str, shard: int, shards: int) -> str:
    """Return the customary name, such as ``train-00000-of-00512``."""
    return f"{prefix}-{shard:05d}-of-{shards:05d}"


def write_records(path: str | Path, records: Iterable[bytes]) -> int:
    """Write a file of records, and its folder where there is none; it appears only when it is complete.

    Returns:
        How many were written.

    Raises:
        StorageError: The file cannot be written.
    """
    path = Path(path)
    count = 0
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, partial.open("wb") as file:
            for record in records:
                file.write(frame(record))
                count += 1
    return count


def is_tfrecord(path: str | Path) -> bool:
    """Whether a file begins as one of records does."""
    with Path(path).open("rb") as file:
        head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        return False
    length, crc = HEAD.unpack(head)
    return bool(crc == _length_crc(length))


@dataclass(frozen=True)
class ShardIndex:
    """Where the records of one shard are.

    Attributes:
        offsets: (N,) uint64, first byte of each record's own bytes.
        lengths: (N,) uint64.
        fault: Why the shard ends early, for people; None where it is whole.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    fault: str | None = None

    def __len__(self) -> int:
        return len(self.offsets)


def read_index(path: str | Path, *, on_truncated: OnTruncated = "error") -> ShardIndex:
    """Read the index of a shard: cached if the cache fits the shard's size and time, else built and cached.

    The cache is ``.NAME.index`` beside the shard, or a file in the user's cache folder where the
    shard's folder cannot be written. Several processes may build at once: each replaces the whole file.

    Raises:
        DataError: There is no such file.
        RecordError: The shard is truncated or damaged, unless ``on_truncated`` is ``keep``: then the
            records before are indexed and `ShardIndex.fault` says what is wrong.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _read_index(path, file, os.fstat(file.fileno()), on_truncated)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def _read_index(path: Path, file: BinaryIO, stat: os.stat_result, on_truncated: OnTruncated) -> ShardIndex:
    places = index_places(path)
    index = next((found for found in (_load_index(place, stat) for place in places) if found is not None), None)
    if index is None:
        log.info("indexing %s", path)
        index = ShardIndex(*_scan(file, stat.st_size))
        _store_index(places, index, stat)
    end = int(index.offsets[-1] + index.lengths[-1]) + 4 if len(index) else 0
    if end == stat.st_size:
        return index
    fault = _explain_end(path, file, stat.st_size, end, len(index))
    if on_truncated == "error":
        raise RecordError(fault)
    return ShardIndex(index.offsets, index.lengths, fault)


def _scan(file: BinaryIO, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and lengths of the whole records from the start, up to the first that is not whole."""
    offsets, lengths = array("Q"), array("Q")
    place = 0
    while place + AROUND <= size:
        length, crc = _head(file, place)
        after = place + AROUND + length
        if after > size or crc != _length_crc(length):
            break
        offsets.append(place + HEAD.size)
        lengths.append(length)
        place = after
    return np.array(offsets, "<u8"), np.array(lengths, "<u8")


def _head(file: BinaryIO, place: int) -> tuple[int, int]:
    """Read the length of a record and its checksum; one that does not fit where the file has been cut short since."""
    file.seek(place)
    head = file.read(HEAD.size)
    return HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)


def _explain_end(path: Path, file: BinaryIO, size: int, end: int, count: int) -> str:
    """Explain what is wrong at the place where the whole records end."""
    remedy = (
        f"the {count:,} records before it are whole: fetch the file again, or go on without the rest (truncated=keep)"
    )
    left = size - end
    if left >= HEAD.size:
        length, crc = _head(file, end)
        if crc == _length_crc(length):
            return (
                f"{path}#{count}: truncated: the record at byte {end:,} takes {length + AROUND:,} bytes "
                f"but the file has only {left:,} more; {remedy}"
            )
        if end == 0:
            return f"{path} is not a TFRecord file, or its beginning is damaged{_gzip_hint(file)}"
        return (
            f"{path}#{count}: damaged: the length of the record at byte {end:,} fails its checksum, "
            f"so no later record can be found; {remedy}"
        )
    return f"{path}#{count}: truncated: the last {left} bytes, at byte {end:,}, are less than a record; {remedy}"


def _gzip_hint(file: BinaryIO) -> str:
    file.seek(0)
    return ": it is compressed with gzip, unpack it first" if file.read(2) == b"\x1f\x8b" else ""


def _load_index(place: Path, stat: os.stat_result) -> ShardIndex | None:
    """Load a cached index, memory-mapped; None where it is absent, damaged or not of the shard as it is now."""
    try:
        with place.open("rb") as file:
            magic, version, size, mtime, count, crc = INDEX_HEAD.unpack(file.read(INDEX_HEAD.size))
            fits = (magic, version, size, mtime) == (INDEX_MAGIC, INDEX_VERSION, stat.st_size, stat.st_mtime_ns)
            whole = os.fstat(file.fileno()).st_size == INDEX_HEAD.size + 16 * count
            if not (fits and whole and masked_crc(file.read()) == crc):
                return None
        if count == 0:
            return ShardIndex(np.empty(0, "<u8"), np.empty(0, "<u8"))
        numbers = np.memmap(place, "<u8", mode="r", offset=INDEX_HEAD.size, shape=(2, count))
    except (OSError, struct.error, ValueError):
        return None
    return ShardIndex(numbers[0], numbers[1])


def _store_index(places: Sequence[Path], index: ShardIndex, stat: os.stat_result) -> None:
    """Cache an index in the first place that can be written; nowhere is no error, only slower next time."""
    numbers = index.offsets.tobytes() + index.lengths.tobytes()
    head = INDEX_HEAD.pack(INDEX_MAGIC, INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(index), masked_crc(numbers))
    write_first(places, head + numbers)


class _Shard:
    """One shard held open: its bytes and its index, both memory-mapped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = read_index(path, on_truncated="keep")
        self._data = MappedFile(path)

    def view(self, record: int) -> memoryview:
        """Return the bytes of a record where they lie, unchecked."""
        return self._data.view(int(self.index.offsets[record]), int(self.index.lengths[record]))

    def read(self, record: int) -> bytes:
        """Read the bytes of a record, checked."""
        start = int(self.index.offsets[record])
        data = bytes(self.view(record))
        crc = int.from_bytes(self._data.view(start + len(data), 4), "little")
        if crc != masked_crc(data):
            raise RecordError(
                f"{self.path}#{record}: damaged: its {len(data):,} bytes at byte {start:,} fail "
                "their checksum; the other records are not touched: leave it out or fetch the file again"
            )
        return data


class TFRecords:
    """The records of one or more shards, one after the other, with random access.

    Pickles by its paths and counts; shards are mapped when first read, in each process for itself,
    and only the last `OPEN_SHARDS` of them stay open.

    Args:
        paths: The shards, in order.
        on_truncated: ``keep`` takes the whole records of shards that break off; see `faults`.

    Attributes:
        paths: The shards.
        faults: What is wrong with shards that were kept though truncated, one line each.

    Raises:
        DataError: A shard cannot be read, or there is no record at all.
        RecordError: Shards are truncated or damaged and ``on_truncated`` is ``error``; all are named.
    """

    def __init__(self, paths: Sequence[str | Path], *, on_truncated: OnTruncated = "error") -> None:
        self.paths = [Path(path) for path in paths]
        indexes = [read_index(path, on_truncated="keep") for path in self.paths]
        self.faults = [index.fault for index in indexes if index.fault]
        if self.faults and on_truncated == "error":
            raise RecordError("\n".join(self.faults))
        self._ends = np.cumsum([len(index) for index in indexes], dtype=np.int64)
        if not len(self):
            raise DataError(f"there are no records in {', '.join(map(str, self.paths[:3])) or 'no shards'}")
        self._opened = functools.lru_cache(OPEN_SHARDS)(_Shard)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_opened"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._opened = functools.lru_cache(OPEN_SHARDS)(_Shard)

    @property
    def ends(self) -> np.ndarray:
        """(S,) where each shard ends among all records."""
        return self._ends

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> bytes:
        """Return the bytes of a record, their checksum verified.

        Raises:
            RecordError: The checksum fails, or the shard has changed since the records were counted.
        """
        shard, record = self._find(index)
        return shard.read(record)

    def view(self, index: int) -> memoryview:
        """Return the bytes of a record where they lie on disk, without copying or verifying them."""
        shard, record = self._find(index)
        return shard.view(record)

    def name(self, index: int) -> str:
        """Where a record is: ``shard-file#record``."""
        shard, record = self._locate(index)
        return f"{self.paths[shard].name}#{record}"

    def _locate(self, index: int) -> tuple[int, int]:
        return locate(self._ends, index, "record")

    def _find(self, index: int) -> tuple[_Shard, int]:
        number, record = self._locate(index)
        shard = self._opened(self.paths[number])
        if record >= len(shard.index):
            raise RecordError(f"{shard.path} has changed since it was opened: start again")
        return shard, record
