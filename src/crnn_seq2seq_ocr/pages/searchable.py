"""PDF files that look as before, and whose text can be searched and copied: an invisible layer over each page."""

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.pages.documents import DPI, PDFIUM, open_page, open_pdf, split_name
from crnn_seq2seq_ocr.pages.values import Line, Page, Word
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.files import make_folder, replacing, writing
from crnn_seq2seq_ocr.system.font import arimo_file

if TYPE_CHECKING:
    import pypdfium2

BASELINE = 0.22
"""How far above the lower edge of a word's box its baseline is, as a share of the height."""


class SearchablePdf:
    """Collects pages and their text, and writes one PDF of them.

    Pages of a PDF are taken over as they are; pictures become pages of their size at so many dots an inch.

    Args:
        dpi: Dots an inch of pictures, and that pages of a PDF were drawn with when they were read.

    Raises:
        DependencyError: pypdfium2 is not installed.
    """

    def __init__(self, *, dpi: int = DPI) -> None:
        with needing("a searchable PDF"):
            import pypdfium2

        self._dpi = dpi
        with PDFIUM:
            self._document = pypdfium2.PdfDocument.new()
            self._font = _load_font(self._document)

    def add(self, page: Page) -> None:
        """Add a page that was read from a file.

        Raises:
            DataError: The file can no longer be opened.
        """
        path, number = split_name(page.name)
        if path.suffix.lower() == ".pdf":
            with PDFIUM:
                sheet = self._taken_over(path, (number or 1) - 1)
                self._write(sheet, page)
        else:
            pixels = decode_picture(open_page(page.name, dpi=self._dpi).images[0], name=page.name)
            with PDFIUM:
                self._write(self._pictured(pixels), page)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all, and close the document.

        Raises:
            StorageError: It could not be written.
        """
        import pypdfium2

        make_folder(path.parent)
        with PDFIUM, writing(path), replacing(path) as temporary:
            try:
                self._document.save(temporary)
            except pypdfium2.PdfiumError as error:
                raise StorageError(f"{path} could not be written ({error}): check the disk") from None
            finally:
                self._document.close()

    def _taken_over(self, path: Path, index: int) -> "pypdfium2.PdfPage":
        import pypdfium2

        source = open_pdf(path)
        try:
            self._document.import_pages(source, [index])
        except pypdfium2.PdfiumError as error:
            raise DataError(f"{path}: page {index + 1} cannot be copied ({error}): save the PDF anew") from None
        finally:
            source.close()
        return self._document[len(self._document) - 1]

    def _pictured(self, pixels: np.ndarray) -> "pypdfium2.PdfPage":
        """Add a page that is filled by a picture, RGB uint8 (H, W, 3)."""
        import io

        import pypdfium2

        height, width = (72 / self._dpi * side for side in pixels.shape[:2])
        sheet = self._document.new_page(width, height)
        image = pypdfium2.PdfImage.new(self._document)
        image.load_jpeg(io.BytesIO(encode_picture(pixels, format="jpg", quality=88)), inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        sheet.insert_obj(image)
        return sheet

    def _write(self, sheet: "pypdfium2.PdfPage", page: Page) -> None:
        for line in page.lines():
            for word, corners in _placed(sheet, line, page.size):
                self._write_word(sheet, word.text + ("" if word is line.words[-1] else " "), word.text, corners)
        sheet.gen_content()
        sheet.close()

    def _write_word(self, sheet: "pypdfium2.PdfPage", text: str, measured: str, corners: np.ndarray) -> None:
        """Write a word that fills a quadrilateral (4, 2) in the page's own points, and is not seen."""
        import pypdfium2.raw as pdfium

        width = self._width(measured)
        along, up = (corners[2] - corners[3]) / width, corners[0] - corners[3]
        origin = corners[3] + BASELINE * up
        handle = self._text(text)
        matrix = pdfium.FS_MATRIX(along[0], along[1], up[0], up[1], origin[0], origin[1])
        pdfium.FPDFPageObj_SetMatrix(handle, ctypes.byref(matrix))
        pdfium.FPDFPage_InsertObject(sheet.raw, handle)

    def _text(self, text: str) -> Any:
        """Make an invisible text of the height one."""
        import pypdfium2.raw as pdfium

        handle = pdfium.FPDFPageObj_CreateTextObj(self._document.raw, self._font, 1.0)
        content = ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")
        pdfium.FPDFText_SetText(handle, ctypes.cast(content, pdfium.FPDF_WIDESTRING))
        pdfium.FPDFTextObj_SetTextRenderMode(handle, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
        return handle

    def _width(self, text: str) -> float:
        """How wide a text of the height one is."""
        import pypdfium2.raw as pdfium

        handle = self._text(text)
        edges = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, edges))
        pdfium.FPDFPageObj_Destroy(handle)
        left, _, right, _ = (each.value for each in edges)
        return max(right - left, 0.1)


def write_searchable(pages: Iterable[Page], path: Path, *, dpi: int = DPI) -> None:
    """Write pages that were read from files as one PDF with an invisible layer of text.

    Raises:
        DataError: A page was not read, or its file can no longer be opened.
        StorageError: The PDF could not be written.
    """
    document = SearchablePdf(dpi=dpi)
    for page in pages:
        if page.error is not None:
            raise DataError(page.error)
        document.add(page)
    document.save(path)


def _load_font(document: "pypdfium2.PdfDocument") -> Any:
    import pypdfium2.raw as pdfium

    content = arimo_file()
    held = (ctypes.c_uint8 * len(content)).from_buffer_copy(content)
    return pdfium.FPDFText_LoadFont(document.raw, held, len(content), pdfium.FPDF_FONT_TRUETYPE, True)


def _placed(sheet: "pypdfium2.PdfPage", line: Line, size: tuple[int, int]) -> list[tuple[Word, np.ndarray]]:
    """Return the words of a line with their corners in the page's points, whichever way the page is turned."""
    import pypdfium2.raw as pdfium

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = ctypes.c_double(), ctypes.c_double()
        # Device pixels are whole numbers: a grid ten times as fine keeps tenths.
        pdfium.FPDF_DeviceToPage(
            sheet.raw, 0, 0, 10 * size[0], 10 * size[1], 0, round(10 * x), round(10 * y),
            ctypes.byref(across), ctypes.byref(up),
        )  # fmt: skip
        return across.value, up.value

    return [(word, np.array([place(x, y) for x, y in word.quadrilateral])) for word in line.words]
