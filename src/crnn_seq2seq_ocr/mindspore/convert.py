"""Models of the original, made into ours."""

from pathlib import Path

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, save_model
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.mindspore.charset_files import read_general_chars
from crnn_seq2seq_ocr.mindspore.weights import import_checkpoint


def import_mindspore(file: Path, *, charset: Path, out: Path) -> Description:
    """Write a checkpoint of the original CRNN-Seq2Seq-OCR as one of our model folders.

    Args:
        file: The ``.ckpt`` file, of a training or of weights alone.
        charset: The original's ``general_chars.txt``.
        out: The folder to write; it must not be there yet.

    Raises:
        CheckpointError: The file is damaged or holds another network.
        CharsetError: The charset is damaged or another.
        StorageError: The folder is there already, or cannot be written.
    """
    if out.exists():
        raise StorageError(f"{out} is there already: name a new folder")
    imported = import_checkpoint(file)
    description = Description(
        charset=read_general_chars(charset, classes=imported.classes),
        max_length=imported.max_length,
        preprocessing=imported.preprocessing,
        model=imported.model,
        name=file.stem,
    )
    recognizer = build(description)
    recognizer.load_state_dict(imported.state)
    save_model(recognizer, description, out)
    return description
