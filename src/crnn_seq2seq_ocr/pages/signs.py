"""Street name signs in photographs: text leads to the plates that it stands on, and a reader of signs reads each.

A plate is what has one colour behind letters and another around it; a name that is painted on a wall is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture, resize
from crnn_seq2seq_ocr.data.readable import Readable, name_of, open_sample
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.pages.detector import MOST_BOXES, Detector
from crnn_seq2seq_ocr.pages.documents import DPI, expand, open_page
from crnn_seq2seq_ocr.pages.order import arrange
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.values import Block, Line, Page, Word, as_quadrilateral, failed_page

ROOM = 0.1
"""Room around a plate on each side, as a share of its longer side: in FSNS a sign takes up 40 to 95 % of the width."""

SAME_COLOUR = 30.0, 15.0
"""Distances in CIE Lab within which pixels are of the plate's colour: the first that does not go on over the wall."""

LARGEST = 8.0
"""Area of a plate, at most, in areas of the rectangle around its text; a larger one is a wall."""

LEAST_SURE = 0.1
"""A plate whose name is read with less confidence is taken for another board, and left out."""

SMALL = 800
"""Pixels of the longer side of the picture in which plates are looked for."""

Plate = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Signs:
    """A picture that was searched: its plates (left, top, right, bottom), and a square picture of each."""

    name: str
    size: tuple[int, int]
    plates: list[Plate]
    crops: list[np.ndarray]


class SignReader:
    """Finds the street name signs of photographs and reads each.

    Args:
        detector: Finds text.
        reader: A model for signs, such as ``fsns``.
        dpi: Dots an inch that pages of a PDF are drawn with.
    """

    def __init__(self, detector: Detector, reader: Reader, *, dpi: int = DPI) -> None:
        self.detector = detector
        self.reader = reader
        self.dpi = dpi

    def stream(
        self,
        pictures: Iterable[Readable | Sample | Page],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Constraint | None = None,
    ) -> Iterator[Page]:
        """Yield the pages of pictures, in order: a block of one line for each sign, from top to bottom.

        Args:
            pictures: Any iterable; a page in the place of a picture (one with an error) is handed on.
            batch_size: Signs read together.
            beam: Width of the search.
            lexicon: The only allowed names.
        """
        read = partial(self.reader.stream, batch_size=batch_size, beam=beam, lexicon=lexicon)
        for number, picture in enumerate(expand(pictures)):
            if isinstance(picture, Page):
                yield picture
                continue
            found = self._search(picture, number)
            yield found if isinstance(found, Page) else _page(found, read)

    def _search(self, picture: Readable | Sample, number: int) -> _Signs | Page:
        name = picture.name if isinstance(picture, Sample) else name_of(picture, number)
        try:
            pixels = decode_picture(self._open(picture, name).images[0], name=name)
        except DataError as error:
            return failed_page(name, error)
        corners = np.asarray(self.detector.find(pixels), np.float32).reshape(-1, 4, 2)
        plates = find_plates(pixels, corners[:MOST_BOXES])
        return _Signs(name, (pixels.shape[1], pixels.shape[0]), plates, [cut_sign(pixels, plate) for plate in plates])

    def _open(self, picture: Readable | Sample, name: str) -> Sample:
        if isinstance(picture, Sample):
            return picture
        return open_page(name, dpi=self.dpi) if isinstance(picture, str) else open_sample(picture, name)


def page_reader(detector: Detector, reader: Reader, *, dpi: int = DPI) -> PageReader | SignReader:
    """Return what reads whole photographs with a model: their signs if it takes several views, else all their text."""
    if reader.description.preprocessing.views > 1:
        return SignReader(detector, reader, dpi=dpi)
    return PageReader(detector, reader, dpi=dpi)


def _page(found: _Signs, read: Callable[[Iterable[Sample]], Iterator[Reading]]) -> Page:
    readings = read(Sample("", (crop,), "") for crop in found.crops)
    pairs = zip(found.plates, readings, strict=True)
    blocks = (_block(plate, reading) for plate, reading in pairs if reading.confidence >= LEAST_SURE)
    return Page(found.name, found.size, tuple(block for block in blocks if block.text.strip()))


