"""Parts of work that processes take in turn, on any machines that see one folder: a lease is a file in it.

No clocks are compared: a lease is over when this process has seen no sign of life on it for a while. A lease only saves
work: two who believe to have the same part do no harm to each other, since each writes to a file of its own.
"""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Leases:
    """The leases of a folder, seen by one process.

    Args:
        folder: Where they are; it must be there.

    Attributes:
        token: Of this process, different from all others; may be part of a file name.
    """

    every = 10.0
    """Seconds between two signs of life."""

    expiry = 60.0
    """Seconds without one after which a lease is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, float]] = {}
        host = "".join(letter if letter.isalnum() else "-" for letter in socket.gethostname())
        self.token = f"{host[:40]}-{os.getpid()}-{secrets.token_hex(4)}"

    def take(self, part: str) -> bool:
        """Return whether the part is this process's now: nobody had it, or nobody who is alive."""
        path = self._path(part)
        if self._is_over(path):
            aside = path.with_name(f"{path.name}.{self.token}")
            with contextlib.suppress(FileNotFoundError):  # another was quicker
                path.rename(aside)
                aside.unlink()
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.token)
        except FileExistsError:
            return False
        return True

    @contextlib.contextmanager
    def held(self, part: str) -> Iterator[None]:
        """Show signs of life on a lease that was taken, and give it back at the end."""
        path, ended = self._path(part), threading.Event()
        beating = threading.Thread(target=self._beat, args=(path, ended), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            with contextlib.suppress(OSError):
                if self._is_ours(path):
                    path.unlink()

    def _beat(self, path: Path, ended: threading.Event) -> None:
        while not ended.wait(self.every):
            with contextlib.suppress(OSError):  # a disk far away may be gone for a moment
                if self._is_ours(path):
                    os.utime(path)

    def _is_over(self, path: Path) -> bool:
        try:
            sign = path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        before, since = self._seen.get(path.name, (None, 0.0))
        if sign == before:
            return time.monotonic() - since > self.expiry
        self._seen[path.name] = (sign, time.monotonic())
        return False

    def _is_ours(self, path: Path) -> bool:
        return path.read_text(encoding="utf-8") == self.token

    def _path(self, part: str) -> Path:
        return self._folder / f"{part}.lease"
