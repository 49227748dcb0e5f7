"""PAGE and ALTO: files of XML beside pictures of pages, with a polygon and a text for every line.

As kraken, eScriptorium and Transkribus write them. A line is cut out along its polygon: what lies outside becomes the
colour of its paper, and a line that runs at an angle is turned upright by its baseline.

Sources: PAGE content 2019-07-15 (https://github.com/PRImA-Research-Lab/PAGE-XML), ALTO 4
(https://www.loc.gov/standards/alto/). Elements are known by their names in any version's namespace.
"""

import functools
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.combined import within
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.formats.label_rows import PICTURES
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.strings import Builder
from crnn_seq2seq_ocr.errors import DataError, RecordError
from crnn_seq2seq_ocr.text import normalize

SUFFIX = ".xml"

PAGES_KEPT = 2
"""Decoded pages that a process keeps: each may be some dozen megabytes."""

LEAST_TURN = 0.5
"""Degrees: lines that are straighter are cut out without touching their pixels."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Line(NamedTuple):
    """One line of a page.

    Attributes:
        id: As the file names it.
        text: In NFC.
        polygon: float (P, 2), x and y in pixels of the page.
        baseline: float (B, 2), in the direction of reading; empty where the file has none.
    """

    id: str
    text: str
    polygon: np.ndarray
    baseline: np.ndarray


class PageLines:
    """The lines of PAGE and ALTO files as samples, page by page, in the order of the files.

    Lines without a text are left out. Pickles by its arrays; pages are decoded when needed, in each process for itself.

    Args:
        paths: The files.

    Raises:
        DataError: A file is neither PAGE nor ALTO, damaged, or none has a line with a text.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self._pictures: list[Path] = []
        names, texts = Builder(), Builder()
        points: list[np.ndarray] = []
        numbers: list[tuple[int, int, int]] = []  # page, points of the polygon and of the baseline
        self._empty = 0
        for page, path in enumerate(paths):
            root = _parse(path)
            self._pictures.append(_picture_of(path, root))
            for line in _lines(path, root):
                if not line.text.strip():
                    self._empty += 1
                    continue
                names.add(line.id)
                texts.add(line.text)
                points += [line.polygon, line.baseline]
                numbers.append((page, len(line.polygon), len(line.baseline)))
        if not numbers:
            raise DataError(f"{paths[0]} has no lines with a text: transcribe them first, or name other files")
        self._names, self._texts = names.build(), texts.build()
        self._numbers = np.array(numbers, np.int64)
        self._points = np.concatenate(points)
        self._ends = self._numbers[:, 1:].sum(1).cumsum()
        self._open()

    def _open(self) -> None:
        self._page = functools.lru_cache(PAGES_KEPT)(_decode)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_page"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        empty = f", {self._empty:,} lines without a text left out" if self._empty else ""
        return f"PAGE or ALTO {self.paths[0]}{more}: {len(self):,} samples{empty}"

    @property
    def faults(self) -> list[str]:
        """Nothing: a file that breaks off does not open."""
        return []

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> Sample:
        """Return a line, cut out of its page.

        Raises:
            DataError: The picture of the page is missing or cannot be read.
            RecordError: The line lies outside of it, or has no polygon.
        """
        page, corners, _ = self._numbers[within(index, len(self))]
        name = f"{self.paths[page].name}#{self._names[index]}"
        start = int(self._ends[index - 1]) if index else 0
        polygon = self._points[start : start + corners]
        baseline = self._points[start + corners : int(self._ends[index])]
        return Sample(
            name, (cut_line(self._page(self._pictures[page]), polygon, baseline, name=name),), self.text(index)
        )

    def text(self, index: int) -> str:
        """Return the text of a line."""
        return self._texts[within(index, len(self))]


