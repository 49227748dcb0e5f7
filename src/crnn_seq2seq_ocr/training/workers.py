"""The worker processes that prepare batches: how they begin and end, and what is said of one that dies."""

import atexit
import contextlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, MutableSequence
from typing import Any, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader

from crnn_seq2seq_ocr.errors import WorkerError
from crnn_seq2seq_ocr.system.torch_private import end_workers, worker_processes

Item = TypeVar("Item")

log = logging.getLogger(__name__)

_noted: tuple[MutableSequence[int], int] | None = None
"""Where this worker process writes what it reads, and its number; None in all other processes."""


class Begun:
    """The sample that each worker has begun to read, in memory that they share: should one die, this tells where.

    Args:
        workers: How many there are.
    """

    def __init__(self, workers: int) -> None:
        self._indices: MutableSequence[int] = multiprocessing.get_context("spawn").RawArray("q", max(1, workers))
        self._indices[:] = [-1] * len(self._indices)

    def __getitem__(self, worker: int) -> int:
        """Index of the sample, -1 before the first."""
        return self._indices[worker]

    def in_worker(self, worker: int) -> None:
        """Make this process worker number `worker`."""
        global _noted
        _noted = self._indices, worker
        _begin()


def note(index: int) -> None:
    """Tell, where this is a worker, that it begins to read a sample."""
    if _noted is not None:
        indices, worker = _noted
        indices[worker] = index


def started(loader: DataLoader[Any]) -> Iterator[Any]:
    """Return the loader's iterator, without its handler of ended processes.

    PyTorch would raise an error from it wherever the training is, be it within the writing of a checkpoint; a dead
    worker is found by the wait for its next batch as well.
    """
    handler = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
    batches = iter(loader)
    if handler is not None:
        with contextlib.suppress(ValueError):  # only the main thread may set handlers, and there PyTorch sets none
            signal.signal(signal.SIGCHLD, handler)
    return batches


def following(batches: Iterator[Item], begun: Begun, data: str) -> Item:
    """Return what the workers bring next; `data` is a description of what they read.

    Raises:
        WorkerError: One of them has died.
    """
    try:
        return next(batches)
    except RuntimeError:
        for worker, process in enumerate(worker_processes(batches)):
            if process.exitcode:
                raise WorkerError(_explain(process.exitcode, begun[worker], data)) from None
        raise


def end(batches: Iterator[object]) -> None:
    """End all workers; what goes wrong is only logged, for the training has succeeded or failed before."""
    processes = worker_processes(batches)
    try:
        end_workers(batches)
    except Exception as error:
        log.warning("the worker processes did not end as they should: %s", error)
    for process in processes:
        if process.is_alive():
            process.kill()
            process.join()


def _explain(exitcode: int, index: int, data: str) -> str:
    name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"exit status {exitcode}"
    where = f"while it read sample {index} of {data}" if index >= 0 else "before it read a sample"
    if name == "SIGKILL":
        remedy = "perhaps there was not enough memory: take fewer data.workers"
    else:
        remedy = "its file may be damaged, or was changed meanwhile: look at it with `crnn-ocr data check`"
    return f"a worker process has died ({name}) {where}; {remedy}"


def _begin() -> None:
    """One thread, for workers are the parallelism; signals to a group of processes are the main one's to answer."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # Threads of the training wait for each other: a worker that takes the place of one stops them all.
    if hasattr(os, "nice"):
        os.nice(10)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    atexit.register(_leave)


def _leave() -> None:
    """End a worker before its interpreter is taken down.

    The thread that sends batches may still be within PyTorch then, sharing a tensor. It wants the interpreter back,
    Python ends it instead, and unwinding PyTorch's code aborts the process ("terminate called without an active
    exception"). Nobody waits for what it sends any more.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)
