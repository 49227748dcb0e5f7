"""Any source written as FSNS' TFRecord shards or as a folder of pictures: in parts, which survive an interruption."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from crnn_seq2seq_ocr.data.fsns import MAX_LENGTH, VIEWS, encode_example
from crnn_seq2seq_ocr.data.parallel import in_order
from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, picture_format, resize
from crnn_seq2seq_ocr.data.sample import Picture, Sample, Source
from crnn_seq2seq_ocr.data.storage import replacing, writing
from crnn_seq2seq_ocr.data.tfrecord import shard_name, write_records
from crnn_seq2seq_ocr.data.views import real_views, split_views
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import FSNS_CHARSET

LABELS = "labels.tsv"
SIDE = 150
"""Height and width of one view of FSNS."""

_BLOCK = 1000
"""Samples of one part of a folder: they share a subfolder."""
_CHUNK = 16
"""Samples that a worker process converts in one go."""

Progress = Callable[[int, int], None]
PictureFormat = Literal["keep", "png", "jpg"]


class Failure(NamedTuple):
    """A sample that could not be converted."""

    name: str
    reason: str


@dataclass(frozen=True)
class Conversion:
    """What came of a conversion.

    Attributes:
        samples: How many the source has.
        failures: Those that could not be converted, in the source's order.
        paths: The shards, or the list of labels.
    """

    samples: int
    failures: list[Failure]
    paths: list[Path]

    @property
    def written(self) -> int:
        """How many samples were converted."""
        return self.samples - len(self.failures)


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

    job = _Job(source, folder, split, settings, shards, resume, paths)
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
    parts = -(-len(source) // _BLOCK)
    labels = folder / LABELS

    def write(number: int, entries: Iterator[_Entry]) -> list[Any]:
        (folder / f"{number:04d}").mkdir(exist_ok=True)
        rows = []
        for entry in entries:
            for file, data in entry.files.items():
                (folder / file).write_bytes(data)
            rows.append(("|".join(entry.files), entry.text, "" if entry.views is None else str(entry.views)))
        return rows

    job = _Job(source, folder, "folder", {"format": format}, parts, resume, [labels], block=_BLOCK)
    job.run(partial(_entries, source, format), write, workers, progress)
    result = job.result([labels])
    with writing(folder), replacing(labels) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("file\ttext\tviews\n")
        file.writelines("\t".join(row) + "\n" for row in job.rows())
    return result


class _Entry(NamedTuple):
    """A sample as it will stand in a folder."""

    files: dict[str, bytes]
    text: str
    views: int | None


@dataclass
class _Job:
    """A conversion in parts, which are noted in a hidden folder as they are completed.

    Attributes:
        block: Samples of each part; None makes the parts equal.
        targets: What must not be there before a first run.
    """

    source: Source
    folder: Path
    name: str
    settings: dict[str, Any]
    parts: int
    resume: bool
    targets: list[Path]
    block: int | None = None
    _notes: Path = field(init=False)

    def __post_init__(self) -> None:
        self._notes = self.folder / f".conversion-{self.name}"

    def run(
        self,
        convert: Callable[[range], list[Any]],
        write: Callable[[int, Iterator[Any]], list[Any]],
        workers: int,
        progress: Progress | None,
    ) -> None:
        """Convert and write the parts that are not complete.

        Args:
            convert: What processes do with a few samples: for each what is to be written, or a `Failure`.
            write: Writes one part and returns the rows to note of it.
        """
        with writing(self.folder):
            self._begin()
            pending = [number for number in range(self.parts) if not self._note(number).exists()]
            chunks = {number: list(_chunks(self._samples(number))) for number in pending}
            done = len(self.source) - sum(len(self._samples(number)) for number in pending)
            results = in_order(convert, chain.from_iterable(chunks.values()), workers)
            for number in pending:
                failures: list[Failure] = []
                mine = chain.from_iterable(islice(results, len(chunks[number])))
                counted = _counted(mine, done, len(self.source), progress)
                rows = write(number, _without(counted, failures))
                with replacing(self._note(number)) as temporary:
                    temporary.write_text(json.dumps({"rows": rows, "failures": failures}), encoding="utf-8")
                done += len(self._samples(number))

    def result(self, paths: list[Path]) -> Conversion:
        """What came of it.

        Raises:
            DataError: Nothing was written.
        """
        failures = [Failure(*each) for note in self._read_notes() for each in note["failures"]]
        result = Conversion(len(self.source), failures, paths)
        if not result.written:
            shutil.rmtree(self._notes)
            for path in self.targets:
                path.unlink(missing_ok=True)
            first = "\n".join(f"  {each.name}: {each.reason}" for each in failures[:5])
            raise DataError(f"not one of {len(self.source)} samples could be converted, the first are\n{first}")
        return result

    def rows(self) -> Iterator[list[str]]:
        """What `write` has returned, in order."""
        for note in self._read_notes():
            yield from note["rows"]

    def _begin(self) -> None:
        """Make the folders; refuse to mix with what is there.

        Raises:
            DataError: The folder holds something else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {"source": self.source.description, "content": _fingerprint(self.source), **self.settings}
        state = self._notes / "settings.json"
        if not self.resume:
            shutil.rmtree(self._notes, ignore_errors=True)
        elif state.exists():
            if json.loads(state.read_text(encoding="utf-8")) != wanted:
                raise DataError(
                    f"{self.folder} holds a conversion of another source or with other settings: choose another "
                    "folder, or redo it without resuming"
                )
            self._forget_lost_parts()
            return
        elif existing := [path for path in self.targets if path.exists()]:
            raise DataError(
                f"{existing[0]} exists and is not of this conversion: choose another folder, or redo it without "
                "resuming, which replaces it"
            )
        self._notes.mkdir()
        with replacing(state) as temporary:
            temporary.write_text(json.dumps(wanted), encoding="utf-8")

    def _forget_lost_parts(self) -> None:
        """Parts whose shard was deleted since are not complete."""
        if self.block is None:
            for number, path in enumerate(self.targets):
                if not path.exists():
                    self._note(number).unlink(missing_ok=True)

    def _note(self, number: int) -> Path:
        return self._notes / f"{number:05d}.json"

    def _read_notes(self) -> Iterator[dict[str, Any]]:
        for number in range(self.parts):
            yield json.loads(self._note(number).read_text(encoding="utf-8"))

    def _samples(self, number: int) -> range:
        """Indexes of the samples of a part."""
        total = len(self.source)
        if self.block is not None:
            return range(number * self.block, min((number + 1) * self.block, total))
        return range(number * total // self.parts, (number + 1) * total // self.parts)


def _chunks(samples: range) -> Iterator[range]:
    return (samples[start : start + _CHUNK] for start in range(0, len(samples), _CHUNK))


def _counted(results: Iterable[Any], done: int, total: int, progress: Progress | None) -> Iterator[Any]:
    for number, result in enumerate(results, done + 1):
        yield result
        if progress:
            progress(number, total)


def _without(results: Iterable[Any], failures: list[Failure]) -> Iterator[Any]:
    """The results that are none of the failures, which are put aside."""
    for result in results:
        if isinstance(result, Failure):
            failures.append(result)
        else:
            yield result


def _fingerprint(source: Source) -> str:
    """Tells sources apart that describe themselves alike: their size and texts from all over."""
    places = np.linspace(0, len(source) - 1, min(len(source), 32)).astype(int)
    texts: list[str | None] = []
    for place in places:
        try:
            texts.append(source.text(int(place)))
        except DataError:
            texts.append(None)
    return hashlib.sha256(json.dumps([len(source), texts]).encode()).hexdigest()


def _records(source: Source, charset: str, max_length: int, indexes: range) -> list[bytes | Failure]:
    return [_attempt(source, index, partial(_record, charset=charset, max_length=max_length)) for index in indexes]


def _entries(source: Source, format: PictureFormat, indexes: range) -> list[_Entry | Failure]:
    return [_attempt(source, index, partial(_entry, format=format)) for index in indexes]


def _attempt(source: Source, index: int, convert: Callable[[Sample, int], Any]) -> Any:
    """A sample converted, or why not."""
    name = f"sample {index}"
    try:
        sample = source[index]
        name = sample.name
        if not sample.text.strip():
            raise DataError("the text is empty")
        return convert(sample, index)
    except DataError as error:
        return Failure(name, str(error).removeprefix(f"{name}: "))


def _record(sample: Sample, index: int, *, charset: str, max_length: int) -> bytes:
    """A sample in the layout of FSNS.

    Raises:
        DataError: A picture cannot be read, there are more than four, or the text does not fit.
    """
    if len(sample.images) == 1:
        pixels = decode_picture(sample.images[0], name=sample.name)
        data, views = _encoded(sample.images[0], pixels, "keep")[1], _views(sample, pixels)
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
    return real_views(split_views(pixels, VIEWS)) if sample.views is None else sample.views


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


def _entry(sample: Sample, index: int, *, format: PictureFormat) -> _Entry:
    """A sample as files.

    Raises:
        DataError: A picture cannot be read, or the text cannot stand in a line of a list.
    """
    if set(sample.text) & set("\t\n\r"):
        raise DataError(f"the text {sample.text!r} holds a tab or a line break, which {LABELS} cannot")
    files = {}
    for place, picture in enumerate(sample.images):
        suffix, data = _encoded(picture, decode_picture(picture, name=sample.name), format)
        several = f"-{place}" if len(sample.images) > 1 else ""
        files[f"{index // _BLOCK:04d}/{index:07d}{several}.{suffix}"] = data
    return _Entry(files, sample.text, sample.views)


def _encoded(picture: Picture, pixels: np.ndarray, format: PictureFormat) -> tuple[str, bytes]:
    """Format and file of a picture, its own file where it fits."""
    if isinstance(picture, bytes):
        own = picture_format(picture)
        if own and format in (own, "keep"):
            return own, picture
    wanted = "png" if format == "keep" else format
    return wanted, encode_picture(pixels, format=wanted)
