"""The processes that work together: those that a launcher has started, or the one."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from crnn_seq2seq_ocr.system.dependencies import needing

if TYPE_CHECKING:
    from accelerate import PartialState

Result = TypeVar("Result")


class Launcher(NamedTuple):
    """The environment variables in which a launcher tells each process its number and how many there are."""

    rank: str
    size: str
    local_rank: str


LAUNCHERS = (
    Launcher("RANK", "WORLD_SIZE", "LOCAL_RANK"),  # torchrun, accelerate launch
    Launcher("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),  # Open MPI
    Launcher("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),  # MPICH, Intel MPI
    Launcher("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK"),  # MVAPICH2
)


@dataclass(frozen=True)
class SingleProcess:
    """One process, which needs nothing of PyTorch; named as in Accelerate's `PartialState`."""

    num_processes: int = 1
    process_index: int = 0
    is_main_process: bool = True


def process() -> tuple[int, int] | None:
    """Return the number of this process, from 0, and how many there are; None for one that is alone."""
    for launcher in LAUNCHERS:
        rank, size = _number(launcher.rank), _number(launcher.size)
        if rank is not None and size is not None and rank < size and size > 1:
            return rank, size
    return None


def local_process() -> int:
    """Return the number of this process on its machine, from 0: that of the accelerator that it has for itself."""
    return next((found for launcher in LAUNCHERS if (found := _number(launcher.local_rank)) is not None), 0)


def restarted() -> bool:
    """Return whether `torchrun` has started this process anew, after one of all has failed."""
    return bool(_number("TORCHELASTIC_RESTART_COUNT"))


def processes() -> "PartialState | SingleProcess":
    """Return all processes and this one's place among them, joined through PyTorch where there are several.

    Raises:
        DependencyError: There are several, and PyTorch, through which they speak, is not installed.
    """
    if process() is None:
        return SingleProcess()
    with needing("sharing work between several processes"):
        from accelerate import PartialState
    return PartialState(cpu=on_cpu())


def share_of(count: int) -> range:
    """Return which of so many pieces of work are this process's: every nth, from its number on."""
    state = processes()
    return range(state.process_index, count, state.num_processes)


def gathered(results: list[Result], index: Callable[[Result], int]) -> list[Result]:
    """Return what all processes have found, in order; it travels by pickle.

    Args:
        results: What this process found.
        index: The number of a piece of work, by what was found of it.
    """
    if processes().num_processes == 1:
        return results
    from accelerate.utils import gather_object  # alone, nothing of PyTorch is needed

    return sorted(gather_object(results), key=index)


def on_cpu() -> bool:
    """Whether to compute on the CPU: asked for by `accelerate launch --cpu`, or nothing else is there.

    Accelerate joins processes on the CPU only if it is told, or each would think itself alone.
    """
    import torch
    from accelerate.utils import parse_flag_from_env

    return bool(parse_flag_from_env("ACCELERATE_USE_CPU")) or not torch.accelerator.is_available()


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