def cut_line(page: np.ndarray, polygon: np.ndarray, baseline: np.ndarray, *, name: str) -> np.ndarray:
    """Cut a line out of its page.

    Args:
        page: RGB uint8 (H, W, 3).
        polygon: (P, 2), x and y; what lies outside becomes the median colour of what lies inside.
        baseline: (B, 2), turned to run from left to right; with fewer than two points nothing is turned.
        name: Of the line, for messages.

    Returns:
        RGB uint8 (h, w, 3).

    Raises:
        RecordError: There is nothing inside.
    """
    if len(polygon) < 3:
        raise RecordError(f"{name}: the line has no polygon of three points or more")
    corners = polygon.astype(np.float64)
    angle = _angle(baseline)
    if abs(angle) >= LEAST_TURN:
        page, corners = _turned(page, corners, angle)
    height, width = page.shape[:2]
    left, top = np.floor(corners.min(0)).clip(0, (width, height)).astype(int)
    right, bottom = np.ceil(corners.max(0) + 1).clip(0, (width, height)).astype(int)
    if right - left < 2 or bottom - top < 2:
        raise RecordError(f"{name}: the line lies outside of the picture of its page ({width} by {height} pixels)")
    cut = page[top:bottom, left:right].copy()
    mask = np.zeros(cut.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(corners - (left, top)).astype(np.int32)], 255)
    inside = cut[mask > 0]
    if not len(inside):
        raise RecordError(f"{name}: the polygon of the line holds no pixel")
    cut[mask == 0] = np.median(inside, axis=0)
    return cut


def _angle(baseline: np.ndarray) -> float:
    """Degrees by which a baseline falls from its first point to its last."""
    if len(baseline) < 2:
        return 0.0
    x, y = baseline[-1] - baseline[0]
    return math.degrees(math.atan2(y, x))


