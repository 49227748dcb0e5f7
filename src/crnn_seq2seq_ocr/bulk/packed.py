"""Pictures of the command line: files, and tar (WebDataset), Parquet and Arrow files with many pictures in each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crnn_seq2seq_ocr.bulk.listing import Entries, Entry, Names
from crnn_seq2seq_ocr.data.formats import arrow, webdataset
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.readings import Reading, failed

Packed = webdataset.WebDataset | arrow.ArrowSamples

SUFFIXES = {webdataset.SUFFIX, arrow.PARQUET, arrow.ARROW}


@dataclass(frozen=True)
class Pictures:
    """Picture files and packed files, in order; a packed file stands for the pictures in it.

    Attributes:
        names: A file each. They are gone through once for each time that the entries are asked for.
    """

    names: Iterable[str]

    def __iter__(self) -> Iterator[Entry]:
        for name in self.names:
            yield from _inside(name) if is_packed(name) else Names([name])

    def split(self, size: int) -> list[Entries]:
        """See `Entries`."""
        parts: list[Entries] = []
        files: list[str] = []
        for name in self.names:
            if is_packed(name):
                parts += Names(files).split(size)
                files = []
                parts.append(Pictures([name]))
            else:
                files.append(name)
        return parts + Names(files).split(size)

    def identity(self) -> list[str]:
        """See `Entries`."""
        return list(self.names)


def is_packed(name: str) -> bool:
    """Whether a file holds many pictures, by its name."""
    return Path(name).suffix.lower() in SUFFIXES


def _inside(name: str) -> Iterator[Entry]:
    """Yield the pictures of a packed file, ``x.tar#key`` or ``x.parquet#row``; one that fails if it is none."""
    try:
        packed = _open(Path(name))
    except (DataError, OSError) as error:
        yield Entry(name, partial(failed, name, _told(name, error)))
        return
    before = len(Path(name).name)  # its names begin with the file's own name, which other folders may have too
    for index in range(len(packed)):
        each = name + packed.name(index)[before:]
        yield Entry(each, partial(_sample, packed, index, each))


def _open(path: Path) -> Packed:
    if path.suffix.lower() == webdataset.SUFFIX:
        return webdataset.WebDataset([path], labelled=False)
    return arrow.ArrowSamples([path], labelled=False)


def _told(name: str, error: DataError | OSError) -> DataError:
    if isinstance(error, DataError):
        return error
    return DataError(f"{name} cannot be opened ({error.strerror or error}): check the path")


def _sample(packed: Packed, index: int, name: str) -> Sample | Reading:
    try:
        return packed[index]
    except DataError as error:
        return failed(name, error)
