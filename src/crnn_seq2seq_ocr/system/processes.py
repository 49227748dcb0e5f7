"""The processes that read together: those that a launcher has started, or the one."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerate import PartialState

LAUNCHED = ("WORLD_SIZE", "LOCAL_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""What `torchrun`, `accelerate launch` and MPI leave in the environment."""


@dataclass(frozen=True)
class Alone:
    """One process, which needs nothing of PyTorch; named as in Accelerate's `PartialState`."""

    num_processes: int = 1
    process_index: int = 0
    is_main_process: bool = True


def processes() -> "PartialState | Alone":
    """All of them, and this one's place.

    Raises:
        DependencyError: There are several, and PyTorch, through which they speak, is not installed.
    """
    if not any(name in os.environ for name in LAUNCHED):
        return Alone()
    from crnn_seq2seq_ocr.system.dependencies import needing

    with needing("evaluating in several processes"):
        from crnn_seq2seq_ocr.training.optimization import processes as launched
    return launched()