def _turned(page: np.ndarray, corners: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the surroundings of a line, turned until it is upright, and its corners there."""
    centre = (corners.min(0) + corners.max(0)) / 2
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, 1.0)  # (2, 3)
    turned = corners @ turn[:, :2].T + turn[:, 2]
    low = np.floor(turned.min(0))
    turn[:, 2] -= low
    # Polygons may claim any size; that of the page is enough for what is on it.
    most = int(math.hypot(*page.shape[:2])) + 1
    size = np.ceil(turned.max(0) - low + 1).clip(1, most).astype(int)
    pixels = cv2.warpAffine(
        page, turn, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return pixels, turned - low


def _decode(picture: Path) -> np.ndarray:
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the picture {picture} of a page: {error.strerror or error}") from None
    return decode_picture(data, name=str(picture))


def _parse(path: Path) -> ElementTree.Element:
    """Return the root of a PAGE or ALTO file.

    Raises:
        DataError: It is no such file.
    """
    root = _root(path)
    if _tag(root) not in ("PcGts", "alto"):
        raise DataError(f"{path} is XML, but neither PAGE nor ALTO: its root is <{_tag(root)}>")
    return root


def _root(path: Path) -> ElementTree.Element:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    if b"<!ENTITY" in data:
        raise DataError(f"{path} defines entities, which neither PAGE nor ALTO needs: take them out")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{path} is no XML that can be read: {error}") from None


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(element: ElementTree.Element, tag: str) -> Iterator[ElementTree.Element]:
    """Iterate over the descendants of a name, in their order."""
    return (each for each in element.iter() if _tag(each) == tag)


def _children(element: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [each for each in element if _tag(each) == tag]


def _picture_of(path: Path, root: ElementTree.Element) -> Path:
    """Find the picture of a page: as it says, else one beside it of that name, else one of the file's own name."""
    if _tag(root) == "alto":
        said = next((each.text or "" for each in _all(root, "fileName")), "")
    else:
        said = next((each.get("imageFilename", "") for each in _all(root, "Page")), "")
    said = said.strip().removeprefix("file://")
    if said:
        places = (path.parent / said, path.parent / said.replace("\\", "/").rpartition("/")[2])
        found = next((place for place in places if _is_file(place)), None)
        if found is not None:
            return found
    stem = path.name.removesuffix(SUFFIX).removesuffix(".page").removesuffix(".alto")
    beside = (path.with_name(stem + suffix) for suffix in PICTURES)
    return next((each for each in beside if each.is_file()), path.parent / (said or stem + PICTURES[0]))


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except (OSError, ValueError):
        return False


def _lines(path: Path, root: ElementTree.Element) -> Iterator[Line]:
    if _tag(root) == "alto":
        unit = next((each.text or "" for each in _all(root, "MeasurementUnit")), "pixel").strip()
        if unit not in ("pixel", ""):
            raise DataError(f"{path} measures in {unit}: only ALTO in pixels can be cut out, write it anew so")
    read = _alto_line if _tag(root) == "alto" else _page_line
    for number, element in enumerate(_all(root, "TextLine"), 1):
        yield read(element, element.get("id") or element.get("ID") or f"line {number}")


def _page_line(element: ElementTree.Element, name: str) -> Line:
    coordinates = _children(element, "Coords")
    baselines = _children(element, "Baseline")
    text = _page_text(element)
    if text is None:
        words = (_page_text(word) for word in _children(element, "Word"))
        text = " ".join(word for word in words if word)
    return Line(
        name, normalize(text),
        _points(coordinates[0].get("points", "")) if coordinates else _points(""),
        _points(baselines[0].get("points", "")) if baselines else _points(""),
    )  # fmt: skip


def _page_text(element: ElementTree.Element) -> str | None:
    """Return the text of a line or word, of several that of the lowest index; None where there is none."""
    found = _children(element, "TextEquiv")
    if not found:
        return None
    best = min(found, key=lambda each: int(index) if (index := each.get("index", "0")).isdecimal() else 0)
    return next((each.text or "" for each in _children(best, "Unicode")), "")


def _alto_line(element: ElementTree.Element, name: str) -> Line:
    parts = [(_tag(each), each.get("CONTENT", "")) for each in element]
    if any(tag == "SP" for tag, _ in parts):
        text = "".join(" " if tag == "SP" else content for tag, content in parts if tag in ("String", "SP", "HYP"))
    else:
        text = " ".join(content for tag, content in parts if tag == "String")
        text += "".join(content for tag, content in parts if tag == "HYP")
    polygon = next((_points(each.get("POINTS", "")) for each in _shapes(element)), None)
    if polygon is None:
        x, y, width, height = (_number(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        polygon = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    # Of ALTO 4.1 and later a list of points; before, one height.
    baseline = _points(element.get("BASELINE", ""))
    return Line(name, normalize(text), polygon, baseline)


def _shapes(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return (polygon for shape in _children(element, "Shape") for polygon in _children(shape, "Polygon"))


def _number(text: str | None) -> float:
    found = _NUMBER.fullmatch((text or "").strip())
    return float(found[0]) if found else 0.0


def _points(text: str) -> np.ndarray:
    """Points "x,y x,y" or "x y x y", float (P, 2)."""
    numbers = [float(each) for each in _NUMBER.findall(text)]
    return np.array(numbers[: len(numbers) // 2 * 2], np.float64).reshape(-1, 2).clip(-1e6, 1e6)


def _open(paths: list[Path], options: Options) -> PageLines:
    if not paths[0].is_dir():
        return PageLines(paths)
    folder = paths[0]
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == SUFFIX and path.name[0] != "."]
    pages = [path for path in files if _tag(_root(path)) in ("PcGts", "alto")]  # others are METS and the like
    if not pages:
        raise DataError(f"{folder} holds XML, but neither PAGE nor ALTO")
    return PageLines(pages)


FORMAT = Format(
    name="PAGE or ALTO files",
    accepted="PAGE or ALTO files (.xml) with the pictures of their pages",
    marks=lambda name: name.lower().endswith(SUFFIX) and not name.startswith("."),
    reads=lambda path: path.suffix.lower() == SUFFIX,
    open=_open,
    shard="a PAGE or ALTO file",
    yields=True,
)
