"""Reads with a model of this package."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from serve import AbsentError, UnfitError, serve


class Ours:
    """A model by its name or folder, or an ONNX file; it reads the views of a sign together."""

    batches = True

    def __init__(self, variant: str, kind: str, threads: int) -> None:
        from crnn_seq2seq_ocr import Reader

        self.files = files_of(variant)
        runtime = "onnxruntime" if self.files[0].suffix == ".onnx" else "torch"
        if runtime == "torch":
            import torch

            torch.set_num_threads(threads)
        self._reader = Reader.load(variant, device="cpu", backend="onnx" if runtime == "onnxruntime" else "torch")
        views = self._reader.description.preprocessing.views
        if (views > 1) != (kind == "signs"):
            raise UnfitError("it reads signs of several views" if views > 1 else "it reads single words and lines")
        self.title = f"ours: {self._reader.description.name or Path(variant).name}"
        if variant.endswith(".onnx"):
            self.title += " (ONNX)"
        self.versions = f"crnn-seq2seq-ocr {version('crnn-seq2seq-ocr')}, {runtime} {version(runtime)}"

    def read(self, files: Sequence[str]) -> str:
        """The text of a sample."""
        return self.read_batch([files], 1)[0]

    def read_batch(self, samples: Sequence[Sequence[str]], size: int) -> list[str]:
        """The texts of samples."""
        readings = self._reader.read([list(files) for files in samples], batch_size=size)
        for reading in readings:
            if reading.error is not None:
                raise ValueError(reading.error)
        return [reading.text for reading in readings]


def files_of(variant: str) -> list[Path]:
    """The files of a model.

    Raises:
        AbsentError: There is none.
    """
    from crnn_seq2seq_ocr.checkpoint.folders import ONNX, find_model
    from crnn_seq2seq_ocr.errors import CheckpointError

    if variant.endswith(".onnx"):
        if not Path(variant).is_file():
            raise AbsentError(f"there is no file {variant}")
        return [Path(variant)]
    try:
        folder = find_model(Path(variant))
    except CheckpointError as error:
        raise AbsentError(str(error)) from None
    exported = folder / ONNX
    return [exported if exported.is_file() else folder / "model.safetensors", folder / "model.json"]


if __name__ == "__main__":
    serve(Ours)
