"""Folders of models and of training runs: which one a path means, and that each is written whole or not at all."""

import functools
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.checkpoint.digests import check_file
from crnn_seq2seq_ocr.checkpoint.hub import fetch_model, hub_address
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.errors import CheckpointError, did_you_mean
from crnn_seq2seq_ocr.system.addresses import is_remote
from crnn_seq2seq_ocr.system.files import read_ordinary, write_whole
from crnn_seq2seq_ocr.system.parsing import parse_json
from crnn_seq2seq_ocr.system.stores import fetch

WEIGHTS, DESCRIPTION, STATE, BEST = "model.safetensors", "model.json", "training.pt", "best.json"
ONNX = "model.onnx"
"""The same model for ONNX Runtime; folders of trainings have none."""

LARGEST_HEAD = 100_000_000
"""Bytes of names and shapes at the beginning of a safetensors file, as its own library limits them."""

_STEP = re.compile(r"step-\d{1,20}")
"""The name of a checkpoint."""

_NOT_LEARNT = {"running_mean", "running_var", "num_batches_tracked"}
"""The state of batch normalisation."""


def find_model(path: Path) -> Path:
    """Find the model folder of a path: a model, a run (its best checkpoint, else its last), or a released name.

    A folder of that name without a model in it does not hide the released model. ``hf://owner/name`` is fetched from
    the hub.

    Raises:
        CheckpointError: The path holds no model and names none.
        DependencyError: It is on the hub, and the package that fetches it is not installed.
    """
    if (address := hub_address(path)) is not None:
        return fetch_model(address)
    path = local_model(path)
    if (path / DESCRIPTION).is_file():
        return path
    released = pretrained_models()
    chosen = best_checkpoint(path) or last_checkpoint(path) or released.get(str(path))
    if chosen is None:
        what = "holds no model" if path.is_dir() else "does not exist" if not path.exists() else "is not a folder"
        raise CheckpointError(
            f"{path} {what}{did_you_mean(str(path), released)}: give a folder with {DESCRIPTION}, the folder of a "
            f"training run, hf://owner/name, or a released model ({', '.join(released) or 'there are none here'})"
        )
    return chosen


@functools.cache
def local_model(path: Path) -> Path:
    """Return where a model is on this computer: one in an object store is fetched, once in a process.

    Raises:
        StorageError: It is in a store, and cannot be read.
        DependencyError: The package that speaks to the store is not installed.
    """
    return fetch(path) if is_remote(path) else path


def load_description(folder: Path) -> Description:
    """Load what the model in a folder says of itself.

    Raises:
        CheckpointError: It is damaged, or of another version.
    """
    path = folder / DESCRIPTION
    return Description.from_dict(_content(path), str(path))


def check_digest(folder: Path, name: str) -> None:
    """Compare a file of a model with its digest, where ``model.json`` has one.

    Raises:
        CheckpointError: It, or ``model.json``, was changed or cannot be read.
    """
    others = [path for path in checkpoints(folder.parent.parent) if path < folder]
    remedy = f"copy it again, or delete {folder} to resume from {others[-1].name}" if others else "copy it again"
    check_file(folder / name, _content(folder / DESCRIPTION), remedy=remedy)


def _content(path: Path) -> Any:
    try:
        return parse_json(read_ordinary(path, most_bytes=LARGEST_HEAD))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): copy it again") from None


def count_parameters(folder: Path) -> int:
    """How many numbers of a model are learnt, from the head of its weights; nothing of PyTorch is needed.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    path = folder / WEIGHTS
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LARGEST_HEAD:
                raise ValueError(f"a head of {length:,} bytes")
            head = parse_json(file.read(length))
        shapes = {name: entry["shape"] for name, entry in head.items() if name != "__metadata__"}
        return sum(math.prod(shape) for name, shape in shapes.items() if name.rpartition(".")[2] not in _NOT_LEARNT)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): copy it again") from None


def checkpoints(run: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    return sorted(path for path in (run / "checkpoints").glob("step-*") if (path / DESCRIPTION).is_file())


def last_checkpoint(run: Path) -> Path | None:
    """Return the newest checkpoint of a run."""
    return next(reversed(checkpoints(run)), None)


def best_checkpoint(run: Path) -> Path | None:
    """Return the checkpoint that `mark_best` chose, if it is still there."""
    try:
        name = parse_json(read_ordinary(run / BEST, most_bytes=LARGEST_HEAD))["checkpoint"]
        if not isinstance(name, str) or not _STEP.fullmatch(name):
            raise ValueError("it names no checkpoint")
        folder = run / "checkpoints" / name
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:  # not UTF-8, not JSON, or other JSON
        raise CheckpointError(f"{run / BEST} is damaged ({error}): delete it to use the last checkpoint") from None
    return folder if (folder / DESCRIPTION).is_file() else None


def mark_best(run: Path, checkpoint: Path, score: float) -> None:
    """Note which checkpoint is the best, atomically."""
    write_whole(run / BEST, json.dumps({"checkpoint": checkpoint.name, "score": score}))


def remove_old(run: Path, *, keep_last: int) -> None:
    """Delete all but the best and the last checkpoints."""
    keep = {best_checkpoint(run), *checkpoints(run)[-keep_last:]}
    for path in checkpoints(run):
        if path not in keep:
            # The description goes first: what is half deleted is no checkpoint any more.
            (path / DESCRIPTION).unlink()
            shutil.rmtree(path)
