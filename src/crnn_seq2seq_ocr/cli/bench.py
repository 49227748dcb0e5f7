"""The commands that measure: the input pipeline, training, reading."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crnn_seq2seq_ocr.cli.model import Device, Model
from crnn_seq2seq_ocr.cli.printing import make_console

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.bench.result import Benchmark

bench = typer.Typer(help="Measure the input pipeline, training and reading on this machine.", no_args_is_help=True)

Settings = Annotated[list[str] | None, typer.Argument(help="Settings to change: section.setting=value, any number.")]
Repeats = Annotated[int, typer.Option(min=1, help="Measured rounds, after one for warming up.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="File for all numbers, including those of each round.")]


@bench.command()
def data(
    source: Annotated[str, typer.Argument(help="A path, or a name such as 'synthetic:signs?count=1000'.")],
    settings: Settings = None,
    recipe: Annotated[str, typer.Option(help="How samples are prepared: a recipe's name or a YAML file.")] = "fsns",
    workers: Annotated[str, typer.Option(help="Numbers of worker processes to compare.")] = "0,1,2",
    samples: Annotated[int, typer.Option(min=1, help="Number of samples whose stages are timed.")] = 200,
    batches: Annotated[int, typer.Option(min=1, help="Batches loaded with each number of processes.")] = 10,
    repeats: Repeats = 5,
    json_file: JsonFile = None,
) -> None:
    """Time each stage of the input pipeline, from a source to a batch."""
    from crnn_seq2seq_ocr.bench.data import bench_data
    from crnn_seq2seq_ocr.config import load_recipe

    counts = _numbers(workers, "--workers", least=0)
    chosen = load_recipe(recipe, settings)
    with _working():
        benchmark = bench_data(chosen, source, workers=counts, samples=samples, batches=batches, repeats=repeats)
    _report(benchmark, json_file)


@bench.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Name of an included recipe, or a YAML file.")],
    settings: Settings = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="Values of a setting to compare, such as training.precision=fp32,bf16.")
    ] = None,
    batches: Annotated[int, typer.Option(min=1, help="Number of batches in a round; each gets one step.")] = 4,
    steps: Annotated[int, typer.Option(min=0, help="Steps of real training in a round; 0 skips it.")] = 8,
    repeats: Repeats = 5,
    json_file: JsonFile = None,
) -> None:
    """Time the parts of a training step, and measure the waiting and the memory of a real training."""
    from crnn_seq2seq_ocr.bench.train import bench_train
    from crnn_seq2seq_ocr.bench.variants import vary as variants

    recipes = variants(recipe, settings or [], vary or [])
    with _working():
        benchmark = bench_train(recipes, batches=batches, repeats=repeats, steps=steps)
    _report(benchmark, json_file)


@bench.command()
def read(
    model: Model,
    images: Annotated[list[str], typer.Argument(help="Pictures, folders, globs.")],
    against: Annotated[list[Path] | None, typer.Option(help="Other models to compare, such as an ONNX file.")] = None,
    batch_size: Annotated[str, typer.Option(help="Batch sizes to compare.")] = "1,8,32",
    beam: Annotated[str, typer.Option(help="Beam widths to compare.")] = "1",
    threads: Annotated[
        str | None, typer.Option(help="Numbers of threads to compare.", show_default="PyTorch's own choice")
    ] = None,
    device: Device = "auto",
    repeats: Repeats = 5,
    json_file: JsonFile = None,
) -> None:
    """Time reading: each part in PyTorch, an ONNX file as a whole."""
    from crnn_seq2seq_ocr.bench.read import bench_read

    sizes, beams = _numbers(batch_size, "--batch-size", least=1), _numbers(beam, "--beam", least=1)
    counts = _numbers(threads, "--threads", least=1) if threads is not None else []
    with _working():
        benchmark = bench_read(
            [model, *(against or [])],
            images,
            batch_sizes=sizes,
            beams=beams,
            threads=counts,
            device=device,
            repeats=repeats,
        )
    _report(benchmark, json_file)


def _numbers(text: str, option: str, *, least: int) -> list[int]:
    """Whole numbers between commas."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) >= least for part in parts):
        raise typer.BadParameter(f"{text!r} are not whole numbers from {least} such as 1,2", param_hint=option)
    return list(dict.fromkeys(int(part) for part in parts))


@contextlib.contextmanager
def _working() -> Iterator[None]:
    """Show on a terminal that work goes on."""
    with make_console(stderr=True).status("measuring"):
        yield


def _report(benchmark: "Benchmark", json_file: Path | None) -> None:
    import json

    from crnn_seq2seq_ocr.bench.result import show
    from crnn_seq2seq_ocr.system.files import write_whole

    try:  # what was measured is shown though it cannot be written
        if json_file is not None:
            write_whole(json_file, json.dumps(benchmark.to_dict(), ensure_ascii=False, indent=1) + "\n")
    finally:
        console = make_console(soft_wrap=True)
        show(benchmark, console if console.is_terminal else make_console(soft_wrap=True, width=max(120, console.width)))
