"""Files of pages: PDF, TIFF with several pages, HEIC and plain photographs, each page by a name of its own."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from crnn_seq2seq_ocr.data.pictures import MOST_PIXELS
from crnn_seq2seq_ocr.data.readable import PICTURE_SUFFIXES, Readable, open_sample
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, PictureError
from crnn_seq2seq_ocr.pages.pdf import count_pages, draw_page
from crnn_seq2seq_ocr.pages.values import Page, failed_page
from crnn_seq2seq_ocr.system.dependencies import needing

if TYPE_CHECKING:
    import pypdfium2

HEIC_SUFFIXES = {".heic", ".heif", ".hif"}
DOCUMENT_SUFFIXES = {".pdf", *HEIC_SUFFIXES}
"""What is read as pages alone, with the extra [find]."""

DPI = 200
"""Dots an inch that pages of a PDF are drawn with."""

PDFIUM = threading.Lock()
"""Held by whoever uses PDFium, which is not made for several threads."""

MOST_PAGES = 10_000
"""Of a document: a count beyond is no document of people."""

_PAGE = "#page="


def page_names(path: str | Path) -> list[str]:
    """Return the names of a file's pages: the file itself where it has one, else ``scan.pdf#page=1`` and so on.

    Raises:
        DataError: It is a PDF that cannot be opened.
        DependencyError: What opens a PDF is not installed.
    """
    file, number = split_name(str(path))
    suffix = file.suffix.lower()
    if number is not None or suffix not in {".pdf", ".tif", ".tiff"}:
        return [str(path)]
    count = _pdf_length(file) if suffix == ".pdf" else _tiff_length(file)
    return [f"{path}{_PAGE}{page}" for page in range(1, count + 1)] if count > 1 else [str(path)]


def expand(pictures: Iterable[Readable | Sample | Page]) -> Iterator[Readable | Sample | Page]:
    """Paths as the names of their pages, everything else as it is; a file that cannot be opened as a failed page."""
    for picture in pictures:
        if not isinstance(picture, str | Path):
            yield picture
            continue
        try:
            yield from page_names(picture)
        except DataError as error:
            yield failed_page(str(picture), error)


def open_page(name: str, *, dpi: int = DPI) -> Sample:
    """Open the page of a name that `page_names` gave.

    Raises:
        PictureError: It cannot be opened.
        DependencyError: What opens it is not installed.
    """
    path, number = split_name(name)
    match path.suffix.lower():
        case ".pdf":
            return Sample(name, (draw_page(path, (number or 1) - 1, dpi=dpi),), "")
        case suffix if suffix in HEIC_SUFFIXES:
            return _heic(path, name)
        case ".tif" | ".tiff" if number is not None:
            return _frame(path, number - 1, name)
    return open_sample(name, name)


def is_readable(path: Path) -> bool:
    """Whether the end of a name is one of a picture or a document."""
    return path.suffix.lower() in PICTURE_SUFFIXES | DOCUMENT_SUFFIXES


def split_name(name: str) -> tuple[Path, int | None]:
    """Return the file of a name, and which page of it, from 1."""
    file, _, number = name.rpartition(_PAGE)
    return (Path(file), int(number)) if file and number.isdecimal() and int(number) else (Path(name), None)


def _pdf_length(path: Path) -> int:
    count = count_pages(path)
    if count > MOST_PAGES:
        raise _too_many(path)
    return count


def open_pdf(path: Path) -> "pypdfium2.PdfDocument":
    """Open a PDF; `PDFIUM` is held.

    Raises:
        PictureError: It cannot be opened.
        DependencyError: What opens it is not installed.
    """
    with needing("a PDF"):
        import pypdfium2
    try:
        return pypdfium2.PdfDocument(path)
    except FileNotFoundError:
        raise PictureError(f"{path} cannot be opened (No such file or directory): check the path") from None
    except (pypdfium2.PdfiumError, OSError, ValueError) as error:
        if "password" in str(error).lower():
            raise PictureError(f"{path} is locked with a password: save a copy without one") from None
        raise PictureError(f"{path} is damaged, or no PDF: save it anew") from None


def _too_many(path: Path) -> DataError:
    return PictureError(f"{path} claims more than {MOST_PAGES:,} pages: split it, or save it anew")


def _tiff_length(path: Path) -> int:
    count = 1
    try:
        with Image.open(path) as image:
            while count <= MOST_PAGES:
                image.seek(count)
                count += 1
    except Exception:  # the end; or it is damaged, which is told when it is read
        return count
    raise _too_many(path)


def _frame(path: Path, index: int, name: str) -> Sample:
    try:
        with Image.open(path) as image:
            image.seek(index)
            _refuse_large(image, name)
            return open_sample(image, name)
    except PictureError:
        raise
    except Exception as error:  # whatever a decoder raises
        raise PictureError(f"{name} cannot be opened ({error}): save the TIFF anew") from None


def _heic(path: Path, name: str) -> Sample:
    with needing("a HEIC photograph"):
        import pillow_heif
    try:
        image = pillow_heif.open_heif(path).to_pillow()
    except FileNotFoundError:
        raise PictureError(f"{path} cannot be opened (No such file or directory): check the path") from None
    except Exception as error:  # whatever a decoder raises
        raise PictureError(f"{path} is damaged, or no HEIC photograph ({error}): save it anew") from None
    _refuse_large(image, name)
    return open_sample(image, name)


def _refuse_large(image: Image.Image, name: str) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(
            f"{name}: the picture of {image.width} x {image.height} pixels is larger than "
            f"{MOST_PIXELS // 1_000_000} million pixels and was not decoded: make it smaller"
        )
