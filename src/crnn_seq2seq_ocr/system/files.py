"""Writing that leaves whole files or none, and says in plain words why it could not."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crnn_seq2seq_ocr.errors import CrnnOcrError, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Makes the system's refusals to write into a folder the errors of this package.

    Raises:
        StorageError: No space is left, or the folder may not be written.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, CrnnOcrError):
            raise
        if error.errno in _FULL:
            raise StorageError(
                f"no space is left for {folder}{_free(folder)}: make room or choose a folder on another disk, "
                "then give the same command again"
            ) from None
        if error.errno in _FORBIDDEN:
            raise StorageError(
                f"{folder} may not be written ({error.strerror}): choose another folder or change its permissions"
            ) from None
        if error.errno in {errno.EEXIST, errno.ENOTDIR}:
            raise StorageError(f"{folder} cannot be a folder, a file has that name: choose another") from None
        raise


def make_folder(folder: Path) -> None:
    """Make a folder, unless it is there.

    Raises:
        StorageError: It cannot be made.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of ``path`` when all went well and vanishes otherwise."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _free(folder: Path) -> str:
    """How much is free on the disk of the folder, or of its nearest parent that exists."""
    existing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
    if existing is None:
        return ""
    return f" ({shutil.disk_usage(existing).free / 1e6:.0f} MB free)"
