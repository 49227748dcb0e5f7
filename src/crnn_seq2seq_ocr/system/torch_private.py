"""All that is used of PyTorch without being promised by it: one place to look at when a new version comes.

Each name says why nothing public does.
"""

from collections.abc import Iterator
from typing import Any

from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter


def worker_processes(batches: Iterator[Any]) -> list[Any]:
    """Return the worker processes behind an iterator of a `DataLoader`, none if it has none.

    The public interface does not tell how a worker has ended, and a message needs it.
    """
    return list(batches._workers) if isinstance(batches, _MultiProcessingDataLoaderIter) else []


def end_workers(batches: Iterator[Any]) -> None:
    """End the worker processes behind an iterator of a `DataLoader` now.

    In public they end with the iterator, which the traceback of an error keeps alive.
    """
    if isinstance(batches, _MultiProcessingDataLoaderIter):
        batches._shutdown_workers()
