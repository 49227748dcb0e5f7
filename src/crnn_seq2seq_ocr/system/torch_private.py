"""All that is used of PyTorch and Accelerate without being promised by them: one place to look at for new versions.

Each name says why nothing public does.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch._higher_order_ops import scan, while_loop
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

__all__ = [
    "end_workers",
    "forget_accelerator",
    "move_towards",
    "processor_has_bf16",
    "scan",
    "skip_unless",
    "while_loop",
    "worker_processes",
]
# `scan` and `while_loop`: loops that can be exported; the lowest version that is supported has no public ones.


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


def forget_accelerator() -> None:
    """Forget what an earlier `Accelerator` of this process has chosen.

    It would stay, and another precision be refused; in public there is one for the life of a process.
    """
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()


def processor_has_bf16() -> bool:
    """Return whether the processor computes in bf16 (AMX, AVX-512) instead of imitating it.

    In public PyTorch tells this of accelerators only.
    """
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def skip_unless(optimizer: torch.optim.Optimizer, finite: Tensor) -> None:
    """Let the next step of a fused optimiser change nothing where `finite`, a bool scalar on its device, is False.

    It is what a gradient scaler sets: the kernel reads it on the device and nobody waits for it. In public the program
    has to wait for the number and leave out the step.
    """
    optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]


def move_towards(averages: list[Tensor], weights: list[Tensor], share: Tensor) -> None:
    """Move averages towards weights by a share, a scalar on their device, in a few kernels for all of them.

    In public `torch.optim.swa_utils` does so with a share that is a number of the program, which has to be waited for.
    """
    changes = list(torch._foreach_sub(weights, averages))
    torch._foreach_mul_(changes, share)
    torch._foreach_add_(averages, changes)
