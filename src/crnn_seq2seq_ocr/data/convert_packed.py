"""Any source written as an LMDB, as Parquet or as WebDataset tar files: in parts, which survive an interruption."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from crnn_seq2seq_ocr.data.conversion_entries import BLOCK, Entry, PictureFormat, attempt, entry
from crnn_seq2seq_ocr.data.formats import arrow, lmdb, webdataset
from crnn_seq2seq_ocr.data.formats.tfrecord import shard_name
from crnn_seq2seq_ocr.data.resumable_conversion import Conversion, Failure, Job, Progress
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.dependencies import needing

Sharded = Literal["parquet", "webdataset"]

_SUFFIXES = {"parquet": arrow.PARQUET, "webdataset": webdataset.SUFFIX}


def convert_to_shards(
    source: Source,
    folder: Path,
    *,
    to: Sharded,
    shards: int = 1,
    split: str = "train",
    format: PictureFormat = "keep",
    workers: int = 0,
    resume: bool = True,
    progress: Progress | None = None,
) -> Conversion:
    """Write a source as files ``SPLIT-00000-of-00004.parquet`` or ``.tar``.

    Parquet takes one picture a text, WebDataset any number. Samples keep their order; a file appears when it is
    complete.

    Args:
        source: What to convert.
        folder: Where to; made if need be.
        to: What to write.
        shards: How many files.
        split: First part of their names.
        format: ``keep`` leaves PNG and JPEG files as they are and makes others PNG; ``png`` and ``jpg``
            re-encode those that are not of that format.
        workers: Processes that convert; 0 converts in this one. The files are the same.
        resume: Keep the complete files of an interrupted conversion of the same source; False redoes all.
        progress: Called with samples done and samples in all.

    Raises:
        DataError: Not one sample could be converted, or the folder holds something else under these names.
        DependencyError: PyArrow is not installed.
        StorageError: No space left, or the folder may not be written.
    """
    if to == "parquet":
        with needing("writing Parquet"):
            import pyarrow  # noqa: F401
    shards = max(1, min(shards, len(source)))
    paths = [folder / (shard_name(split, number, shards) + _SUFFIXES[to]) for number in range(shards)]

    def write(number: int, entries: Iterator[Entry]) -> list[Any]:
        if to == "parquet":
            arrow.write_parquet(paths[number], map(_row, entries))
        else:
            webdataset.write_tar(paths[number], map(_members, entries))
        return []

    settings = {"to": to, "format": format, "shards": shards}
    job = Job(source, folder, split, settings, shards, resume, paths)
    job.run(partial(_convert, source, _single if to == "parquet" else _any, format), write, workers, progress)
    return job.result(paths)


def convert_to_lmdb(
    source: Source,
    folder: Path,
    *,
    format: PictureFormat = "keep",
    workers: int = 0,
    resume: bool = True,
    progress: Progress | None = None,
) -> Conversion:
    """Write a source as an LMDB in the layout of deep-text-recognition-benchmark, one picture a text.

    The layout keeps neither how many views of a strip are real nor names.

    Args:
        source: What to convert.
        folder: Where to; made if need be.
        format: As for `convert_to_shards`.
        workers: Processes that convert; 0 converts in this one.
        resume: Go on with an interrupted conversion of the same source; False redoes all.
        progress: Called with samples done and samples in all.

    Raises:
        DataError: Not one sample could be converted, or the folder holds another LMDB.
        DependencyError: The package lmdb is not installed.
        StorageError: No space left, or the folder may not be written.
    """
    with needing("writing an LMDB"):
        import lmdb as _  # noqa: F401
    target = folder / lmdb.DATA
    parts = -(-len(source) // BLOCK)
    resume = resume and target.exists()  # the parts are all in one file
    job = Job(source, folder, "lmdb", {"format": format}, parts, resume, [target], block=BLOCK)
    ends: list[int] | None = None

    def write(number: int, entries: Iterator[Entry]) -> list[Any]:
        nonlocal ends
        if ends is None:  # parts of an earlier run come first
            ends = [int(row[0]) for row in job.rows(number)]
            if number == 0:
                target.unlink(missing_ok=True)
        last = lmdb.write_samples(folder, (ends[-1] if ends else 0) + 1, map(_pair, entries))
        ends.append(last)
        return [[str(last)]]

    job.run(partial(_convert, source, _single, format), write, workers, progress)
    return job.result([target])


def _convert(
    source: Source, check: Callable[[Sample], None], format: PictureFormat, indexes: range
) -> list[Entry | Failure]:
    def convert(sample: Sample, index: int) -> Entry:
        check(sample)
        return entry(sample, index, format=format)

    return [attempt(source, index, convert) for index in indexes]


def _any(sample: Sample) -> None:
    """Any number of pictures will do."""


def _single(sample: Sample) -> None:
    """Refuse a sample of several pictures.

    Raises:
        DataError: It has not exactly one.
    """
    if len(sample.images) != 1:
        raise DataError(
            f"it has {len(sample.images)} pictures, this layout takes one: tfrecord, folder and webdataset take several"
        )


def _pair(entry: Entry) -> tuple[bytes, str]:
    (picture,) = entry.files.values()
    return picture, entry.text


def _row(entry: Entry) -> tuple[bytes, str, str, int | None]:
    ((name, picture),) = entry.files.items()
    return picture, Path(name).name, entry.text, entry.views


def _members(entry: Entry) -> tuple[str, dict[str, bytes]]:
    """Return a sample of a tar file: its number, and its members."""
    names = [Path(name) for name in entry.files]
    key = names[0].stem.partition("-")[0]
    if len(names) == 1:
        pictures = {names[0].suffix[1:]: next(iter(entry.files.values()))}
    else:
        pictures = {
            f"{place}{name.suffix}": data
            for place, (name, data) in enumerate(zip(names, entry.files.values(), strict=True))
        }
    return key, {**pictures, "txt": entry.text.encode()}
