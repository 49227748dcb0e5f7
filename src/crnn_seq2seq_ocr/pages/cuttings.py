"""Lines of pages cut out as pictures, with what was read of them: the beginning of one's own data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.pages.crops import straightened
from crnn_seq2seq_ocr.pages.documents import DPI, open_page
from crnn_seq2seq_ocr.pages.values import Line, Page
from crnn_seq2seq_ocr.system.files import make_folder, write_whole

LABELS = "labels.tsv"
HEADER = ("file", "text", "confidence", "page")


@dataclass
class Cut:
    """What came of it.

    Attributes:
        pages: That were read.
        crops: That were written.
        failed: Why pages could not be read, one message each.
    """

    pages: int
    crops: int
    failed: list[str]


def prepare_folder(folder: Path) -> None:
    """Make a folder for crops.

    Raises:
        DataError: It holds labels already, which people may have corrected.
        StorageError: It cannot be made.
    """
    if (folder / LABELS).exists():
        raise DataError(f"{folder / LABELS} is there already, and is not written over: name another folder")
    make_folder(folder)


def write_crops(pages: Iterable[Page], folder: Path, *, dpi: int = DPI) -> Cut:
    """Write each line of pages as a JPEG, and ``labels.tsv`` of their texts, the least sure first.

    Args:
        pages: As `PageReader.stream` gives them.
        folder: See `prepare_folder`.
        dpi: Dots an inch that pages of a PDF are drawn with: as when they were read.

    Raises:
        StorageError: The disk is full, or refuses.
    """
    found: list[tuple[float, str, str, str]] = []
    done = Cut(0, 0, [])
    for number, page in enumerate(pages, 1):
        if page.error is not None:
            done.failed.append(page.error)
            continue
        done.pages += 1
        for place, (line, pixels) in enumerate(cut_lines(page, dpi=dpi), 1):
            name = f"{number:05d}-{place:03d}.jpg"
            (folder / name).write_bytes(encode_picture(pixels, format="jpg"))
            found.append((line.confidence, name, line.text, page.name))
    done.crops = len(found)
    rows = [HEADER, *((name, text, f"{sure:.4f}", page) for sure, name, text, page in sorted(found))]
    write_whole(folder / LABELS, "".join("\t".join(map(_cell, row)) + "\n" for row in rows))
    return done


def cut_lines(page: Page, *, dpi: int = DPI) -> Iterator[tuple[Line, np.ndarray]]:
    """Yield the lines of a page and their pixels, RGB uint8 (H, W, 3), upright."""
    lines = list(page.lines())
    if not lines:
        return
    picture = decode_picture(open_page(page.name, dpi=dpi).images[0], name=page.name)
    for line in lines:
        crop = straightened(picture, np.array(line.quadrilateral, np.float32))
        if crop is not None:
            yield line, crop.pixels


def _cell(text: str) -> str:
    return " ".join(text.split()).encode(errors="backslashreplace").decode()
