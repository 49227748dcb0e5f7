"""Packages that only some things need: which extra brings them, said where one is missing."""

import contextlib
from collections.abc import Iterator

from crnn_seq2seq_ocr.errors import DependencyError

_EXTRAS = {
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "prometheus_client", "python_multipart"), "serve"),
    **dict.fromkeys(("rapidocr", "pypdfium2", "pillow_heif", "lxml"), "find"),
    "pyarrow": "parquet",
    "huggingface_hub": "hub",
    "lmdb": "lmdb",
    "s3fs": "s3",
    "gcsfs": "gcs",
}
"""What brings a module; [train] brings all others that may be missing."""

_NAMES = {
    "torch": "PyTorch",
    "pyarrow": "PyArrow",
    "rapidocr": "RapidOCR",
    "spellchecker": "pyspellchecker",
}


@contextlib.contextmanager
def needing(what: str) -> Iterator[None]:
    """Guard the imports for `what`, which a message begins with.

    Raises:
        DependencyError: A package is not installed; the message says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing(what, error) from None


def missing(what: str, error: ModuleNotFoundError) -> DependencyError:
    """Return what to tell of a package that is not there.

    Raises:
        ModuleNotFoundError: `error`, where it is our own module that is missing.
    """
    package = (error.name or "").partition(".")[0]
    if package in {"", __package__.partition(".")[0]}:
        raise error
    name, extra = _NAMES.get(package, package), _EXTRAS.get(package, "train")
    return DependencyError(f"{what} needs {name}: pip install 'crnn-seq2seq-ocr[{extra}]'")
