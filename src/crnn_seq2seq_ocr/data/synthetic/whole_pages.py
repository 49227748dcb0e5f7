"""Whole pages with known text, place and reading order: posters, forms and pages of two columns."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr.data.synthetic import rendering
from crnn_seq2seq_ocr.data.synthetic.settings import WordSettings
from crnn_seq2seq_ocr.data.synthetic.sign_fonts import open_font
from crnn_seq2seq_ocr.data.synthetic.texts import WordTexts
from crnn_seq2seq_ocr.data.synthetic.word_fonts import Typeface, find_typefaces

PageKind = Literal["poster", "form", "columns"]
KINDS: tuple[PageKind, ...] = get_args(PageKind)

_SIZE = 1000, 1400
_MARGIN = 80
_LABELS = (
    "Name",
    "Nom",
    "Date",
    "Address",
    "Adresse",
    "Phone",
    "City",
    "Ville",
    "Total",
    "Number",
    "Objet",
    "Signature",
)


@dataclass
class WholePage:
    """A drawn page.

    Attributes:
        pixels: RGB uint8 (H, W, 3).
        lines: Of words in reading order, each a text and its box: left, top, right, bottom in pixels.
    """

    pixels: np.ndarray
    lines: list[list[tuple[str, tuple[int, int, int, int]]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(" ".join(text for text, _ in line) for line in self.lines)


def draw_page(kind: PageKind, rng: np.random.Generator) -> WholePage:
    """Draw a page; all that is random comes from ``rng``."""
    background = tuple(int(each) for each in rng.integers(225, 256, 3)) if kind != "poster" else _colour(rng)
    image = Image.new("RGB", _SIZE, background)
    page = WholePage(np.zeros((0, 0, 3), np.uint8))
    ink = tuple(int(each) for each in rendering.colour_on(np.array(background, np.float32), rng, 110))
    canvas = ImageDraw.Draw(image)
    {"poster": _poster, "form": _form, "columns": _columns}[kind](canvas, page, ink, rng)
    page.pixels = _recorded(np.asarray(image), rng)
    return page


def _poster(canvas: ImageDraw.ImageDraw, page: WholePage, ink: tuple[int, ...], rng: np.random.Generator) -> None:
    """Centred lines of several sizes."""
    words = _words(rng)
    y = int(rng.integers(60, 140))
    while y < _SIZE[1] - 160:
        size = int(rng.choice([36, 44, 60, 90, 120]))
        font = _font(_typeface(rng), size)
        line = _fill(canvas, font, words, int(rng.integers(300, _SIZE[0] - 2 * _MARGIN)))
        width = canvas.textlength(" ".join(line), font=font)
        if width <= _SIZE[0] - _MARGIN:
            _write(canvas, page, line, ((_SIZE[0] - width) / 2, y), font, ink)
            y += int(size * rng.uniform(1.3, 2.2))


def _form(canvas: ImageDraw.ImageDraw, page: WholePage, ink: tuple[int, ...], rng: np.random.Generator) -> None:
    """Labels with what was written beside them, and rules below."""
    words = _words(rng)
    label, value = _font(_typeface(rng), int(rng.integers(24, 32))), _font(_typeface(rng), int(rng.integers(26, 36)))
    step = int(rng.integers(64, 90))
    for row in range((_SIZE[1] - 2 * _MARGIN) // step):
        y = _MARGIN + row * step
        _write(canvas, page, [_LABELS[int(rng.integers(len(_LABELS)))]], (_MARGIN, y), label, ink)
        line = page.lines.pop()
        _write(canvas, page, _fill(canvas, value, words, int(rng.integers(120, 480))), (400, y), value, ink)
        page.lines[-1] = line + page.lines[-1]
        canvas.line((380, y + 44, _SIZE[0] - _MARGIN, y + 44), fill=(160, 160, 160))


def _columns(canvas: ImageDraw.ImageDraw, page: WholePage, ink: tuple[int, ...], rng: np.random.Generator) -> None:
    """Draw a heading over two columns of paragraphs."""
    words = _words(rng)
    heading, body = _font(_typeface(rng), 60), _font(_typeface(rng), int(rng.integers(22, 28)))
    _write(canvas, page, _fill(canvas, heading, words, 700), (_MARGIN, 60), heading, ink)
    width = (_SIZE[0] - 2 * _MARGIN - 50) // 2
    step = int(body.size * rng.uniform(1.35, 1.7))
    for column in range(2):
        x, y = _MARGIN + column * (width + 50), 180
        while y < _SIZE[1] - _MARGIN - step:
            for line in range(int(rng.integers(4, 10))):
                if y < _SIZE[1] - _MARGIN - step:
                    wide = width if line else int(width * 0.9)
                    _write(canvas, page, _fill(canvas, body, words, wide), (x, y), body, ink)
                    y += step
            y += step // 2


def _write(
    canvas: ImageDraw.ImageDraw,
    page: WholePage,
    line: list[str],
    place: tuple[float, float],
    font: ImageFont.FreeTypeFont,
    ink: tuple[int, ...],
) -> None:
    """Draw a line word by word, and keep where each is."""
    x, y = place
    drawn = []
    for word in line:
        canvas.text((x, y), word, fill=ink, font=font)
        drawn.append((word, _ink_box(word, (x, y), font)))
        x += canvas.textlength(word + " ", font=font)
    page.lines.append(drawn)


def _ink_box(word: str, place: tuple[float, float], font: ImageFont.FreeTypeFont) -> tuple[int, int, int, int]:
    """Find the pixels of a word; what Pillow calls its box reaches from the line's begin and down to its baseline."""
    mask, (across, down) = font.getmask2(word, mode="L", anchor="la")
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    x, y = int(place[0]) + across, int(place[1]) + down
    return x + left, y + top, x + right, y + bottom


def _fill(canvas: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, words: Iterator[str], width: int) -> list[str]:
    """As many words as fit; at least one."""
    line = [next(words)]
    while canvas.textlength(" ".join(line), font=font) < width - 4 * font.size:
        line.append(next(words))
    while len(line) > 1 and canvas.textlength(" ".join(line), font=font) > width:
        line.pop()
    return line


def _words(rng: np.random.Generator) -> Iterator[str]:
    """Words of lines of the part of the tests, without end."""
    texts = WordTexts(WordSettings(part="test", lines=1.0, max_length=60))
    while True:
        yield from texts.draw(rng).split()


def _typeface(rng: np.random.Generator) -> Typeface:
    return find_typefaces(None).choose("Éaéè'0123", rng)


@functools.lru_cache(maxsize=256)
def _font(typeface: Typeface, size: int) -> ImageFont.FreeTypeFont:
    return open_font(typeface.path, typeface.axes, size)


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(each) for each in rendering.colour(rng))


def _recorded(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade the page as a camera does: uneven light, a little blur and noise, JPEG."""
    light = 1 + 0.12 * rng.random() * rendering.ramp((pixels.shape[0], pixels.shape[1]), rng)
    blurred = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.3, 1.0))).astype(np.float32) * light
    noisy = blurred + rng.normal(0, rng.uniform(1, 6), pixels.shape)
    _, data = cv2.imencode(".jpg", noisy.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
