"""Writing that leaves whole files or none, and says in plain words why it could not."""

import ctypes
import errno
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crnn_seq2seq_ocr.errors import CrnnOcrError, StorageError
from crnn_seq2seq_ocr.system.addresses import refuse_remote

_RENAME_EXCHANGE = 2  # linux/fs.h
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR}


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn the system's refusals to write a file or into a folder into one error that says what to do.

    Raises:
        StorageError: `place` could not be written.
    """
    refuse_remote(place, "this")
    try:
        yield
    except OSError as error:
        if isinstance(error, CrnnOcrError):
            raise
        raise StorageError(f"{place} could not be written ({_cause(error, place)}): {_remedy(error)}") from None


def make_folder(folder: Path) -> None:
    """Make a folder, unless it is there.

    Raises:
        StorageError: It cannot be made.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the place of ``path`` when all went well and vanishes otherwise."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def read_ordinary(path: Path, *, most_bytes: int = 1_000_000_000) -> bytes:
    """Read a file that somebody else named: pipes and devices, which may have no end, are not opened.

    Raises:
        OSError: It is not there, no ordinary file, or larger; its ``strerror`` says which.
        ValueError: No file can have this name.
    """
    about = path.stat()
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if about.st_size > most_bytes:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes // 1_000_000} million bytes", str(path))
    if about.st_size == 0:
        return b""  # what the kernel makes up, such as /proc/kmsg, says so too, and may have no end
    return path.read_bytes()


def short_name(name: str, *, most_bytes: int = 200) -> str:
    """Cut a name to what file systems take beside a number and a suffix; they count bytes, not characters."""
    return name.encode("utf-8", "ignore")[:most_bytes].decode("utf-8", "ignore")


def _cause(error: OSError, place: Path) -> str:
    cause = error.strerror or str(error)
    return f"{cause}{_free(place)}" if error.errno in _FULL else cause


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "free some space or choose another disk, then give the same command again; nothing before it is lost"
    if error.errno in _FORBIDDEN:
        return "choose another folder or change its permissions"
    if error.errno in _IN_THE_WAY:
        return "a file has the name of a folder there, choose another"
    return "check the disk and the folder; nothing before it is lost"


def _free(folder: Path) -> str:
    """How much is free on the disk of the folder, or of its nearest parent that exists."""
    existing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
    if existing is None:
        return ""
    return f", {shutil.disk_usage(existing).free / 1e6:.0f} MB free"


def write_whole(path: Path, text: str) -> None:
    """Write a small text file, which changes whole or not at all; folders are made.

    Raises:
        StorageError: It could not be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that takes its name only when all has been written.

    Raises:
        StorageError: It could not be written.
    """
    partial, old = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.old")
    with writing(folder):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            for path in partial.iterdir():
                _to_disk(path)
            if folder.exists() and _exchange(partial, folder):
                shutil.rmtree(partial)
            else:
                if folder.exists():
                    # Aside first: at no moment does a half deleted folder bear the name.
                    shutil.rmtree(old, ignore_errors=True)
                    os.replace(folder, old)
                os.replace(partial, folder)
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _exchange(first: Path, second: Path) -> bool:
    """Let two folders change their names in one step; False where the system or the disk cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(first.absolute()), os.fsencode(second.absolute())
    return rename is not None and rename(-1, names[0], -1, names[1], _RENAME_EXCHANGE) == 0


def _to_disk(path: Path) -> None:
    """Wait until what was written to a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
