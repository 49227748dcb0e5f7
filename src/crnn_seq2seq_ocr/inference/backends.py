"""Which backend runs a model: ONNX Runtime, which starts at once, or PyTorch, which can do everything."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crnn_seq2seq_ocr.checkpoint.folders import ONNX, WEIGHTS, find_model, load_description, local_model
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference.backend import Backend
from crnn_seq2seq_ocr.inference.onnx_backend import DESCRIPTION_KEY, OnnxBackend
from crnn_seq2seq_ocr.inference.onnx_metadata import read_metadata
from crnn_seq2seq_ocr.inference.providers import ONLY_ONNX, usable_devices
from crnn_seq2seq_ocr.system.dependencies import needing

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.inference.torch_backend import Precision

BackendName = Literal["onnx", "torch"]

ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd", "/dev/davinci_manager")
"""What drivers put where there is an accelerator: looking takes no time, asking PyTorch takes seconds."""


def load_backend(
    path: Path, *, device: str, precision: "Precision", backend: BackendName | None, concurrency: int = 1
) -> Backend:
    """Load the network of a model into the backend that runs it; arguments and errors are those of `Reader.load`."""
    path = local_model(path)
    if path.suffix == ".onnx":
        if backend == "torch":
            raise CheckpointError(
                f"{path} is an ONNX file, which PyTorch cannot run: name the model that it was exported from"
            )
        return _of_file(path, device=device, precision=precision, concurrency=concurrency)
    folder = find_model(path)
    only_onnx = backend == "onnx" or (backend is None and device in ONLY_ONNX)
    if only_onnx and not (folder / ONNX).is_file():
        raise CheckpointError(
            f"{folder} has no {ONNX}: make one with `crnn-ocr export {path} {folder / ONNX}`, or leave out "
            + ("the backend" if backend else f"the device {device}")
        )
    why = None if only_onnx else _why_torch(path, folder, device=device, precision=precision, backend=backend)
    if why is None:
        loaded = _of_file(folder / ONNX, device=device, precision=precision, concurrency=concurrency)
        _check_same(loaded.description, folder)
        return loaded
    with needing(why):
        from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
    return TorchBackend.load(folder, device=device, precision=precision)


def reads_many_widths(path: Path) -> bool:
    """Whether a model's pictures have many widths, told from its metadata alone; what cannot be read has not."""
    try:
        path = local_model(path)
        if path.suffix != ".onnx":
            return load_description(find_model(path)).preprocessing.resize == "fit"
        content = json.loads(read_metadata(path)[DESCRIPTION_KEY])
        return Description.from_dict(content, str(path)).preprocessing.resize == "fit"
    except (OSError, ValueError, KeyError):  # loading tells what is wrong
        return False


def weights_files(path: Path) -> list[Path]:
    """Return the files with a model's weights, of both backends: where one of them changes it is another model."""
    path = local_model(path)
    if path.suffix == ".onnx":
        return [path]
    folder = find_model(path)
    return [folder / name for name in (WEIGHTS, ONNX) if (folder / name).is_file()]


def _why_torch(
    path: Path, folder: Path, *, device: str, precision: "Precision", backend: BackendName | None
) -> str | None:
    """Say what PyTorch must run a model for, as a message begins; None where ONNX Runtime can."""
    if backend == "torch":
        return "the backend torch"
    if not (folder / ONNX).is_file():
        return f"{path} has no {ONNX}: reading with it"
    if precision != "fp32":
        return f"the precision {precision}"
    devices = usable_devices()
    if device == "auto":
        idle = devices == ["cpu"] and any(Path(each).exists() for each in ACCELERATORS) and find_spec("torch")
        return "an accelerator" if idle else None
    return None if device in devices else f"the device {device!r}"


def _of_file(path: Path, *, device: str, precision: "Precision", concurrency: int) -> OnnxBackend:
    if precision != "fp32":
        raise CheckpointError(f"{path} has the precision it was exported with: leave out {precision}")
    return OnnxBackend.load(path, device=device, concurrency=concurrency)


def _check_same(exported: Description, folder: Path) -> None:
    """Check that a model was not replaced without its ONNX file; what is said of it to people may differ.

    Raises:
        CheckpointError: It was.
    """
    one, other = (
        (each.charset, each.max_length, each.preprocessing, each.model, each.step)
        for each in (exported, load_description(folder))
    )
    if one != other:
        raise CheckpointError(
            f"{folder / ONNX} was made of another model than what lies beside it: export it again with "
            f"`crnn-ocr export {folder} {folder / ONNX}`"
        )
