"""Train, evaluate, run and deploy CRNN + sequence-to-sequence attention text recognisers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.inference.reader import Reader

__version__ = "0.1.0"

__all__ = ["Reader", "__version__"]


def __getattr__(name: str) -> Any:
    """`Reader` when it is first asked for; it brings in PyTorch only for a model that needs it."""
    if name == "Reader":
        from crnn_seq2seq_ocr.inference.reader import Reader

        return Reader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
