"""Three drawn tasks for models of one's own: plates of a fictitious format, meter counters, batch codes and dates.

    python -m benchmarks.tasks FOLDER --count 200 --seed 1      FOLDER/plates, FOLDER/meters, FOLDER/labels

Each is a folder of pictures with ``labels.tsv``. A sample is a pure function of (task, seed, index): training and
test samples are drawn with different seeds, and a text is never in both (`texts_of`).
"""

import argparse
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr.data.synthetic import rendering, textures, word_degradations

Draw = Callable[[np.random.Generator], tuple[str, np.ndarray]]

_PLATE_FONTS = ("overpass/Overpass[wght]", "oswald/Oswald[wght]", "archivo/Archivo[wdth,wght]")
_COUNTER_FONTS = ("arimo/Arimo[wght]", "roboto_slab/RobotoSlab[wght]", "overpass/Overpass[wght]")
_PRINTER_FONTS = ("ibm_plex_mono/IBMPlexMono-SemiBold", "ibm_plex_mono/IBMPlexMono-Regular", "arimo/Arimo[wght]")
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def draw_plate(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A licence plate such as ``KT-482-MW`` on a car, askew: RGB uint8 (H, W, 3), 26 to 64 pixels high."""
    text = f"{_some(_LETTERS, 2, rng)}-{_some('0123456789', 3, rng)}-{_some(_LETTERS, 2, rng)}"
    background, ink = ((238, 238, 232), (18, 18, 22)) if rng.random() < 0.6 else ((240, 205, 60), (20, 18, 14))
    font = _font(_PLATE_FONTS, 64, rng)
    width = font.getlength(text) + 150
    plate = Image.new("RGB", (int(width), 104), background)
    draw = ImageDraw.Draw(plate)
    draw.rounded_rectangle((3, 3, width - 4, 100), 10, outline=ink, width=3)
    draw.rectangle((8, 8, 44, 95), (28, 60, 140))
    draw.text((26, 80), "Z", (230, 230, 230), _font(_PLATE_FONTS[:1], 24, rng), anchor="ms")
    draw.text((60 + (width - 76) / 2, 54), text, ink, font, anchor="mm")
    for place in (width * 0.3, width * 0.7):
        draw.ellipse((place - 5, 8, place + 5, 18), (150, 150, 150))
    pixels = np.asarray(plate, np.float32).copy()
    for _ in range(int(rng.integers(0, 7))):  # dirt
        tone = np.float32(rng.uniform(50, 130))
        spot = cv2.circle(
            np.zeros(pixels.shape[:2], np.uint8),
            (int(rng.integers(pixels.shape[1])), int(rng.integers(104))),
            int(rng.integers(2, 9)),
            255,
            -1,
        )
        rendering.over(pixels, tone, spot, float(rng.uniform(0.3, 0.8)))
    return text, _photograph(_askew(pixels, rng, around=(70, 70, 74)), int(rng.integers(26, 65)), rng)


def draw_counter(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A counter of five black and three red digits on drums, the last on its way to the next one.

    A turned digit counts as the one of which more is seen; none is so nearly half turned that nobody could tell.
    While the last digit goes from 9 to 0 those before it go along. RGB uint8 (H, W, 3), 24 to 56 pixels high.
    """
    value, turned = int(rng.integers(10**8)), float(rng.uniform(0, 0.65)) if rng.random() < 0.7 else 0.0
    turned += 0.1 if turned > 0.45 else 0.0
    digits = f"{value:08d}"
    font = _font(_COUNTER_FONTS, 60, rng)
    light_digits = rng.random() < 0.8
    cells = []
    for place in range(8):
        moves = turned if set(digits[place + 1 :]) <= {"9"} else 0.0
        background = (150, 28, 30) if place >= 5 else (24, 24, 26)
        ink = (238, 236, 228)
        if not light_digits:
            background, ink = (236, 234, 226), ((170, 25, 25) if place >= 5 else (16, 16, 18))
        cells.append(_drum(int(digits[place]), moves, font, background, ink))
    gap = np.full((84, int(rng.integers(4, 14)), 3), rng.uniform(30, 200), np.float32)
    joined = [part for cell in cells for part in (cell, gap)][:-1]
    top, bottom, left, right = rng.integers(2, 16, 4).tolist()
    row = np.concatenate(joined, 1)
    window = np.asarray(cv2.copyMakeBorder(row, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(90, 92, 96)))
    seen = f"{(value + (turned > 0.5)) % 10**8:08d}"
    return seen, _photograph(_askew(window, rng, around=(90, 92, 96)), int(rng.integers(24, 57)), rng)


def draw_label(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A line printed on a package, a batch code and a date, often of dots: RGB uint8 (H, W, 3)."""
    batch = f"{_some('ABCDEFGHKLMNP', 1, rng)}{rng.integers(100000):05d}{_some('ABCDEFGHKLMNP', 1, rng)}"
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(2025, 2031))
    text = f"LOT {batch} EXP {day:02d}.{month:02d}.{year}"
    font = _font(_PRINTER_FONTS, 48, rng)
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (int(right - left) + 40, int(bottom - top) + 24))
    ImageDraw.Draw(mask).text((20 - left, 12 - top), text, 255, font)
    letters = np.asarray(mask)
    if rng.random() < 0.5:
        letters = _of_dots(letters, float(rng.uniform(3.0, 4.2)))
    background = np.full((*letters.shape, 3), rendering.colour(rng), np.float32)
    background += rendering.grain(rng, letters.shape) * np.float32(rng.uniform(0, 14))
    rendering.over(background, rendering.colour_on(background[0, 0], rng, 90), letters, float(rng.uniform(0.75, 1)))
    around = tuple(float(value) for value in background[0, 0])
    return text, _photograph(_askew(background, rng, around=around), int(rng.integers(22, 49)), rng)


TASKS: dict[str, Draw] = {"plates": draw_plate, "meters": draw_counter, "labels": draw_label}

PATTERNS = {
    "plates": r"[A-Z]{2}-\d{3}-[A-Z]{2}",
    "meters": r"\d{8}",
    "labels": r"LOT [A-Z]\d{5}[A-Z] EXP \d{2}\.\d{2}\.20\d{2}",
}
"""What the texts of each task look like, as a user would write it."""


def texts_of(folder: Path) -> set[str]:
    """The texts of a folder that `write_task` wrote."""
    lines = (folder / "labels.tsv").read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[1] for line in lines}


def samples_of_task(name: str, *, count: int, seed: int) -> list[tuple[str, np.ndarray]]:
    """Return so many samples of a task: texts and pictures, RGB uint8 (H, W, 3)."""
    return list(islice(_samples(name, seed, frozenset()), count))


def write_task(name: str, folder: Path, *, count: int, seed: int, without: frozenset[str] = frozenset()) -> Path:
    """Write so many samples of a task as JPEG files with ``labels.tsv``; none has a text of `without`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (text, pixels) in zip(range(count), _samples(name, seed, without), strict=False):
        file = f"{number:05d}.jpg"
        cv2.imwrite(str(folder / file), pixels[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 92))
        lines.append(f"{file}\t{text}\n")
    (folder / "labels.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def _samples(name: str, seed: int, without: frozenset[str]) -> Iterator[tuple[str, np.ndarray]]:
    index, task = 0, list(TASKS).index(name)
    while True:
        text, pixels = TASKS[name](np.random.default_rng((task, seed, index)))
        index += 1
        if text not in without:
            yield text, pixels


def _some(characters: str, count: int, rng: np.random.Generator) -> str:
    return "".join(characters[place] for place in rng.integers(len(characters), size=count))


def _font(names: tuple[str, ...], size: int, rng: np.random.Generator) -> ImageFont.FreeTypeFont:
    package, _, file = names[rng.integers(len(names))].partition("/")
    font = ImageFont.truetype(str(files(f"fontpkg_{package}") / "files" / f"{file}.ttf"), size)
    if "[" in file:
        strong = [
            float(min(each["maximum"] or 650, 650) if b"eight" in each["name"] else each["default"] or 0)
            for each in font.get_variation_axes()
        ]
        font.set_variation_by_axes(strong)
    return font


def _drum(
    digit: int, moved: float, font: ImageFont.FreeTypeFont, background: tuple[int, ...], ink: tuple[int, ...]
) -> np.ndarray:
    """A window of 84 x 56 pixels on a drum: the digit, and the next one coming from below; float32 RGB."""
    picture = Image.new("RGB", (56, 84), background)
    draw = ImageDraw.Draw(picture)
    for number, place in ((digit, 0), ((digit + 1) % 10, 1)):
        draw.text((28, 42 + (place - moved) * 84), str(number), ink, font, anchor="mm")
    # A drum is round: darker above and below.
    shade = 1 - 0.45 * np.abs(np.linspace(-1, 1, 84, dtype=np.float32)) ** 2
    return np.asarray(picture, np.float32) * shade[:, None, None]


def _of_dots(mask: np.ndarray, pitch: float) -> np.ndarray:
    """Letters of dots, as ink-jet printers make them, at most so many pixels apart."""
    coarse = (round(mask.shape[1] / pitch), round(mask.shape[0] / pitch))
    lit = cv2.resize(mask, coarse, interpolation=cv2.INTER_AREA) > 90
    shown = cv2.resize(lit.astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    y, x = (np.arange(side, dtype=np.float32) / np.float32(pitch) % 1 - 0.5 for side in mask.shape)
    return textures.as_pixels(np.clip((0.55 - np.hypot(y[:, None], x[None])) * 4, 0, 1) * 255 * shown)


def _askew(pixels: np.ndarray, rng: np.random.Generator, *, around: tuple[float, ...]) -> np.ndarray:
    """Seen from the side, turned by some degrees, with something of what is around; float32."""
    height, width = pixels.shape[:2]
    edge = int(height * rng.uniform(0.03, 0.2))
    pixels = cv2.copyMakeBorder(pixels, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=around)
    size = (pixels.shape[1], pixels.shape[0])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + edge
    moved = corners + rng.uniform(-0.09, 0.09, (4, 2)).astype(np.float32) * height
    moved[:, 1] += (moved[:, 0] - size[0] / 2) * np.float32(np.tan(np.radians(rng.normal(0, 1.2))))
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return np.asarray(cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE))


def _photograph(pixels: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """What a camera makes of it, of moderate difficulty; RGB uint8."""
    return word_degradations.record(word_degradations.light(pixels, rng, 0.6), height, rng, 0.5)


def main() -> None:
    """Draw all tasks into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for name in TASKS:
        print(write_task(name, chosen.folder / name, count=chosen.count, seed=chosen.seed))


if __name__ == "__main__":
    main()
