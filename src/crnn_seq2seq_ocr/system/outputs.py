"""Outputs for object stores: written on this computer, and sent whole when they are complete.

    here = stage(out)       a path to write to; `out` itself where it is no address
    ...                     the work, which an interruption leaves where it is, to be gone on with
    send(out)               sends what was written; nothing where `out` is no address

What goes on after an interruption thus does so from this computer, and nobody ever reads half an output in a store.
"""

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.addresses import is_remote, shown
from crnn_seq2seq_ocr.system.files import make_folder
from crnn_seq2seq_ocr.system.stores import at_once, cache_folder, digest_of, failures_as_sentences, open_store

_SENDING = ".sending"
"""Beside what was written, from the moment on when some of it may be in the store."""

Progress = Callable[[int, int], None]


def stage(place: Path) -> Path:
    """Return where to write what `send` will send to a place: in the user's cache, or the place, if it is no address.

    Raises:
        StorageError: There is something at the address already, or the store does not answer.
        DependencyError: The package that speaks to the store is not installed.
    """
    if not is_remote(place):
        return place
    remote = open_store(place, "writing to")
    box = _box(remote.address)
    if not (box / _SENDING).exists():
        with failures_as_sentences(remote.address, "written"):
            there = remote.store.exists(remote.inner)
        if there:
            raise StorageError(f"{shown(remote.address)} is there already: name another place, or delete it first")
    make_folder(box)
    return box / PurePosixPath(remote.inner).name


def send(place: Path, *, progress: Progress = lambda done, total: None) -> int:
    """Send what was written for a place, and remove it from this computer.

    The file that was written last is sent when all others are there: lists are written after what they name, so that
    whoever finds one in the store finds the rest.

    Args:
        place: As given to `stage`.
        progress: Told how many files were sent, and how many there are.

    Returns:
        How many files were sent; none where the place is no address.

    Raises:
        StorageError: The store did not take it; what was written stays here, and is sent when the command runs again.
    """
    if not is_remote(place):
        return 0
    remote = open_store(place, "writing to")
    box, parent = _box(remote.address), PurePosixPath(remote.inner).parent
    files = sorted((path for path in box.rglob("*") if _is_sent(path, box)), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise StorageError(f"nothing was written that could be sent to {shown(remote.address)}")
    (box / _SENDING).touch()
    with failures_as_sentences(remote.address, "written"):

        def put(path: Path) -> None:
            remote.store.put_file(str(path), str(parent / path.relative_to(box).as_posix()))

        for done, _ in enumerate(at_once(put, files[:-1]), 1):
            progress(done, len(files))
        put(files[-1])
    shutil.rmtree(box)
    return len(files)


def _box(address: str) -> Path:
    return cache_folder() / "outputs" / digest_of(address)


def _is_sent(path: Path, box: Path) -> bool:
    """Whether a file is part of an output; notes for going on and locks are hidden."""
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(box).parts)
