"""``bench train``: what a step of training costs, part by part, and a real training's waiting and memory.

A step is one batch: forward, backward, update. What is counted belongs to the encoder or to the rest, which
is the decoder and the loss: the encoder is run once more on its own, and the rest is the difference. The step
itself is timed whole; while its parts are timed, the device is waited for after each of them.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import torch

from crnn_seq2seq_ocr.bench.flops import DTYPES, MatrixProduct, count_flops
from crnn_seq2seq_ocr.bench.isolated import in_subprocess
from crnn_seq2seq_ocr.bench.machine import Circumstances, own_memory, peak_memory
from crnn_seq2seq_ocr.bench.result import Benchmark, Measurement, compared
from crnn_seq2seq_ocr.bench.timing import Laps, Spread, Work, side_by_side
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.model.recognizer import Recognizer, normalise
from crnn_seq2seq_ocr.system.allocator import keep_freed_memory
from crnn_seq2seq_ocr.system.signals import StopRequest
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.batches import Batch
from crnn_seq2seq_ocr.training.data import batches_of, make_examples, training_source
from crnn_seq2seq_ocr.training.finetune import resolve_charset
from crnn_seq2seq_ocr.training.learner import Learner
from crnn_seq2seq_ocr.training.train import train

STEP_UNITS = {
    "step": "ms",
    "encoder, forward": "ms",
    "decoder and loss, forward": "ms",
    "encoder, backward": "ms",
    "decoder and loss, backward": "ms",
    "update of the weights": "ms",
    "decoder's share of the parts": "%",
    "pictures a second": "1/s",
    "arithmetic of a step": "GFLOP",
    "arithmetic done": "TFLOP/s",
    "share of the matrix product": "%",
}


class StepBenchmark:
    """A network in training, and what its steps over some batches cost.

    Args:
        recipe: All settings.
        classes: Number of tokens.
        batches: What it learns from; a repeat is one step on each.

    Attributes:
        device: Where it is.
        flops: Of a step, mean over the batches.
    """

    def __init__(self, recipe: Recipe, classes: int, batches: Sequence[Batch]) -> None:
        self._settings = settings = recipe.training
        accelerator = optimization.make_accelerator(settings)
        self.device = accelerator.device
        self._batches = [batch.pin_memory() if self.device.type == "cuda" else batch for batch in batches]
        torch.manual_seed(settings.seed)
        recognizer = Recognizer(recipe.model, recipe.preprocessing, classes).to(self.device)
        self.flops = self._count(recognizer)
        self._learner = Learner(recognizer, settings, accelerator)

    def __call__(self) -> dict[str, float]:
        """`STEP_UNITS` of one step on each batch, mean over them, but for the comparison with the matrix product."""
        laps = Laps(self.device)
        for batch in self._batches:  # the device is not waited for in between, nor is it in training
            self._step(batch, lambda part: None)
        laps.end("step")
        for batch in self._batches:
            self._encode(batch, laps)
            self._step(batch, laps.end)
        count = len(self._batches)
        ms = {part: 1000 * seconds / count for part, seconds in laps.seconds.items()}
        step = ms["step"]
        parts = {
            "encoder, forward": ms["encoder, forward"],
            "decoder and loss, forward": ms["forward"] - ms["encoder, forward"],
            "encoder, backward": ms["encoder, backward"],
            "decoder and loss, backward": ms["backward"] - ms["encoder, backward"],
            "update of the weights": ms["update"],
        }
        decoder = parts["decoder and loss, forward"] + parts["decoder and loss, backward"]
        return {
            "step": step,
            **parts,
            "decoder's share of the parts": 100 * decoder / sum(parts.values()),
            "pictures a second": 1000 * sum(len(batch.names) for batch in self._batches) / count / step,
            "arithmetic of a step": self.flops / 1e9,
            "arithmetic done": self.flops / step / 1e9,
        }

    def _encode(self, batch: Batch, laps: Laps) -> None:
        """Run the encoder alone and throw its gradients away."""
        laps.begin()
        images = normalise(batch.images.to(self.device, non_blocking=True))
        # As Accelerate does it for the whole; its own context is that of the accelerator made last.
        precision = self._settings.precision
        with torch.autocast(self.device.type, DTYPES[precision], enabled=precision != "fp32"):
            cells = self._learner.recognizer.encode(images, batch.view_mask.to(self.device)).cells
        laps.end("encoder, forward")
        gradient = torch.randn_like(cells)
        laps.begin()
        torch.autograd.backward(cells, gradient)
        laps.end("encoder, backward")
        self._learner.optimizer.zero_grad()
        laps.begin()

    def _step(self, batch: Batch, lap: Callable[[str], object]) -> None:
        """One update, as `train` makes it; the end of each part is told."""
        divisor = float(optimization.global_divisor([batch], self._settings))
        self._learner.learn([batch], divisor, StopRequest(), lap=lap)

    def _count(self, recognizer: Recognizer) -> float:
        def steps() -> None:
            for batch in self._batches:
                shape = batch.targets.shape[0], batch.targets.shape[1]
                forced = optimization.forced_tokens(shape, self._settings.teacher_forcing, 0.0)
                loss = optimization.batch_loss(recognizer, batch, forced, self._settings)
                torch.autograd.backward(loss)

        flops = count_flops(steps)
        recognizer.zero_grad()
        return flops / len(self._batches)


def bench_steps(
    trainees: Mapping[str, StepBenchmark], precisions: Mapping[str, str], *, repeats: int
) -> list[Measurement]:
    """Time steps of all, side by side and beside the matrix product in the precision of each.

    Args:
        trainees: By variant.
        precisions: Of each variant.
        repeats: Rounds.
    """
    device = next(iter(trainees.values())).device
    names = {precision: f"matrix product, {precision}" for precision in precisions.values()}
    products: dict[str, Work] = {name: MatrixProduct(device, precision) for precision, name in names.items()}
    times = side_by_side({**trainees, **products}, repeats=repeats)
    peaks = {name: times.pop(name)["product"] for name in products}
    for variant, spreads in times.items():
        share = spreads["arithmetic done"].over(peaks[names[precisions[variant]]])
        spreads["share of the matrix product"] = Spread(tuple(100 * value for value in share.values))
    return compared(times, STEP_UNITS) + [Measurement(name, "", "TFLOP/s", peak) for name, peak in peaks.items()]


@dataclass(frozen=True)
class RunCost:
    """What a real training cost.

    Attributes:
        pictures_per_second: Of each stretch between two lines of the log, the first left out.
        data_wait: Share of the time, likewise.
        memory: The most that its process held, bytes, with mapped pages of files; None on Windows.
        own_memory: What it held at its end without them, bytes; None where the system does not tell.
        device_memory: The most that its tensors took on the accelerator, bytes; None on the CPU.
    """

    pictures_per_second: Spread
    data_wait: Spread
    memory: int | None
    own_memory: int | None
    device_memory: int | None


def run_cost(recipe: Recipe, *, steps: int, stretches: int) -> RunCost:
    """Run a short training in a process of its own: `stretches` of so many steps, after one to warm up.

    Raises:
        CrnnOcrError: As `train` does.
    """
    return in_subprocess(partial(_run, steps=steps, stretches=stretches), recipe)


def _run(recipe: Recipe, *, steps: int, stretches: int) -> RunCost:
    total = steps * (stretches + 1)
    training = recipe.training.model_copy(
        update={"steps": total, "log_every": steps, "evaluate_every": total, "save_every": total}
    )
    data = recipe.data.model_copy(update={"validation": None})
    with tempfile.TemporaryDirectory() as folder:
        train(recipe.model_copy(update={"training": training, "data": data}), folder=Path(folder))
        lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text("utf-8").splitlines()]
    counted = [line for line in lines if line["kind"] == "training"][1:]
    return RunCost(
        pictures_per_second=Spread(tuple(line["pictures_per_second"] for line in counted)),
        data_wait=Spread(tuple(line["data_wait"] for line in counted)),
        memory=peak_memory(),
        own_memory=own_memory(),
        device_memory=_device_memory(),
    )


def _device_memory() -> int | None:
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    measure = getattr(torch.get_device_module(device), "max_memory_allocated", None) if device else None
    return int(measure()) if measure else None


def bench_runs(recipes: Mapping[str, Recipe], *, steps: int, stretches: int) -> list[Measurement]:
    """Run a real training of each, one after the other: no ratios."""
    costs = {variant: run_cost(recipe, steps=steps, stretches=stretches) for variant, recipe in recipes.items()}
    measurements: list[Measurement] = []
    for variant, cost in costs.items():
        waits = Spread(tuple(100 * value for value in cost.data_wait.values))
        memories = {
            "peak memory": cost.memory,
            "memory without mapped files": cost.own_memory,
            "peak memory of the accelerator": cost.device_memory,
        }
        measurements += [
            Measurement("training: pictures a second", variant, "1/s", cost.pictures_per_second),
            Measurement("training: waiting for data", variant, "% of the time", waits),
            *(
                Measurement(f"training: {name}", variant, "MB", Spread((size / 1e6,)))
                for name, size in memories.items()
                if size is not None
            ),
        ]
    return sorted(measurements, key=lambda each: [other.what for other in measurements].index(each.what))


def prepared_batches(recipe: Recipe, count: int) -> tuple[list[Batch], int]:
    """Return the first batches that a training would see, and the number of tokens.

    Raises:
        DataError: The training data cannot be used.
    """
    source = training_source(recipe)
    tokenizer = Tokenizer(resolve_charset(recipe.text, source))
    with contextlib.closing(batches_of(recipe, make_examples(recipe, source, tokenizer), workers=0)) as batches:
        return list(islice(batches, count)), len(tokenizer)


def bench_train(recipes: Mapping[str, Recipe], *, batches: int, repeats: int, steps: int) -> Benchmark:
    """All of it.

    Args:
        recipes: By variant; the first is what the others are compared to.
        batches: A repeat is one step on each of so many.
        repeats: Rounds; also the stretches of each real training.
        steps: Of a stretch of the real training; 0 leaves it out.

    Raises:
        CrnnOcrError: The recipes cannot be trained here.
    """
    circumstances = Circumstances()
    recipes = {variant: optimization.with_precision(recipe) for variant, recipe in recipes.items()}
    keep_freed_memory()  # as `train` does
    trainees = {}
    for variant, recipe in recipes.items():
        prepared, classes = prepared_batches(recipe, batches)
        trainees[variant] = StepBenchmark(recipe, classes, prepared)
    precisions = {variant: recipe.training.precision for variant, recipe in recipes.items()}
    measurements = bench_steps(trainees, precisions, repeats=repeats)
    if steps:
        measurements += bench_runs(recipes, steps=steps, stretches=repeats)
    settings = {
        "repeats": repeats,
        "batches": batches,
        "steps": steps,
        "recipes": {variant: recipe.model_dump(mode="json") for variant, recipe in recipes.items()},
    }
    return Benchmark(f"training {next(iter(recipes.values())).name}", settings, measurements, circumstances)
