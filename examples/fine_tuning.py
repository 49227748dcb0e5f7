"""Go on from the trained model `words` with twenty pictures of one's own, whose texts have characters that it lacks.

    python examples/fine_tuning.py FOLDER

draws labels of water meters into the folder, twenty to learn from and twenty others to measure with, and does what
these commands do:

    crnn-ocr evaluate words FOLDER/check
    crnn-ocr train words --init words data.train=FOLDER/train text.charset=auto text.charset_policy=union ...
    crnn-ocr evaluate FOLDER/run FOLDER/check

For pictures of your own, write `labels.tsv` (file TAB text) beside them and leave out the drawing.
"""

import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rich.console import Console

from crnn_seq2seq_ocr import Reader
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.evaluation.evaluate import evaluate
from crnn_seq2seq_ocr.training.train import train

FONTS = [
    files("fontpkg_oswald") / "files" / "Oswald[wght].ttf",
    files("fontpkg_ibm_plex_mono") / "files" / "IBMPlexMono-SemiBold.ttf",
]
SETTINGS = [
    "text.charset=auto",  # the characters of the training texts ...
    "text.charset_policy=union",  # ... and all that the model knows already
    "training.steps=300",
    "training.batch_size=10",
    "training.freeze_norm=true",  # twenty pictures say little of the means of all pictures
    "training.optimizer.learning_rate=0.0005",
    "training.optimizer.warmup=20",
]


def write_labels(folder: Path, *, count: int, seed: int) -> Path:
    """Draw labels such as ``№ 4713  081,6 m³`` and write them with ``labels.tsv``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        random = np.random.default_rng((seed, number))
        text = f"№ {random.integers(1000, 10000)} {random.integers(1000):03d},{random.integers(10)} m³"
        draw_label(text, random).save(folder / f"{number:02d}.png")
        lines.append(f"{number:02d}.png\t{text}\n")
    (folder / "labels.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def draw_label(text: str, random: np.random.Generator) -> Image.Image:
    """Dark letters on a light ground, a little askew and out of focus."""
    font = ImageFont.truetype(str(FONTS[random.integers(len(FONTS))]), int(random.integers(28, 40)))
    left, top, right, bottom = font.getbbox(text)
    ground = tuple(random.integers(170, 256, 3).tolist())
    picture = Image.new("RGB", (int(right - left) + 24, int(bottom - top) + 20), ground)
    ImageDraw.Draw(picture).text((12 - left, 10 - top), text, tuple(random.integers(0, 90, 3).tolist()), font)
    turned = picture.rotate(random.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=ground)
    return turned.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.2)))


def measure(model: str | Path, folder: Path) -> float:
    """Share of a folder's pictures whose whole text a model reads right."""
    result = evaluate(Reader.load(model), open_source(str(folder)), shown=0)
    for line in result.lines[:3]:
        print(f"  {line.reference!r} was read as {line.prediction!r}, confidence {line.confidence:.2f}")
    return result.report.scores["strict"]["sequence_accuracy"] or 0.0


def main(folder: Path, *, model: str = "words", settings: list[str] = SETTINGS) -> tuple[float, float]:
    """Accuracy on pictures that were not trained on, before and after."""
    learn = write_labels(folder / "train", count=20, seed=1)
    check = write_labels(folder / "check", count=20, seed=2)
    before = measure(model, check)
    recipe = load_recipe("words", [f"data.train={learn}", "data.validation=null", *settings])
    train(recipe, folder=folder / "run", initial=Path(model), console=Console())
    after = measure(folder / "run", check)
    print(f"right of 20 labels that it never saw: {before:.0%} before, {after:.0%} after")
    return before, after


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "fine-tuning"))
