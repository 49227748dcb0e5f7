"""A network that runs in a process of its own, which may be ended: a file of others is a program.

It may loop without an end and ask for any memory. Time and memory of the process are bounded; what it answers is taken
as numbers, and looked at before it is used.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference.onnx_process import receive, send

LOAD_SECONDS = 120.0
"""Longest that loading may take."""

READ_SECONDS = 300.0
"""Longest that a batch may take."""

LEAST_MEMORY = 4 << 30
"""Bytes that a process may have on the smallest machines; else half of the machine's memory."""


class IsolatedSession:
    """A `Session` in other processes; each of several callers at once has one of its own.

    A process that was ended is started anew by the next call.

    Args:
        content: Of the file.
        where: Its name, for messages.
        device: Where to run it.
        threads: How many each process runs on; 0 is one for each core.
        processes: How many there are.

    Raises:
        CheckpointError: It is no network that can be run, or takes too much time or memory.
        DeviceError: The device cannot be used.
    """

    def __init__(self, content: bytes, where: str, *, device: str, threads: int, processes: int) -> None:
        self._content = content
        self._about = {"where": where, "device": device, "threads": threads, "memory": _most_memory(device)}
        self._idle: queue.LifoQueue[_Process] = queue.LifoQueue()
        started = [_Process(where) for _ in range(processes)]
        for process in started:
            self.outputs = self._load(process)
            self._idle.put(process)

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """See `Session`; too much time or memory is a CheckpointError too."""
        process = self._idle.get()
        try:
            if process.has_ended:
                process = _Process(str(self._about["where"]))
                self._load(process)
            _, found = process.ask({"outputs": list(outputs)}, inputs, seconds=READ_SECONDS)
        except BaseException:
            process.end()  # an answer that nobody waited for would be the next one's
            raise
        finally:
            self._idle.put(process)
        if set(found) != set(outputs):
            raise CheckpointError(f"{self._about['where']} has other outputs than a reader: export it again")
        return [found[name] for name in outputs]

    def _load(self, process: "_Process") -> frozenset[str]:
        """Load the network there, and return the names of its outputs."""
        told, _ = process.ask(self._about, {"content": np.frombuffer(self._content, np.uint8)}, seconds=LOAD_SECONDS)
        return frozenset(map(str, told["outputs"]))


class _Process:
    """One process, which ends with this object or with the process that has it."""

    def __init__(self, where: str) -> None:
        self._where = where
        code = ["-P", "-m", "crnn_seq2seq_ocr.inference.onnx_process"]  # -P: nothing from the working folder
        try:
            self._process = subprocess.Popen(
                [sys.executable, *code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is this process's to answer
            )
        except OSError as error:
            raise CheckpointError(f"no process can be started that runs {where} ({error}): end others") from None
        self._is_late = False

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be going
            self.end()

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more questions."""
        return self._process.poll() is not None

    def ask(
        self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray], *, seconds: float
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send a message, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._within(seconds):
            try:
                send(self._process.stdin, about, arrays)  # type: ignore[arg-type]
                told, found = receive(self._process.stdout)  # type: ignore[arg-type]
            except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
                self.end()
                raise CheckpointError(
                    f"{self._where} cannot be read with: the process that runs it {self._why(seconds)}; give a file "
                    "that `crnn-ocr export` wrote, or smaller batches"
                ) from None
        if "error" in told:
            raise (DeviceError if told.get("device") else CheckpointError)(str(told["error"]))
        return told, found

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


def _most_memory(device: str) -> int | None:
    """Bytes of addresses that a process may have; None on accelerators, whose drivers reserve any number."""
    if device != "cpu" or not hasattr(os, "sysconf"):
        return None
    return max(LEAST_MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
