"""Any source written as FSNS' TFRecord shards or as a folder of pictures: in parts, which survive an interruption."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.data.conversion_entries import BLOCK, Entry, PictureFormat, attempt, encoded, entries
from crnn_seq2seq_ocr.data.formats.fsns import MAX_LENGTH, VIEWS, encode_example
from crnn_seq2seq_ocr.data.formats.tfrecord import shard_name, write_records
from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, resize
from crnn_seq2seq_ocr.data.resumable_conversion import Conversion, Failure, Job, Progress
from crnn_seq2seq_ocr.data.sample import Picture, Sample, Source
from crnn_seq2seq_ocr.data.views import SIDE, untold_views
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import replacing, writing
from crnn_seq2seq_ocr.text import FSNS_CHARSET

LABELS = "labels.tsv"


def convert_to_tfrecord(
    source: Source,
    folder: Path,
    *,
    charset: str = FSNS_CHARSET,
    max_length: int = MAX_LENGTH,
    shards: int = 1,
    split: str = "train",
    workers: int = 0,
    resume: bool = True,
    progress: Progress | None = None,
) -> Conversion:
    """Write a source as shards ``SPLIT-00000-of-00004`` in the layout of FSNS.

    PNG and JPEG pictures are kept byte for byte; other pictures and pixels become PNG. Several pictures
    of one text become a strip of four views, the missing ones noise. Samples keep their order; a shard
    appears when it is complete.

    Args:
        source: What to convert.
        folder: Where to; made if need be.
        charset: Gives ``image/class``; texts with other characters are failures.
        max_length: Longer texts are failures.
        shards: How many files.
        split: First part of their names.
        workers: Processes that convert; 0 converts in this one. The files are the same.
        resume: Keep the complete shards of an interrupted conversion of the same source; False redoes all.
        progress: Called with samples done and samples in all.

    Raises:
        DataError: Not one sample could be converted, or the folder holds something else under these names.
        StorageError: No space left, or the folder may not be written.
    """
    shards = max(1, min(shards, len(source)))
    paths = [folder / shard_name(split, number, shards) for number in range(shards)]
    settings = {"charset": charset, "max_length": max_length, "shards": shards}

    def write(number: int, records: Iterator[bytes]) -> list[Any]:
        write_records(paths[number], records)
        return []

    job = Job(source, folder, split, settings, shards, resume, paths)
    job.run(partial(_records, source, charset, max_length), write, workers, progress)
    return job.result(paths)


def convert_to_folder(
    source: Source,
    folder: Path,
    *,
    format: PictureFormat = "keep",
    workers: int = 0,
    resume: bool = True,
    progress: Progress | None = None,
) -> Conversion:
    """Write a source as pictures and a ``labels.tsv`` with the columns file, text and views.

    Args:
        source: What to convert.
        folder: Where to; made if need be.
        format: ``keep`` leaves PNG and JPEG files as they are and makes others PNG; ``png`` and ``jpg``
            re-encode those that are not of that format.
        workers: Processes that convert; 0 converts in this one. The files are the same.
        resume: Go on with an interrupted conversion of the same source; False redoes all.
        progress: Called with samples done and samples in all.

    Raises:
        DataError: Not one sample could be converted, or the folder holds another list of labels.
        StorageError: No space left, or the folder may not be written.
    """
    parts = -(-len(source) // BLOCK)
    labels = folder / LABELS

    def write(number: int, entries: Iterator[Entry]) -> list[Any]:
        (folder / f"{number:04d}").mkdir(exist_ok=True)
        rows = []
        for entry in entries:
            for file, data in entry.files.items():
                (folder / file).write_bytes(data)
            rows.append(("|".join(entry.files), entry.text, "" if entry.views is None else str(entry.views)))
        return rows

    job = Job(source, folder, "folder", {"format": format}, parts, resume, [labels], block=BLOCK)
    job.run(partial(entries, source, format), write, workers, progress)
    result = job.result([labels])
    with writing(folder), replacing(labels) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("file\ttext\tviews\n")
        file.writelines("\t".join(row) + "\n" for row in job.rows())
    return result


def _records(source: Source, charset: str, max_length: int, indexes: range) -> list[bytes | Failure]:
    return [attempt(source, index, partial(_record, charset=charset, max_length=max_length)) for index in indexes]


def _record(sample: Sample, index: int, *, charset: str, max_length: int) -> bytes:
    """Return a sample in the layout of FSNS.

    Raises:
        DataError: A picture cannot be read, there are more than four, or the text does not fit.
    """
    if len(sample.images) == 1:
        pixels = decode_picture(sample.images[0], name=sample.name)
        data, views = encoded(sample.images[0], pixels, "keep")[1], _views(sample, pixels)
    else:
        pixels = _strip(sample, index)
        data, views = encode_picture(pixels), len(sample.images)
    height, width = pixels.shape[:2]
    return encode_example(
        data, sample.text, width=width, orig_width=round(width * views / VIEWS), height=height,
        charset=charset, max_length=max_length,
    )  # fmt: skip


def _views(sample: Sample, pixels: np.ndarray) -> int:
    """Real views as the source says, else as the picture shows."""
    return untold_views(pixels) if sample.views is None else sample.views


def _strip(sample: Sample, index: int) -> np.ndarray:
    """Several pictures as one strip of four views (150, 600, 3), the missing ones uniform noise."""
    pictures: Sequence[Picture] = sample.images
    if not 1 <= len(pictures) <= VIEWS:
        raise DataError(f"it has {len(pictures)} pictures, this layout takes 1 to {VIEWS}")
    strip = np.random.default_rng([index]).integers(0, 256, (SIDE, VIEWS * SIDE, 3), dtype=np.uint8)
    for place, picture in enumerate(pictures):
        view = resize(decode_picture(picture, name=sample.name), (SIDE, SIDE))
        strip[:, place * SIDE : (place + 1) * SIDE] = view
    return strip
