"""Reads with Tesseract 5 through tesserocr; the languages are those that the system has."""

import glob
import os
import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serve import AbsentError, Line, most_confident, serve

PLACES = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata",
          "/opt/homebrew/share/tessdata")  # fmt: skip

HEIGHT = 48
"""Words and lines that are lower are enlarged to so many pixels: it reads small ones badly."""

ENLARGED = 2
"""How many times views of signs are enlarged."""


class Tesseract:
    """The networks of the languages, joined by ``+``; it has no batches: pictures are read side by side in threads."""

    batches = True

    def __init__(self, variant: str, kind: str, threads: int) -> None:
        import tesserocr

        self._signs = kind == "signs"
        self._level = tesserocr.RIL.TEXTLINE
        self._iterate = tesserocr.iterate_level
        languages = variant or "eng"
        self.files = find_languages(languages.split("+"))
        modes = {"words": tesserocr.PSM.SINGLE_WORD, "lines": tesserocr.PSM.SINGLE_LINE,
                 "signs": tesserocr.PSM.SPARSE_TEXT}  # fmt: skip
        self._pool = ThreadPoolExecutor(threads)
        self._engines: queue.SimpleQueue = queue.SimpleQueue()
        for _ in range(threads):
            self._engines.put(
                tesserocr.PyTessBaseAPI(
                    path=f"{self.files[0].parent}/", lang=languages, psm=modes[kind], oem=tesserocr.OEM.LSTM_ONLY
                )
            )
        self.title = f"Tesseract {languages}"
        self.versions = f"{tesserocr.tesseract_version().splitlines()[0]}, tesserocr {tesserocr.__version__}"

    def read(self, files: Sequence[str]) -> str:
        """The text of a sample: of a sign, the most confident view."""
        engine = self._engines.get()
        try:
            if self._signs:
                return most_confident([self._lines(engine, file) for file in files])
            engine.SetImage(_enlarged_to(files[0], HEIGHT))
            return " ".join(engine.GetUTF8Text().split())
        finally:
            self._engines.put(engine)

    def read_batch(self, samples: Sequence[Sequence[str]], size: int) -> list[str]:
        """The texts of samples, as many at a time as there are threads."""
        return list(self._pool.map(self.read, samples))

    def _lines(self, engine: "tesserocr.PyTessBaseAPI", file: str) -> list[Line]:  # noqa: F821
        engine.SetImage(_enlarged_to(file, 0, ENLARGED))
        if not engine.Recognize():
            return []
        found = []
        for line in self._iterate(engine.GetIterator(), self._level):
            box = line.BoundingBox(self._level)
            if box is not None and not line.Empty(self._level):
                left, top, _, bottom = box
                text = " ".join(line.GetUTF8Text(self._level).split())
                found.append(Line(text, line.Confidence(self._level) / 100, left, top, bottom))
        return found


def _enlarged_to(file: str, height: int, times: float = 1) -> "Image.Image":  # noqa: F821
    """The picture, at least of a height."""
    from PIL import Image

    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    times = max(times, height / picture.height)
    size = max(1, round(picture.width * times)), round(picture.height * times)
    return picture.resize(size, Image.Resampling.BICUBIC)


def find_languages(names: Sequence[str]) -> list[Path]:
    """Their files, all in one folder.

    Raises:
        AbsentError: The system lacks one.
    """
    places = [os.environ.get("TESSDATA_PREFIX", ""), *(place for each in PLACES for place in sorted(glob.glob(each)))]
    for place in filter(None, places):
        files = [Path(place) / f"{name}.traineddata" for name in names]
        if all(file.is_file() for file in files):
            return files
    raise AbsentError("on Debian, `apt-get install " + " ".join(f"tesseract-ocr-{name}" for name in names) + "`")


if __name__ == "__main__":
    serve(Tesseract)
