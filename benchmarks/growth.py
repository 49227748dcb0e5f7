"""How costs grow with sizes: tables in Markdown, for docs/performance.md.

    python benchmarks/growth.py records     indexing, opening and taking samples, against the number of records
    python benchmarks/growth.py memory      memory of a training, against the number of records
    python benchmarks/growth.py sizes       a step of training and reading, against views, batch, text and charset
    python benchmarks/growth.py list        memory of reading, against the length of the list of pictures

Each takes its sizes as options (``--help``). Rows of one table are measured side by side, in rounds.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from crnn_seq2seq_ocr.bench.data import index_cost
from crnn_seq2seq_ocr.bench.isolated import in_subprocess
from crnn_seq2seq_ocr.bench.machine import Circumstances, own_memory, peak_memory
from crnn_seq2seq_ocr.bench.read import read_batch
from crnn_seq2seq_ocr.bench.result import number
from crnn_seq2seq_ocr.bench.timing import Laps, side_by_side
from crnn_seq2seq_ocr.bench.train import StepBenchmark, run_cost
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, save_model
from crnn_seq2seq_ocr.cli import main as command_line
from crnn_seq2seq_ocr.config import Recipe, load_recipe
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords, encode_example, find_shards
from crnn_seq2seq_ocr.data.formats.tfrecord import shard_name, write_records
from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, resize
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.allocator import keep_freed_memory
from crnn_seq2seq_ocr.text import EOS_ID, FSNS_CHARSET, SPECIAL_COUNT
from crnn_seq2seq_ocr.training.batches import Batch

HEIGHT, WIDTH = 8, 32
"""Of the strips of four views in the records: pictures as small as can be, everything else as in FSNS."""

DIFFERENT = 50
"""Signs that are drawn; the records repeat them."""

RECORDS_A_SHARD = 2000
"""As FSNS has."""

SMALL_READER = [
    "preprocessing.height=32", "preprocessing.width=32", "preprocessing.views=1", "text.max_length=8",
    "model.width=16", "model.encoder.recurrent_size=8", "model.encoder.stages=[{channels: 8, pool: [8, 4]}]",
]  # fmt: skip
"""A reader that takes a millisecond or two: what is measured is the memory, not the network."""


class Cost(NamedTuple):
    """Seconds of some work, peak memory of its process, and what that held at the end without mapped files (bytes)."""

    seconds: float
    memory: int
    own: int | None


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def megabytes(size: float | None) -> str:
    """Bytes as MB."""
    return "–" if size is None else number(size / 1e6)


# --- records --------------------------------------------------------------------------------------


def write_set(folder: Path, count: int) -> Path:
    """Shards of so many small drawn signs in the layout of FSNS; those that are there already stay."""
    place = folder / f"records-{count}"
    if place.exists():
        return place
    few = [_record(index) for index in range(min(count, DIFFERENT))]
    shards = -(-count // RECORDS_A_SHARD)
    for shard in range(shards):
        within = range(shard * RECORDS_A_SHARD, min(count, (shard + 1) * RECORDS_A_SHARD))
        write_records(place / shard_name("train", shard, shards), (few[index % len(few)] for index in within))
    return place


def _record(index: int) -> bytes:
    sample = open_source("synthetic:signs")[index]
    strip = resize(decode_picture(sample.images[0], name=sample.name), (HEIGHT, WIDTH))
    real = round(WIDTH * (sample.views or 1) / 4)
    return encode_example(encode_picture(strip), sample.text, width=WIDTH, orig_width=real, height=HEIGHT)


def taking_cost(place: Path) -> Cost:
    """Of taking a random sample."""
    source = FsnsRecords(place)
    chosen = np.random.default_rng(1).integers(len(source), size=2000)
    started = time.perf_counter()
    for index in chosen:
        source[int(index)]
    return Cost((time.perf_counter() - started) / len(chosen), peak_memory() or 0, own_memory())


def records_table(folder: Path, counts: Sequence[int], repeats: int) -> str:
    """Indexing, opening, taking samples."""
    rows = []
    for count in counts:
        place = write_set(folder, count)
        shards = find_shards(place)
        opened = side_by_side({"": partial(index_cost, shards)}, repeats=repeats)[""]
        make, again = opened["open, and make the index"].median, opened["open with that index"].median
        taken = in_subprocess(taking_cost, place)
        size = sum(shard.stat().st_size for shard in shards)
        rows.append([f"{count:,}", f"{len(shards):,}", megabytes(size), number(make), f"{1000 * count / make:,.0f}",
                     number(again), number(1e6 * taken.seconds), megabytes(taken.memory),
                     megabytes(taken.own)])  # fmt: skip
    head = ["records", "shards", "MB", "open and index, ms", "records indexed a second", "open with the index, ms",
            "take a random sample, µs", "peak memory, MB", "without mapped files, MB"]  # fmt: skip
    return table(head, rows)


def memory_table(folder: Path, counts: Sequence[int], settings: Sequence[str], steps: int) -> str:
    """Memory of a training of recipe tiny."""
    rows = []
    for count in counts:
        place = write_set(folder, count)
        cost = run_cost(load_recipe("tiny", [*settings, f"data.train={place}"]), steps=steps, stretches=1)
        rows.append([f"{count:,}", megabytes(cost.memory), megabytes(cost.own_memory)])
    return table(["records", "peak memory of the training process, MB", "without mapped files, MB"], rows)


# --- sizes ----------------------------------------------------------------------------------------


def random_batch(recipe: Recipe, *, samples: int, views: int, length: int, classes: int) -> Batch:
    """Noise to read noise from: arithmetic takes as long whatever the numbers are."""
    generator = torch.Generator().manual_seed(1)
    height, width = recipe.preprocessing.height, recipe.preprocessing.width
    pixels = torch.randint(256, (samples, views, height, width, 3), dtype=torch.uint8, generator=generator)
    targets = torch.randint(SPECIAL_COUNT, classes, (samples, length + 1), generator=generator)
    targets[:, -1] = EOS_ID
    mask = torch.ones(samples, views, dtype=torch.bool)
    return Batch(pixels.permute(0, 1, 4, 2, 3), mask, targets, [""] * samples, [])


def training_and_reading(
    recipe: Recipe, *, samples: int, views: int, length: int, classes: int
) -> Callable[[], dict[str, float]]:
    """Measures what one step and reading one batch cost, in milliseconds."""
    batch = random_batch(recipe, samples=samples, views=views, length=length, classes=classes)
    trainee = StepBenchmark(recipe, classes, [batch])
    recognizer = Recognizer(recipe.model, recipe.preprocessing, classes).eval().to(trainee.device)
    with torch.no_grad():
        recognizer.decoder.output.bias[EOS_ID] = -1e4  # no text ends before its time

    def measure() -> dict[str, float]:
        laps = Laps(trainee.device)
        steps = read_batch(recognizer, batch.images, batch.view_mask, laps, max_length=length, beam=1)
        reading = {f"read: {part}": 1000 * seconds for part, seconds in laps.seconds.items()}
        return trainee() | reading | {"read: steps": steps}

    return measure


def sizes_table(name: str, recipe: Recipe, base: dict[str, int], values: Sequence[int], repeats: int) -> str:
    """One size varied, the others as in `base`."""
    variants = {f"{value:,}": training_and_reading(recipe, **base | {name: value}) for value in values}
    found = side_by_side(variants, repeats=repeats)
    rows = []
    for value, (variant, spreads) in zip(values, found.items(), strict=True):
        samples = value if name == "samples" else base["samples"]
        rows.append([variant, *_costs({what: spread.median for what, spread in spreads.items()}, samples)])
    head = [name, "step, ms", "encoder", "decoder and loss", "update", "ms a picture",
            "reading a batch, ms", "encoder", "decoder", "steps", "ms a picture"]  # fmt: skip
    return table(head, rows)


def _costs(ms: dict[str, float], samples: int) -> list[str]:
    reading = ms["read: encoder"] + ms["read: decoder"]
    return [
        number(ms["step"]),
        number(ms["encoder, forward"] + ms["encoder, backward"]),
        number(ms["decoder and loss, forward"] + ms["decoder and loss, backward"]),
        number(ms["update of the weights"]),
        number(ms["step"] / samples),
        number(reading),
        number(ms["read: encoder"]),
        number(ms["read: decoder"]),
        number(ms["read: steps"]),
        number(reading / samples),
    ]


# --- a long list ----------------------------------------------------------------------------------


def write_reader(folder: Path) -> Path:
    """A small network that has learned nothing."""
    recipe = load_recipe("tiny", SMALL_READER)
    description = Description(FSNS_CHARSET, recipe.text.max_length, recipe.preprocessing, recipe.model)
    save_model(build(description), description, folder / "reader")
    return folder / "reader"


def reading_cost(folder: Path) -> Cost:
    """Of ``crnn-ocr read reader - < list`` in this process."""
    sys.argv = ["crnn-ocr", "read", str(folder / "reader"), "-", "--device", "cpu"]
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        sys.stdin = stack.enter_context((folder / "list").open(encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(Path(os.devnull).open("w"))))
        stack.enter_context(contextlib.suppress(SystemExit))
        command_line()
    return Cost(time.perf_counter() - started, peak_memory() or 0, own_memory())


def list_table(counts: Sequence[int]) -> str:
    """Memory of reading a list of one picture's name many times."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_reader(folder)
        picture = folder / "picture.png"
        cv2.imwrite(str(picture), np.full((32, 32, 3), 200, np.uint8))
        for count in counts:
            (folder / "list").write_text(f"{picture}\n" * count, encoding="utf-8")
            cost = in_subprocess(reading_cost, folder)
            rows.append([f"{count:,}", number(count / cost.seconds), megabytes(cost.memory), megabytes(cost.own)])
    head = ["pictures", "pictures a second, start included", "peak memory, MB", "at the end without mapped files, MB"]
    return table(head, rows)


