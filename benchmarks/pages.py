"""Whole pages with known text: ours beside RapidOCR and Tesseract, in the same run; a table in Markdown.

    python -m benchmarks.pages --count 4 --room 0 0.1 0.2

Pages are drawn: posters, forms and pages of two columns. A word is right where a word of the page with the same text
(as `metrics.profiles.fold` compares) has at least half of its area in common with it (intersection over union).
"""

import argparse
import csv
import io
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crnn_seq2seq_ocr import PageReader, RapidDetector, Reader
from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.data.synthetic.whole_pages import KINDS, WholePage, draw_page
from crnn_seq2seq_ocr.metrics.profiles import fold
from crnn_seq2seq_ocr.metrics.scores import edit_distance
from crnn_seq2seq_ocr.pages.formats import bounds

Box = tuple[int, int, int, int]
Words = list[tuple[str, Box]]
Tool = Callable[[np.ndarray], Words]


@dataclass
class Tally:
    """What a tool did on some pages."""

    right: int = 0
    found: int = 0
    there: int = 0
    errors: int = 0
    characters: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Of words."""
        return 2 * self.right / max(1, self.found + self.there)

    def add(self, page: WholePage, words: Words, seconds: float) -> None:
        """Count a page."""
        truth = [word for line in page.lines for word in line]
        self.right += matches(truth, words)
        self.found += len(words)
        self.there += len(truth)
        reference = " ".join(fold(text) for text, _ in truth)
        self.errors += edit_distance(reference, " ".join(fold(text) for text, _ in words))
        self.characters += len(reference)
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


def ours(room: float, side: int) -> Tool:
    """Our words behind the detector."""
    pages = PageReader(RapidDetector(side=side), Reader.load("words"), room=room)

    def read(pixels: np.ndarray) -> Words:
        (page,) = pages.read([pixels])
        return [(word.text, bounds(word.quadrilateral)) for word in page.words()]

    return read


def rapidocr(side: int) -> Tool:
    """The whole of RapidOCR, with the detector set as ours is."""
    from rapidocr import RapidOCR

    params = {"Global.log_level": "critical", "Det.limit_type": "max", "Det.limit_side_len": side}
    whole = RapidOCR(params=params)

    def read(pixels: np.ndarray) -> Words:
        found: Any = whole(np.ascontiguousarray(pixels[..., ::-1]), return_word_box=True)
        if found.boxes is None:
            return []
        return [
            (str(text), bounds(tuple((x, y) for x, y in box))) for line in found.word_results for text, _, box in line
        ]

    return read


def tesseract(pixels: np.ndarray) -> Words:
    """Tesseract 5 with its own page segmentation, French and English."""
    command = ["tesseract", "stdin", "stdout", "-l", "fra+eng", "--psm", "3", "tsv"]
    done = subprocess.run(command, input=encode_picture(pixels), capture_output=True, check=True)
    rows = csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = []
    for row in rows:
        if row["level"] == "5" and (row["text"] or "").strip():
            left, top, width, height = (int(row[key]) for key in ("left", "top", "width", "height"))
            words.append((row["text"], (left, top, left + width, top + height)))
    return words


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=4, help="pages of each kind")
    parser.add_argument("--room", type=float, nargs="+", default=[0.0], help="around what is found")
    parser.add_argument("--side", type=int, default=960)
    parser.add_argument("--only-ours", action="store_true")
    options = parser.parse_args(arguments)
    tools: dict[str, Tool] = {f"ours, room {room}": ours(room, options.side) for room in options.room}
    if not options.only_ours:
        tools["RapidOCR"] = rapidocr(options.side)
        if shutil.which("tesseract"):
            tools["Tesseract"] = tesseract
    rng = np.random.default_rng(20261125)
    pages = {kind: [draw_page(kind, rng) for _ in range(options.count)] for kind in KINDS}
    print("| pages | tool | word recall | precision | F1 | CER in reading order | median seconds a page |")
    print("|---|---|---|---|---|---|---|")
    for kind, drawn in pages.items():
        tallies = {name: Tally() for name in tools}
        for page in drawn:
            for name, tool in tools.items():
                begun = time.perf_counter()
                words = tool(page.pixels)
                tallies[name].add(page, words, time.perf_counter() - begun)
        for name, tally in tallies.items():
            print(
                f"| {kind} | {name} | {tally.right / tally.there:.1%} | {tally.right / max(1, tally.found):.1%} "
                f"| {tally.f1:.1%} | {tally.errors / tally.characters:.1%} | {statistics.median(tally.seconds):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
