"""Indexes of large files: built once, kept in a file, and mapped into memory by every process that needs one."""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from crnn_seq2seq_ocr.system.files import replacing
from crnn_seq2seq_ocr.system.stores import cache_folder

Arrays = dict[str, np.ndarray]

VERSION = 1
_ALIGNED = 64

log = logging.getLogger(__name__)


def index_places(path: Path, key: str = "") -> list[Path]:
    """Where an index of a file may be: beside it, or in the user's cache folder.

    Args:
        path: The file.
        key: Tells several indexes of one file apart.
    """
    suffix = f".{hashlib.sha256(key.encode()).hexdigest()[:8]}" if key else ""
    places = [path.with_name(f".{path.name}{suffix}.index")]
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    with contextlib.suppress(RuntimeError):  # this user has no home
        places.append(cache_folder() / f"{digest}{suffix}.index")
    return places


def load_index(path: Path, key: str) -> Arrays | None:
    """Load the arrays that were kept for a file as it is now, memory-mapped; None where there are none."""
    wanted = _identity(path, key)
    for place in index_places(path, key):
        with contextlib.suppress(OSError, ValueError, KeyError):
            with place.open("rb") as file:
                head = json.loads(file.readline())
                start = _aligned(file.tell())
            if head["of"] == wanted and place.stat().st_size == start + head["size"]:
                return {name: _mapped(place, start, *each) for name, each in head["arrays"].items()}
    return None


def store_index(path: Path, key: str, arrays: Arrays) -> None:
    """Keep arrays for a file in the first place that can be written; nowhere is no error, only slower next time."""
    head, data = {}, bytearray()
    for name, array in arrays.items():
        data += bytes(_aligned(len(data)) - len(data))
        head[name] = (array.dtype.str, len(array), len(data))
        data += array.tobytes()
    line = json.dumps({"of": _identity(path, key), "size": len(data), "arrays": head}).encode() + b"\n"
    write_first(index_places(path, key), line.ljust(_aligned(len(line)), b"\0") + data)


def write_first(places: Sequence[Path], content: bytes) -> None:
    """Write a file to the first place that can be written; nowhere is no error, only slower next time.

    Args:
        places: Beside what is cached, then in our own cache folder, which is made if need be.
        content: Of the file.
    """
    for number, place in enumerate(places):
        try:
            if number:  # our own cache folder; never make that of what is cached
                place.parent.mkdir(parents=True, exist_ok=True)
            with replacing(place) as partial:
                partial.write_bytes(content)
        except OSError as error:
            log.info("cannot write the index %s: %s", place, error)
        else:
            return


def cached_index(path: Path, key: str, build: Callable[[], Arrays]) -> Arrays:
    """Return the arrays that `build` makes of a file: those kept from an earlier time, or made and kept now."""
    found = load_index(path, key)
    if found is None:
        log.info("indexing %s", path)
        found = build()
        store_index(path, key, found)
    return found


def _identity(path: Path, key: str) -> list[object]:
    stat = path.stat()
    return [VERSION, key, stat.st_size, stat.st_mtime_ns]


def _aligned(place: int) -> int:
    return -(-place // _ALIGNED) * _ALIGNED


def _mapped(place: Path, start: int, dtype: str, count: int, offset: int) -> np.ndarray:
    if count == 0:  # nothing cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(place, dtype, mode="r", offset=start + offset, shape=(count,))
