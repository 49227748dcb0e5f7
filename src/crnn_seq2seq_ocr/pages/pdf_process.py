"""The process that draws pages of PDF files for another one: ``python -m crnn_seq2seq_ocr.pages.pdf_process``."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.data.pictures import MOST_PIXELS
from crnn_seq2seq_ocr.errors import PictureError
from crnn_seq2seq_ocr.pages.documents import open_pdf
from crnn_seq2seq_ocr.system.isolated import Arrays, answer_all


def answer(about: dict[str, Any], _arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], Arrays]:
    """Count the pages of a file, and draw one of them where one is named (``index``, from 0)."""
    path, index = Path(about["path"]), about.get("index")
    os.chdir(about["folder"])  # relative paths count from the folder of who asks, which may have changed
    document = open_pdf(path)
    try:
        count = len(document)
        if index is None:
            return {"count": count}, {}
        if index >= count:
            raise PictureError(f"{path} has {count} pages, and no page {index + 1}")
        return {"count": count}, {"pixels": _drawn(document, path, index, about["dpi"])}
    finally:
        document.close()


def _drawn(document: Any, path: Path, index: int, dpi: int) -> np.ndarray:
    """RGB uint8 (H, W, 3), with fewer dots an inch where it would be too large."""
    import pypdfium2

    try:
        page = document[index]
        width, height = page.get_size()  # in points, 72 an inch
        scale = min(dpi / 72, (0.9 * MOST_PIXELS / max(width * height, 1)) ** 0.5)
        pixels = page.render(scale=scale, rev_byteorder=True).to_numpy()
        return np.array(pixels[..., :3] if pixels.ndim == 3 else pixels)
    except (pypdfium2.PdfiumError, OverflowError, ValueError) as error:
        raise PictureError(f"{path}: page {index + 1} is damaged ({error}): save the PDF anew") from None


if __name__ == "__main__":
    answer_all(answer)
