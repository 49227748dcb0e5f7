"""A source that draws, written to disk: FSNS' TFRecord shards, or a folder of pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from crnn_seq2seq_ocr.data.conversion_entries import PictureFormat
from crnn_seq2seq_ocr.data.convert import convert_to_folder, convert_to_tfrecord
from crnn_seq2seq_ocr.data.resumable_conversion import Conversion
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError


def draw(
    source: Source,
    folder: Path,
    *,
    layout: Literal["tfrecord", "folder"] = "tfrecord",
    format: PictureFormat = "keep",
    shards: int = 1,
    split: str = "train",
    workers: int = 0,
    resume: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Conversion:
    """Write what a source draws; the files are the same whatever the number of workers.

    Args:
        source: Such as ``open_source("synthetic:signs?count=1000")`` or ``open_source("synthetic:words?count=1000")``.
        folder: Where to; made if need be.
        layout: ``tfrecord`` for shards exactly as those of FSNS (signs only), ``folder`` for pictures and
            ``labels.tsv``.
        format: Of the pictures in a folder: ``keep`` and ``png`` lose nothing, ``jpg`` takes a third of the space and
            of the time to decode.
        shards: How many shards; for ``tfrecord`` only.
        split: First part of their names; for ``tfrecord`` only.
        workers: Processes that draw; 0 draws in this one.
        resume: Keep what an interrupted run has completed.
        progress: Called with samples done and samples in all.

    Raises:
        DataError: The folder holds something else under these names, or words should become shards.
        StorageError: No space left, or the folder may not be written.
    """
    if layout == "folder":
        return convert_to_folder(source, folder, format=format, workers=workers, resume=resume, progress=progress)
    if format == "jpg":
        raise DataError("TFRecords in the layout of FSNS hold PNG pictures: choose jpg for a folder (--to folder)")
    from crnn_seq2seq_ocr.data.synthetic.word_samples import SyntheticWords  # loads corpora and fonts

    if isinstance(source, SyntheticWords):
        raise DataError(
            "words are not drawn as TFRecords: FSNS' layout is for signs of four views and its own "
            "characters; write them as a folder (--to folder)"
        )
    return convert_to_tfrecord(
        source, folder, shards=shards, split=split, workers=workers, resume=resume, progress=progress
    )
