"""Whole photographs and pages, read: a detector says where text is, a reader of crops what it says."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.readable import Readable, name_of, open_sample
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.transforms import coverage
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.pages.assemble import Piece, assemble
from crnn_seq2seq_ocr.pages.crops import ROOM, Crop, cut
from crnn_seq2seq_ocr.pages.detector import MOST_BOXES, Detector, RapidDetector
from crnn_seq2seq_ocr.pages.documents import DPI, expand, open_page
from crnn_seq2seq_ocr.pages.rereading import read_again, read_close
from crnn_seq2seq_ocr.pages.turning import read_all_ways
from crnn_seq2seq_ocr.pages.values import Page, failed_page

AHEAD = 2
"""Pictures that are searched while those before are read."""

PAGES_TOGETHER = 8
"""Pages whose crops are read together, at most."""


@dataclass(frozen=True)
class SearchedPicture:
    """A picture that was searched.

    Attributes:
        name: The file.
        size: Its width and height.
        crops: What is to be read of it.
    """

    name: str
    size: tuple[int, int]
    crops: list[Crop]


class PageReader:
    """Reads whole photographs and pages.

    Example:
        >>> pages = PageReader(RapidDetector(), Reader.load("words"))  # doctest: +SKIP
        >>> print(pages.read(["photo.jpg"])[0].text)  # doctest: +SKIP
        COURS
        D'ARRAS

    Args:
        detector: Finds text.
        reader: A model for crops of words and lines, such as ``words``.
        room: Around what was found, as a share of its height.
        turn: Read text that runs up, down or upside down too, and keep the surest.
        dpi: Dots an inch that pages of a PDF are drawn with.
    """

    def __init__(
        self, detector: Detector, reader: Reader, *, room: float = ROOM, turn: bool = True, dpi: int = DPI
    ) -> None:
        self.detector = detector
        self.reader = reader
        self.room = room
        self.turn = turn
        self.dpi = dpi

    @classmethod
    def load(cls, model: str | Path = "words", *, side: int = 960, dpi: int = DPI) -> "PageReader":
        """Load a released model, a model folder or an ``.onnx`` file behind the detector of the extra [find].

        Args:
            model: See `Reader.load`.
            side: See `RapidDetector`.
            dpi: Dots an inch that pages of a PDF are drawn with.

        Raises:
            CheckpointError: The model cannot be loaded.
            DependencyError: The detector is not installed.
        """
        return cls(RapidDetector(side=side), Reader.load(model), dpi=dpi)

    def read(
        self, pictures: Sequence[Readable], *, batch_size: int = 32, beam: int = 1, lexicon: Constraint | None = None
    ) -> list[Page]:
        """Read the pages of pictures, in order; one that cannot be read has an `error`, and the rest go on.

        A PDF or a TIFF gives as many pages as it has.

        Raises:
            TypeError: A single picture was given instead of a sequence.
        """
        if isinstance(pictures, str | bytes | Path) or (isinstance(pictures, np.ndarray) and pictures.ndim < 4):
            raise TypeError("read takes a sequence of pictures: for one picture write read([picture])")
        return list(self.stream(pictures, batch_size=batch_size, beam=beam, lexicon=lexicon))

    def stream(
        self,
        pictures: Iterable[Readable | Sample | Page],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Constraint | None = None,
    ) -> Iterator[Page]:
        """Yield the pages of pictures, in order, in bounded memory; the next are searched while those before are read.

        Args:
            pictures: Any iterable. A sample has a name of its own; a page in the place of a picture (one with an
                error) is handed on.
            batch_size: Crops read together.
            beam: Width of the search.
            lexicon: The only allowed texts of a line.
        """
        for group in _groups(self._search(expand(pictures)), batch_size * PAGES_TOGETHER):
            crops = [found.crops for found in group if isinstance(found, SearchedPicture)]
            pieces = iter(self._pieces(crops, batch_size=batch_size, beam=beam, lexicon=lexicon))
            for found in group:
                if isinstance(found, Page):
                    yield found
                else:
                    yield assemble(found.name, found.size, [piece for piece in next(pieces) if piece is not None])

    def search(self, picture: Readable | Sample, number: int = 0) -> SearchedPicture | Page:
        """Prepare what is to be read of a picture; a page with an error where it cannot be opened.

        The pixels of the whole picture are given up on return.
        """
        name = picture.name if isinstance(picture, Sample) else name_of(picture, number)
        try:
            sample = self._open(picture, name)
            pixels = decode_picture(sample.images[0], name=name)
            corners = self._corners(pixels, name)
        except DataError as error:
            return failed_page(name, error)
        crops = [crop for each in corners for crop in cut(pixels, each, room=self.room)]
        return SearchedPicture(name, (pixels.shape[1], pixels.shape[0]), crops)

    def _open(self, picture: Readable | Sample, name: str) -> Sample:
        if isinstance(picture, Sample):
            return picture
        return open_page(str(picture), dpi=self.dpi) if isinstance(picture, str | Path) else open_sample(picture, name)

    def _corners(self, pixels: np.ndarray, name: str) -> np.ndarray:
        """Return what the detector finds, (N, 4, 2).

        Raises:
            DataError: It finds more than can be text, or gives something else.
        """
        found = np.asarray(self.detector.find(pixels), np.float32)
        if not found.size:
            return np.zeros((0, 4, 2), np.float32)
        if found.ndim != 3 or found.shape[1:] != (4, 2):
            raise DataError(f"{name}: the detector gave an array of {found.shape}: quadrilaterals are (N, 4, 2)")
        if len(found) > MOST_BOXES:
            raise DataError(
                f"{name}: {len(found):,} pieces of text were found, and more than {MOST_BOXES:,} on one picture are "
                "not read: cut the picture into parts"
            )
        return found

    def _search(self, pictures: Iterable[Readable | Sample | Page]) -> Iterator[SearchedPicture | Page]:
        """Yield what was found in each picture, in order, a few pictures ahead in another thread."""
        remaining = enumerate(pictures)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="search") as pool:
            waiting: list[Future[SearchedPicture | Page] | Page] = []
            try:
                for number, picture in remaining:
                    waiting.append(picture if isinstance(picture, Page) else pool.submit(self.search, picture, number))
                    if len(waiting) > AHEAD:
                        yield _done(waiting.pop(0))
                while waiting:
                    yield _done(waiting.pop(0))
            finally:
                for each in waiting:
                    if isinstance(each, Future):
                        each.cancel()

    def _pieces(
        self, pages: list[list[Crop]], *, batch_size: int, beam: int, lexicon: Constraint | None
    ) -> list[list[Piece | None]]:
        """Read each crop of each page; None where nothing was read."""

        def read_pixels(pictures: list[np.ndarray]) -> list[tuple[Reading, float]]:
            samples = (Sample("", (pixels,), "") for pixels in pictures)
            readings = self.reader.stream(samples, batch_size=batch_size, beam=beam, lexicon=lexicon)
            preprocessing = self.reader.description.preprocessing
            return [
                (replace(reading, attention=None, views=None), coverage(pixels, preprocessing)[1])
                for pixels, reading in zip(pictures, readings, strict=True)
            ]

        def read(crops: list[Crop]) -> list[Piece | None]:
            return read_close(crops, read_pixels)

        ways = read_all_ways(pages, read) if self.turn else [[*zip(crops, read(crops), strict=True)] for crops in pages]
        pieces = iter(read_again([line for lines in ways for line in lines], read_pixels))
        return [[next(pieces) for _ in crops] for crops in pages]


def _done(found: "Future[SearchedPicture | Page] | Page") -> SearchedPicture | Page:
    return found.result() if isinstance(found, Future) else found


def _groups(found: Iterable[SearchedPicture | Page], most: int) -> Iterator[list[SearchedPicture | Page]]:
    """Pages in groups of not much more than so many crops."""
    group: list[SearchedPicture | Page] = []
    crops = 0
    for each in found:
        group.append(each)
        crops += len(each.crops) if isinstance(each, SearchedPicture) else 0
        if crops >= most or len(group) >= PAGES_TOGETHER:
            yield group
            group, crops = [], 0
    if group:
        yield group
