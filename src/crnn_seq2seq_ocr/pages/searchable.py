"""PDF files that look as before, and whose text can be searched and copied: an invisible layer over each page."""

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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

FAR = 0.4
"""How far from its line's baseline a word may stand before it gets one of its own, in heights of the font."""


_NOT_NEEDED = ("avar", "fvar", "gvar", "GDEF", "GPOS", "GSUB", "HVAR", "MVAR", "STAT")
"""Tables of the font about weights and the shaping of text that is seen."""


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
        import pypdfium2

        height, width = (72 / self._dpi * side for side in pixels.shape[:2])
        sheet = self._document.new_page(width, height)
        image = pypdfium2.PdfImage.new(self._document)
        image.load_jpeg(BytesIO(encode_picture(pixels, format="jpg", quality=88)), inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        sheet.insert_obj(image)
        return sheet

    def _write(self, sheet: "pypdfium2.PdfPage", page: Page) -> None:
        for line in page.lines():
            placed = _placed(sheet, line, page.size)
            glyphs = [self._bounds(word.text) for word, _ in placed]
            fits = _on_one_baseline([corners for _, corners in placed], glyphs)
            for (word, _), fit in zip(placed, fits, strict=True):
                self._write_word(sheet, word.text + ("" if word is line.words[-1] else " "), fit)
        sheet.gen_content()
        sheet.close()

    def _write_word(self, sheet: "pypdfium2.PdfPage", text: str, fit: "_Fit") -> None:
        """Write a word that is not seen where it stands, in the page's own points."""
        import pypdfium2.raw as pdfium

        handle = self._text(text)
        matrix = pdfium.FS_MATRIX(*fit.along, *fit.up, *fit.origin)
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

    def _bounds(self, text: str) -> "_Glyphs":
        """Return where the ink of a text of the height one is, from the begin of its baseline."""
        import pypdfium2.raw as pdfium

        handle = self._text(text)
        edges = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, edges))
        pdfium.FPDFPageObj_Destroy(handle)
        left, bottom, right, top = (each.value for each in edges)
        return _Glyphs(left, bottom, max(right, left + 0.1), max(top, bottom + 0.05))


class _Glyphs(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class _Fit:
    """How a word of the height one is laid over the page: its two axes and where its baseline begins, each (2,)."""

    along: np.ndarray
    up: np.ndarray
    origin: np.ndarray


def _on_one_baseline(boxes: list[np.ndarray], glyphs: list[_Glyphs]) -> list[_Fit]:
    """Fit words to their boxes, all of a line in one size and on one baseline, as what selects text expects.

    Args:
        boxes: The corners of the ink of each word, (4, 2), clockwise from the top left.
        glyphs: What `_bounds` gives for each word.
    """
    if not boxes:
        return []
    begin = boxes[0][3]
    along = sum((box[2] - box[3] for box in boxes), np.zeros(2))  # words end at different heights, but are parallel
    normal = _length_one(np.array([-along[1], along[0]]))
    normal *= np.sign(normal @ (boxes[0][0] - begin)) or 1.0
    heights = [float(np.linalg.norm(box[0] - box[3])) for box in boxes]
    widths = [float(np.linalg.norm(box[2] - box[3])) for box in boxes]
    sizes = [height / (ink.top - ink.bottom) for height, ink in zip(heights, glyphs, strict=True)]
    size = _middle(sizes, widths)
    lows = [float((box[3] - begin) @ normal) - ink.bottom * size for box, ink in zip(boxes, glyphs, strict=True)]
    baseline = _middle(lows, widths)
    fits = []
    for box, low, ink in zip(boxes, lows, glyphs, strict=True):
        # A line that is bent, or of two rows, has no baseline in common.
        at = baseline if abs(low - baseline) < FAR * size else low
        across = (box[2] - box[3]) / (ink.right - ink.left)
        origin = box[3] - ink.left * across + (at - (box[3] - begin) @ normal) * normal
        fits.append(_Fit(across, size * normal, origin))
    return fits


def _length_one(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def _middle(values: Sequence[float], weights: Sequence[float]) -> float:
    """Compute the weighted median."""
    order = np.argsort(values)
    reached = np.cumsum(np.asarray(weights)[order])
    return float(np.asarray(values)[order][np.searchsorted(reached, reached[-1] / 2)])


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

    content = _unambiguous_font()
    held = (ctypes.c_uint8 * len(content)).from_buffer_copy(content)
    return pdfium.FPDFText_LoadFont(document.raw, held, len(content), pdfium.FPDF_FONT_TRUETYPE, True)


@cache
def _unambiguous_font() -> bytes:
    """Make the font's file in which each glyph is of one character: a hyphen is else copied as the soft one."""
    with needing("a searchable PDF"):
        from fontTools.ttLib import TTFont

    with TTFont(BytesIO(arimo_file())) as font:
        for table in font["cmap"].tables:
            first: dict[str, int] = {}
            for code, glyph in sorted(table.cmap.items()):
                if first.setdefault(glyph, code) != code:
                    del table.cmap[code]
        for name in _NOT_NEEDED:
            if name in font:
                del font[name]
        written = BytesIO()
        font.save(written, reorderTables=None)
    return written.getvalue()


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
