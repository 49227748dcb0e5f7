"""Folders that one process at a time writes into."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.files import writing

LOCK = ".lock"
"""The file that is locked. It stays when the lock is gone; the lock goes with the process, however that ends."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EINVAL}
"""What disks answer that know no locks: then nobody can tell, and all may write."""


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Have a folder to oneself; it is made where there is none.

    Raises:
        StorageError: Another process has it, or it cannot be written.
    """
    lock = FileLock(folder / LOCK)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise StorageError(
                f"{folder} is being written by another process: wait until it has ended, or name another folder"
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
    try:
        yield
    finally:
        lock.release()