# --- the command ----------------------------------------------------------------------------------


def numbers(text: str) -> list[int]:
    """Whole numbers between commas."""
    return [int(part.replace("_", "")) for part in text.split(",")]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("records", "memory", "sizes", "list"))
    parser.add_argument("--records", type=numbers, default=[10**power for power in range(3, 7)])
    parser.add_argument("--folder", type=Path, help="where to keep the records that are made [nowhere]")
    parser.add_argument("--recipe", default="fsns", help="whose network `sizes` measures")
    parser.add_argument("--set", nargs="*", default=[], dest="settings", help="settings of the recipe")
    parser.add_argument("--views", type=numbers, default=[1, 2, 3, 4], help="the last is taken where others vary")
    parser.add_argument("--batch", type=numbers, default=[1, 8, 64, 256, 32], help="likewise")
    parser.add_argument("--length", type=numbers, default=[5, 40, 60, 20], help="likewise: characters of a text")
    parser.add_argument("--charset", type=numbers, default=[1000, 10_000, 100], help="likewise: tokens")
    parser.add_argument("--pictures", type=numbers, default=[1000, 20_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="of a stretch of the training whose memory is measured")
    return parser.parse_args(arguments)


def sizes(options: argparse.Namespace) -> None:
    """A table for each size."""
    keep_freed_memory()
    recipe = load_recipe(options.recipe, options.settings)
    axes = {"views": options.views, "samples": options.batch, "length": options.length, "classes": options.charset}
    base = {name: values[-1] for name, values in axes.items()}
    print("others: " + ", ".join(f"{name} {value:,}" for name, value in base.items()))
    for name, values in axes.items():
        print("\n" + sizes_table(name, recipe, base, sorted(values), options.repeats))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the circumstances and the tables."""
    options = parse(arguments)
    print("\n".join(Circumstances().lines()) + "\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if options.what == "records":
            print(records_table(folder, options.records, options.repeats))
        elif options.what == "memory":
            print(memory_table(folder, options.records, options.settings, options.steps))
        elif options.what == "sizes":
            sizes(options)
        else:
            print(list_table(options.pictures))


if __name__ == "__main__":
    main()
