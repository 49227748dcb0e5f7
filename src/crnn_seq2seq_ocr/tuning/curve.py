"""The learning curve: what 1/8, 1/4, 1/2 and all of the samples bring, and what twice as many would."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from crnn_seq2seq_ocr.checkpoint.folders import last_checkpoint
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.evaluation.evaluate import evaluate
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.training.run_folder import RECIPE
from crnn_seq2seq_ocr.training.train import train
from crnn_seq2seq_ocr.tuning.plan import REQUEST, Plan, Request, recipe_of

PARTS = (1 / 8, 1 / 4, 1 / 2, 1.0)
CURVE = "curve.json"


@dataclass(frozen=True)
class Point:
    """What so many samples brought: `right` of the `checked` held-out texts."""

    samples: int
    right: int
    checked: int

    @property
    def wrong_share(self) -> float:
        """Share of wrong texts, half a text added on both sides so that it is never none or all."""
        return (self.checked - self.right + 0.5) / (self.checked + 1)


def learning_curve(plan: Plan, *, folder: Path, console: Console | None = None) -> list[Point] | None:
    """Train on each of `PARTS` of the samples, measure each on the held-out part; the same call again goes on.

    Args:
        plan: See `tuning.plan.make_plan`.
        folder: Where ``curve-1-of-8``, ... and ``curve.json`` go.
        console: Where to show progress.

    Returns:
        A point for each part; None where a signal interrupted.

    Raises:
        StorageError: The folder holds another tuning, or cannot be written.
        DataError: Parts of the data cannot be named, or there are too few samples.
    """
    if (folder / REQUEST).exists() and Request.load(folder) != plan.request:
        raise StorageError(f"{folder} holds a tuning of other data or settings: name another folder with --out")
    plan.request.save(folder)
    points: list[Point] = []
    for part in PARTS:
        learn = plan.split.share(part)
        samples = len(open_source(learn))
        if samples == 0:
            raise DataError(f"an eighth of {plan.learnt} samples is none: a curve needs some more")
        recipe = recipe_of(plan, learn, samples)
        run = folder / f"curve-1-of-{round(1 / part)}"
        going_on = last_checkpoint(run) is not None
        if console:
            console.print(f"[{len(points) + 1} of {len(PARTS)}] {samples:,} samples", markup=False)
        chosen = load_recipe(str(run / RECIPE)) if going_on else recipe
        initial = None if plan.request.from_scratch else Path(plan.request.model)
        if train(chosen, folder=run, resume=going_on, initial=initial, console=console).interrupted:
            return None
        found = evaluate(Reader.load(run), open_source(plan.split.check), shown=0, console=console)
        scores = found.report.scores["strict"]
        points.append(Point(samples, int(scores["correct"] or 0), int(scores["count"] or 0)))
        write_whole(folder / CURVE, json.dumps([asdict(point) for point in points], indent=1))
    return points


def expected_wrong(points: Sequence[Point], samples: int) -> float:
    """Share of wrong texts to expect of so many samples, by a power law through the points.

    Errors of networks fall with a power of the number of samples (Hestness et al., 2017, arXiv 1712.00409): a line
    where both axes are logarithmic, here fitted by least squares. It never says that more samples do harm.
    """
    x, y = [math.log(point.samples) for point in points], [math.log(point.wrong_share) for point in points]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - middle_x) ** 2 for each in x)
    slope = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0
    return math.exp(middle_y + min(slope, 0.0) * (math.log(samples) - middle_x))


def curve_lines(points: Sequence[Point]) -> list[str]:
    """Return the curve for people."""
    lines = [f"{point.samples:>8,} samples: {point.right / point.checked:.1%} right" for point in points]
    last = points[-1]
    now, twice = expected_wrong(points, last.samples), expected_wrong(points, 2 * last.samples)
    text = 1 / last.checked
    lines.append(
        f"twice as many samples, {2 * last.samples:,}, would bring about {1 - twice:.0%} right"
        f"{': hardly more' if now - twice < text else ''} (one text in {last.checked:,} is {text:.1%})"
    )
    return lines
