"""Train, evaluate, run and deploy CRNN + sequence-to-sequence attention text recognisers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crnn_seq2seq_ocr.version import __version__

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.config import Recipe, load_recipe
    from crnn_seq2seq_ocr.data.sources import open_source
    from crnn_seq2seq_ocr.errors import (
        CharsetError,
        CheckpointError,
        CrnnOcrError,
        DataError,
        DependencyError,
        DeviceError,
        DownloadError,
        ExportError,
        PictureError,
        RecipeError,
        RecordError,
        StorageError,
        TrainingError,
        WorkerError,
    )
    from crnn_seq2seq_ocr.evaluation.evaluate import evaluate
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.inference.readings import Alternative, Character, Reading
    from crnn_seq2seq_ocr.pages.detector import Detector, RapidDetector
    from crnn_seq2seq_ocr.pages.reader import PageReader
    from crnn_seq2seq_ocr.pages.values import Block, Line, Page, Word
    from crnn_seq2seq_ocr.training.train import train

_HOMES = {
    "Alternative": "inference.readings",
    "Block": "pages.values",
    "Character": "inference.readings",
    "CharsetError": "errors",
    "CheckpointError": "errors",
    "CrnnOcrError": "errors",
    "DataError": "errors",
    "DependencyError": "errors",
    "Detector": "pages.detector",
    "DeviceError": "errors",
    "DownloadError": "errors",
    "ExportError": "errors",
    "Line": "pages.values",
    "Page": "pages.values",
    "PageReader": "pages.reader",
    "PictureError": "errors",
    "RapidDetector": "pages.detector",
    "Reader": "inference.reader",
    "Reading": "inference.readings",
    "Recipe": "config",
    "RecipeError": "errors",
    "RecordError": "errors",
    "StorageError": "errors",
    "TrainingError": "errors",
    "WorkerError": "errors",
    "Word": "pages.values",
    "evaluate": "evaluation.evaluate",
    "load_recipe": "config",
    "open_source": "data.sources",
    "train": "training.train",
}

__all__ = [
    "Alternative",
    "Block",
    "Character",
    "CharsetError",
    "CheckpointError",
    "CrnnOcrError",
    "DataError",
    "DependencyError",
    "Detector",
    "DeviceError",
    "DownloadError",
    "ExportError",
    "Line",
    "Page",
    "PageReader",
    "PictureError",
    "RapidDetector",
    "Reader",
    "Reading",
    "Recipe",
    "RecipeError",
    "RecordError",
    "StorageError",
    "TrainingError",
    "Word",
    "WorkerError",
    "__version__",
    "evaluate",
    "load_recipe",
    "open_source",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: reading then needs no PyTorch, and `--help` imports nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
