"""A network that runs in a process of its own, which may be ended: a file of others is a program."""

import queue
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.system.isolated import EndedError, IsolatedProcess, most_memory

LOAD_SECONDS = 120.0
"""Longest that loading may take."""

READ_SECONDS = 300.0
"""Longest that a batch may take."""


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
        self._about = {
            "where": where,
            "device": device,
            "threads": threads,
            "memory": None if device != "cpu" else most_memory(),
        }
        self._idle: queue.LifoQueue[IsolatedProcess] = queue.LifoQueue()
        started = [self._start() for _ in range(processes)]
        for process in started:
            self.outputs = self._load(process)
            self._idle.put(process)

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """See `Session`; too much time or memory is a CheckpointError too."""
        process = self._idle.get()
        try:
            if process.has_ended:
                process = self._start()
                self._load(process)
            _, found = self._ask(process, {"outputs": list(outputs)}, inputs, seconds=READ_SECONDS)
        finally:
            self._idle.put(process)
        if set(found) != set(outputs):
            raise CheckpointError(f"{self._about['where']} has other outputs than a reader: export it again")
        return [found[name] for name in outputs]

    def _load(self, process: IsolatedProcess) -> frozenset[str]:
        """Load the network there, and return the names of its outputs."""
        content = np.frombuffer(self._content, np.uint8)
        told, _ = self._ask(process, self._about, {"content": content}, seconds=LOAD_SECONDS)
        return frozenset(map(str, told["outputs"]))

    def _start(self) -> IsolatedProcess:
        try:
            return IsolatedProcess("crnn_seq2seq_ocr.inference.onnx_process")
        except OSError as error:
            raise CheckpointError(
                f"no process can be started that runs {self._about['where']} ({error}): end others"
            ) from None

    def _ask(
        self, process: IsolatedProcess, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray], *, seconds: float
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        try:
            told, found = process.ask(about, arrays, seconds=seconds)
        except EndedError as error:
            raise CheckpointError(
                f"{self._about['where']} cannot be read with: the process that runs it {error}; give a file "
                "that `crnn-ocr export` wrote, or smaller batches"
            ) from None
        if "error" in told:
            raise (DeviceError if told.get("kind") == "DeviceError" else CheckpointError)(str(told["error"]))
        return told, found
