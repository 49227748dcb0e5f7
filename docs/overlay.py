"""Takes the picture of a poster with its overlay that the README shows: python docs/overlay.py"""

from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_seq2seq_ocr import PageReader
from crnn_seq2seq_ocr.pages.overlay import draw_overlay

PRICES = [("Croissant", "1,20 €"), ("Baguette", "0,95 €"), ("Pain complet", "2,40 €"), ("Tarte aux pommes", "18,00 €")]
HOURS = ["OUVERT", "lundi - vendredi", "7h - 19h", "samedi 8h - 13h"]


def main() -> None:
    """Draw the poster, read it, print what was read, and write the picture."""
    poster = draw_poster()
    (page,) = PageReader.load("words").read([poster])
    print(page.text)
    Image.fromarray(draw_overlay(poster, page)).save(Path(__file__).with_name("poster.jpg"), quality=85)


def draw_poster() -> np.ndarray:
    """A headline over a price list and opening hours, RGB uint8 (H, W, 3)."""
    image = Image.new("RGB", (900, 470), (36, 62, 88))
    canvas = ImageDraw.Draw(image)
    canvas.text((450, 80), "BOULANGERIE DU PORT", fill=(250, 232, 190), font=_font(58), anchor="mm")
    for row, (name, price) in enumerate(PRICES):
        canvas.text((60, 190 + 64 * row), name, fill="white", font=_font(32), anchor="ls")
        canvas.text((480, 190 + 64 * row), price, fill="white", font=_font(32), anchor="rs")
    for row, text in enumerate(HOURS):
        canvas.text((575, 190 + 64 * row), text, fill=(250, 232, 190), font=_font(32), anchor="ls")
    return np.asarray(image)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(files("fontpkg_arimo").joinpath("files", "Arimo[wght].ttf")), size)


if __name__ == "__main__":
    main()
