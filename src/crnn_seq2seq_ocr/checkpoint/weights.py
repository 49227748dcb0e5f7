"""Models and training states on disk: self-describing, written whole or not at all."""

import io
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialize

from crnn_seq2seq_ocr.checkpoint.digests import KEY as DIGESTS
from crnn_seq2seq_ocr.checkpoint.digests import digest
from crnn_seq2seq_ocr.checkpoint.folders import (
    DESCRIPTION,
    ONNX,
    STATE,
    WEIGHTS,
    check_digest,
    find_model,
    load_description,
)
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.files import whole_folder
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.version import __version__


def build(description: Description) -> Recognizer:
    """Build the network of a description with fresh weights."""
    return Recognizer(description.model, description.preprocessing, len(Tokenizer(description.charset)))


def save_model(
    recognizer: torch.nn.Module,
    description: Description,
    folder: Path,
    *,
    half: bool = False,
    onnx: bytes | None = None,
) -> None:
    """Write ``model.safetensors`` and ``model.json`` into a folder, which appears whole or not at all.

    Args:
        recognizer: The network.
        description: What it says of itself.
        folder: Where to.
        half: Keep matrices in fp16, half the size; they are fp32 again when loaded.
        onnx: The content of ``model.onnx``, the same model for ONNX Runtime; None leaves it out.

    Raises:
        StorageError: It could not be written.
    """
    files = {WEIGHTS: _weights(recognizer, half=half)} | ({} if onnx is None else {ONNX: onnx})
    with whole_folder(folder) as partial:
        _write(partial, description, files)


def _weights(recognizer: torch.nn.Module, *, half: bool = False) -> bytes:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in recognizer.state_dict().items()}
    if half:
        # Biases and norms are small, and worth their digits.
        tensors = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in tensors.items()}
    # In memory: Python's own writing says why it fails, the libraries' does not.
    return serialize(tensors)


def _write(folder: Path, description: Description, files: Mapping[str, bytes | memoryview]) -> None:
    """Write files and ``model.json``, which has their digests, so it comes last."""
    for name, file in files.items():
        (folder / name).write_bytes(file)
    content = {
        **description.to_dict(),
        DIGESTS: {name: digest(file) for name, file in files.items()},
        "versions": {
            "crnn-seq2seq-ocr": __version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
    }
    (folder / DESCRIPTION).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load_model(path: Path) -> tuple[Recognizer, Description]:
    """Load the network and its description from what `find_model` finds.

    Raises:
        CheckpointError: There is none, it is damaged, or of another version.
    """
    folder = find_model(path)
    description = load_description(folder)
    recognizer = build(description)
    check_digest(folder, WEIGHTS)
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


def save_checkpoint(run: Path, recognizer: torch.nn.Module, description: Description, state: dict[str, Any]) -> Path:
    """Write ``checkpoints/step-N`` of a run: the model, and all that training needs to go on.

    Raises:
        StorageError: It could not be written; earlier checkpoints stay as they are.
    """
    folder = run / "checkpoints" / f"step-{description.step:08d}"
    content = io.BytesIO()
    torch.save(state, content)
    with whole_folder(folder) as partial:
        _write(partial, description, {WEIGHTS: _weights(recognizer), STATE: content.getbuffer()})
    return folder


def load_state(folder: Path, *, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Load the training state of a checkpoint.

    Raises:
        CheckpointError: It is missing or damaged.
    """
    if (folder / STATE).is_file():
        check_digest(folder, STATE)
    try:
        state: dict[str, Any] = torch.load(folder / STATE, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no {STATE}: it is a model to read with, not one to resume from") from None
    except Exception as error:  # torch.load raises anything from EOFError to UnpicklingError
        raise CheckpointError(
            f"{folder / STATE} is damaged ({type(error).__name__}): delete {folder} to resume from the one before"
        ) from None
    if not isinstance(state, dict):
        raise CheckpointError(f"{folder / STATE} is no state of a training: delete {folder} to resume from one before")
    return state