def find_plates(pixels: np.ndarray, corners: np.ndarray) -> list[Plate]:
    """Find the plates that text stands on, from top to bottom.

    Args:
        pixels: RGB uint8 (H, W, 3).
        corners: Of text, (N, 4, 2).
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    small = resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))))
    colours = cv2.cvtColor(cv2.medianBlur(small, 3).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    plates: list[Plate] = []
    for block in arrange(corners):
        texts = [_rectangle(corners[place] * scale, colours) for line in block for place in line]
        if (plate := _plate(colours, texts)) is not None:
            left, top, right, bottom = (round(each / scale) for each in plate)
            plates = _added(plates, (left, top, min(right, width), min(bottom, height)))
    return sorted(plates, key=lambda plate: (plate[1] + plate[3], plate[0]))


def cut_sign(pixels: np.ndarray, plate: Plate) -> np.ndarray:
    """Cut a square around a plate, with room, as the pictures of FSNS are; edges are continued outwards."""
    left, top, right, bottom = plate
    side = round((1 + 2 * ROOM) * max(right - left, bottom - top))
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    inside = pixels[max(y, 0) : y + side, max(x, 0) : x + side]
    above, before = max(-y, 0), max(-x, 0)
    below, after = side - above - inside.shape[0], side - before - inside.shape[1]
    return np.asarray(cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE))


def _rectangle(corners: np.ndarray, colours: np.ndarray) -> tuple[slice, slice]:
    """Return rows and columns of the upright rectangle around a quadrilateral, at least a pixel within the picture."""
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    columns, rows = (
        slice(int(np.clip(low[axis], 0, limit - 1)), int(np.clip(high[axis], 1, limit)))
        for axis, limit in enumerate((colours.shape[1], colours.shape[0]))
    )
    return rows, columns


def _plate(colours: np.ndarray, texts: list[tuple[slice, slice]]) -> Plate | None:
    """Find the connected surface of the colour behind the texts; None where it goes on over the picture."""
    behind = np.median(np.concatenate([colours[text].reshape(-1, 3) for text in texts]), axis=0)
    distances = np.linalg.norm(colours - behind, axis=2)
    rows, columns = zip(*texts, strict=True)
    wide = max(each.stop for each in columns) - min(each.start for each in columns)
    high = max(each.stop for each in rows) - min(each.start for each in rows)
    surfaces = (_surface((distances < limit).astype(np.uint8), texts) for limit in SAME_COLOUR)
    return next((each for each in surfaces if each is not None and _area(each) <= LARGEST * wide * high), None)


def _surface(same: np.ndarray, texts: list[tuple[slice, slice]]) -> Plate | None:
    """Find the box of the connected surface that most of the texts' pixels belong to."""
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(same, connectivity=4)
    inside = np.concatenate([parts[text].ravel() for text in texts])
    inside = inside[inside > 0]
    if not len(inside):
        return None
    left, top, wide, high = (int(each) for each in boxes[np.bincount(inside).argmax()][:4])
    return left, top, left + wide, top + high


def _area(plate: Plate) -> int:
    return (plate[2] - plate[0]) * (plate[3] - plate[1])


def _added(plates: list[Plate], new: Plate) -> list[Plate]:
    """Add a plate, and join it with those that it shares most of its surface with."""
    kept = []
    for plate in plates:
        wide = min(plate[2], new[2]) - max(plate[0], new[0])
        high = min(plate[3], new[3]) - max(plate[1], new[1])
        smaller = min(_area(plate), _area(new))
        if wide > 0 and high > 0 and wide * high > 0.5 * smaller:
            new = min(plate[0], new[0]), min(plate[1], new[1]), max(plate[2], new[2]), max(plate[3], new[3])
        else:
            kept.append(plate)
    return [*kept, new]


def _block(plate: Plate, reading: Reading) -> Block:
    left, top, right, bottom = plate
    corners = as_quadrilateral(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
    # A name goes over the lines of its sign: its words have no places of their own.
    words = tuple(Word(text, reading.confidence, corners, ()) for text in reading.text.split())
    return Block((Line(reading.text, reading.confidence, corners, words),), corners)
