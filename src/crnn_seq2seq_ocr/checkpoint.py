"""Models and training states on disk: self-describing, written whole or not at all."""

import contextlib
import errno
import io
import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialize

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.description import Description
from crnn_seq2seq_ocr.errors import CheckpointError, StorageError, did_you_mean
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.released import released_models
from crnn_seq2seq_ocr.text import Tokenizer

WEIGHTS, DESCRIPTION, STATE, BEST = "model.safetensors", "model.json", "training.pt", "best.json"


def build(description: Description) -> Recognizer:
    """The network of a description with fresh weights."""
    return Recognizer(description.model, description.preprocessing, len(Tokenizer(description.charset)))


def save_model(recognizer: torch.nn.Module, description: Description, folder: Path, *, half: bool = False) -> None:
    """Write ``model.safetensors`` and ``model.json`` into a folder, which appears whole or not at all.

    Args:
        recognizer: The network.
        description: What it says of itself.
        folder: Where to.
        half: Keep matrices in fp16, half the size; they are fp32 again when loaded.

    Raises:
        StorageError: It could not be written.
    """
    with _whole_folder(folder) as partial:
        _write_model(recognizer, description, partial, half=half)


def _write_model(
    recognizer: torch.nn.Module, description: Description, folder: Path, *, half: bool = False
) -> None:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in recognizer.state_dict().items()}
    if half:
        # Biases and norms are small, and worth their digits.
        tensors = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in tensors.items()}
    # Through memory: Python's own writing says why it fails, the libraries' does not.
    (folder / WEIGHTS).write_bytes(serialize(tensors))
    content = {
        **description.to_dict(),
        "versions": {
            "crnn-seq2seq-ocr": crnn_seq2seq_ocr.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
    }
    (folder / DESCRIPTION).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load_model(path: Path) -> tuple[Recognizer, Description]:
    """The network and its description from what `find_model` finds.

    Raises:
        CheckpointError: There is none, it is damaged, or of another version.
    """
    folder = find_model(path)
    description = load_description(folder)
    recognizer = build(description)
    try:
        recognizer.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} cannot be read ({error}): copy it again") from None
    except RuntimeError as error:
        raise CheckpointError(
            f"{folder / WEIGHTS} does not fit {folder / DESCRIPTION}, one of them was changed or another version wrote "
            f"it: use that version, or copy the folder again. {error}"
        ) from None
    broken = [name for name, tensor in recognizer.state_dict().items() if not tensor.isfinite().all()]
    if broken:
        raise CheckpointError(
            f"{folder / WEIGHTS} holds {broken[0]} and {len(broken) - 1} other tensors that are not finite: "
            "the training that wrote it had failed, take an earlier checkpoint"
        )
    return recognizer.eval(), description


def find_model(path: Path) -> Path:
    """The model folder that a path means: a model, a run (its best checkpoint, else its last), or a released name.

    A folder of that name without a model in it does not hide the released model.

    Raises:
        CheckpointError: The path holds no model and names none.
    """
    if (path / DESCRIPTION).is_file():
        return path
    released = released_models()
    chosen = best_checkpoint(path) or last_checkpoint(path) or released.get(str(path))
    if chosen is None:
        what = "holds no model" if path.is_dir() else "does not exist" if not path.exists() else "is not a folder"
        raise CheckpointError(
            f"{path} {what}{did_you_mean(str(path), released)}: give a folder with {DESCRIPTION}, the folder of a "
            f"training run, or a released model ({', '.join(released) or 'there are none here'})"
        )
    return chosen


def load_description(folder: Path) -> Description:
    """What the model in a folder says of itself.

    Raises:
        CheckpointError: It is damaged, or of another version.
    """
    path = folder / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): copy it again") from None
    return Description.from_dict(content, str(path))


def save_checkpoint(run: Path, recognizer: torch.nn.Module, description: Description, state: dict[str, Any]) -> Path:
    """Write ``checkpoints/step-N`` of a run: the model, and all that training needs to go on.

    Raises:
        StorageError: It could not be written; earlier checkpoints stay as they are.
    """
    folder = run / "checkpoints" / f"step-{description.step:08d}"
    with _whole_folder(folder) as partial:
        _write_model(recognizer, description, partial)
        content = io.BytesIO()
        torch.save(state, content)
        (partial / STATE).write_bytes(content.getbuffer())
    return folder


def load_state(folder: Path, *, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The training state of a checkpoint.

    Raises:
        CheckpointError: It is missing or damaged.
    """
    try:
        state: dict[str, Any] = torch.load(folder / STATE, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no {STATE}: it is a model to read with, not one to resume from") from None
    except Exception as error:  # torch.load raises anything from EOFError to UnpicklingError
        raise CheckpointError(
            f"{folder / STATE} is damaged ({type(error).__name__}): delete {folder} to resume from the one before"
        ) from None
    return state


def checkpoints(run: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    return sorted(path for path in (run / "checkpoints").glob("step-*") if (path / DESCRIPTION).is_file())


def last_checkpoint(run: Path) -> Path | None:
    """The newest checkpoint of a run."""
    return next(reversed(checkpoints(run)), None)


def best_checkpoint(run: Path) -> Path | None:
    """The checkpoint that `mark_best` chose, if it is still there."""
    try:
        folder: Path = run / "checkpoints" / json.loads((run / BEST).read_text(encoding="utf-8"))["checkpoint"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:  # not UTF-8, not JSON, or other JSON
        raise CheckpointError(f"{run / BEST} is damaged ({error}): delete it to use the last checkpoint") from None
    return folder if (folder / DESCRIPTION).is_file() else None


def mark_best(run: Path, checkpoint: Path, score: float) -> None:
    """Note which checkpoint is the best, atomically."""
    write_whole(run / BEST, json.dumps({"checkpoint": checkpoint.name, "score": score}))


def write_whole(path: Path, text: str) -> None:
    """Write a small text file, which changes whole or not at all; folders are made.

    Raises:
        StorageError: It could not be written.
    """
    with _no_space_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)


def remove_old(run: Path, *, keep_last: int) -> None:
    """Delete all but the best and the last checkpoints."""
    keep = {best_checkpoint(run), *checkpoints(run)[-keep_last:]}
    for path in checkpoints(run):
        if path not in keep:
            # The description goes first: what is half deleted is no checkpoint any more.
            (path / DESCRIPTION).unlink()
            shutil.rmtree(path)


@contextlib.contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into that takes its name only when all has been written."""
    partial, old = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.old")
    with _no_space_told(folder):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            for path in partial.iterdir():
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            if folder.exists():
                # Aside first: at no moment does a half deleted folder bear the name.
                shutil.rmtree(old, ignore_errors=True)
                os.replace(folder, old)
            os.replace(partial, folder)
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


@contextlib.contextmanager
def _no_space_told(path: Path) -> Iterator[None]:
    """Failures of writing as a `StorageError` with what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        remedy = "free some space" if full else "check the folder and its permissions"
        raise StorageError(f"{path} could not be written ({error}): {remedy}; nothing before it is lost") from None
