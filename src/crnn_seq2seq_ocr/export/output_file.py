"""The file that an export writes: what it may be called, and that it appears whole or not at all."""

from pathlib import Path

from crnn_seq2seq_ocr.errors import ExportError, StorageError
from crnn_seq2seq_ocr.system.files import make_folder, replacing, writing


def prepare_output(out: Path, *, suffix: str) -> None:
    """Make the folder of a file that is to be written, before the work is done for it.

    Raises:
        ExportError: The file's name has another suffix.
        StorageError: It is a folder, or cannot be written.
    """
    if out.suffix != suffix:
        raise ExportError(f"{out} would not be known for what it is: give it a name that ends with {suffix}")
    if out.is_dir():
        raise StorageError(f"{out} is a folder: name a file")
    make_folder(out.absolute().parent)


def write(out: Path, content: bytes | memoryview) -> None:
    """Write the file; one that is there is replaced.

    Raises:
        StorageError: It cannot be written.
    """
    with writing(out.absolute().parent), replacing(out) as temporary:
        temporary.write_bytes(content)
