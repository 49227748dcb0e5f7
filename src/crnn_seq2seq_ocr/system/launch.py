"""What `accelerate launch`, `torchrun` and their like tell each process that they start."""

import os


def process() -> tuple[int, int] | None:
    """The number of this process, from 0, and how many there are; None for one that is alone."""
    rank, world = _number("RANK"), _number("WORLD_SIZE")
    return (rank, world) if rank is not None and world is not None and world > 1 and rank < world else None


def local_process() -> int:
    """The number of this process on its machine, from 0: that of the accelerator that it has for itself."""
    return _number("LOCAL_RANK") or 0


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
