"""A process of its own for work on what others made, which may loop without an end and ask for any memory.

The process may be ended at any time: time and memory are bounded. What it answers is looked at before it is used.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.system.messages import receive, send

Arrays = Mapping[str, np.ndarray]
Answer = Callable[[dict[str, Any], dict[str, np.ndarray]], tuple[Mapping[str, Any], Arrays]]
"""Answers a message: an object and arrays for an object and arrays. A `CrnnOcrError` is an answer, too."""

LEAST_MEMORY = 4 << 30
"""Bytes that a process may have on the smallest machines; else half of the machine's memory."""


class EndedError(Exception):
    """A process gave no answer; the text says why, as the end of a sentence."""


class IsolatedProcess:
    """One process, which ends with this object or with the process that has it.

    Args:
        module: What it runs: a module whose `main` calls `answer_all`.

    Raises:
        OSError: No process can be started.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: nothing from the working folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is this process's to answer
        )
        self._is_late = False

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be going
            self.end()

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more questions."""
        return self._process.poll() is not None

    def ask(
        self, about: Mapping[str, Any], arrays: Arrays | None = None, *, seconds: float
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send a message, and return the answer; where there was an error, the answer holds ``error``.

        Raises:
            EndedError: There is none, or not in so many seconds; the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._within(seconds):
            try:
                send(self._process.stdin, about, arrays)  # type: ignore[arg-type]
                return receive(self._process.stdout)  # type: ignore[arg-type]
            except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
                self.end()
                raise EndedError(self._why(seconds)) from None
            except BaseException:
                self.end()  # an answer that nobody waited for would be the next one's
                raise

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _why(self, seconds: float) -> str:
        status = self._process.returncode
        if self._is_late:
            return f"took longer than {seconds:g} seconds and was ended"
        if status is not None and status < 0 and -status in set(signal.Signals) and -status != signal.SIGKILL:
            return f"has died ({signal.Signals(-status).name})"
        return "has died, or asked for more memory than it may have"


def most_memory() -> int | None:
    """Bytes of addresses that a process may have; None where the system cannot be asked."""
    if not hasattr(os, "sysconf"):
        return None
    return max(LEAST_MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)


def answer_all(answer: Answer) -> None:
    """Answer what comes on standard input on standard output, until nothing can come any more; in the process itself.

    The first message tells the most memory (``memory``, in bytes; null for any).
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    asked: queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    about, arrays = asked.get()
    _limit_memory(about["memory"])
    while True:
        try:
            told, found = answer(about, arrays)
        except CrnnOcrError as error:
            told, found = {"error": str(error), "kind": type(error).__name__}, {}
        send(answers, told, found)
        del about, arrays, told, found
        about, arrays = asked.get()


def _listen(asked: "queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]]]") -> None:
    """Take in what is asked; end when nothing can come any more, whatever is being computed."""
    with contextlib.suppress(Exception), os.fdopen(os.dup(0), "rb") as stream:
        while True:
            asked.put(receive(stream))
    os._exit(0)


def _limit_memory(most: int | None) -> None:
    """Have no more bytes of addresses than this, where the system can be told so."""
    if most is None or sys.platform != "linux":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
