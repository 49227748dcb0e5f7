"""Pages of PDF files, drawn in a process of its own: a PDF is a program, which may take any time and memory."""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.errors import PictureError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.isolated import LEAST_MEMORY, EndedError, IsolatedProcess

PAGE_SECONDS = 60.0
"""Longest that a page may take; those of people take less than one."""


def count_pages(path: Path) -> int:
    """Return how many pages a PDF says it has.

    Raises:
        PictureError: It cannot be opened.
        DependencyError: What opens it is not installed.
    """
    told, _ = _PROCESS.ask({"path": str(path)}, path)
    return int(told["count"])


def draw_page(path: Path, index: int, *, dpi: int) -> np.ndarray:
    """Draw a page, with fewer dots an inch where it would be too large.

    Args:
        path: The PDF.
        index: Of the page, from 0.
        dpi: Dots an inch.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        PictureError: The PDF or the page cannot be opened, or takes too much time or memory.
        DependencyError: What opens it is not installed.
    """
    _, found = _PROCESS.ask({"path": str(path), "index": index, "dpi": dpi}, path)
    return found["pixels"]


class _Process:
    """The one process that draws for this one; started when first needed, and anew after it was ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: IsolatedProcess | None = None
        self._owner = 0

    def ask(self, about: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        with needing("a PDF"):
            import pypdfium2  # noqa: F401 (the process needs it)
        with self._lock:
            if self._process is None or self._process.has_ended or self._owner != os.getpid():
                self._process, self._owner = IsolatedProcess("crnn_seq2seq_ocr.pages.pdf_process"), os.getpid()
            try:
                asked = {**about, "folder": str(Path.cwd()), "memory": LEAST_MEMORY}
                told, found = self._process.ask(asked, seconds=PAGE_SECONDS)
            except EndedError as error:
                page = f"page {about['index'] + 1}" if "index" in about else "it"
                raise PictureError(
                    f"{path}: {page} cannot be drawn: the process that does {error}; save the PDF anew, or as pictures"
                ) from None
        if "error" in told:
            raise PictureError(str(told["error"]))
        return told, found


_PROCESS = _Process()
