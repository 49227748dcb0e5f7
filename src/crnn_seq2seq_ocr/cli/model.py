"""The commands about models: train, evaluate, read, import."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.model.lexicon import Lexicon
    from crnn_seq2seq_ocr.reader import Reader, Reading

Model = Annotated[
    Path,
    typer.Argument(
        help="A released model (`crnn-ocr models` lists them), a model folder, or a training run (its best checkpoint)."
    ),
]
Device = Annotated[str, typer.Option(help="auto, or cpu, cuda, mps, npu, ... as PyTorch names it.")]
Beam = Annotated[int, typer.Option(min=1, help="Width of the beam search; 1 is greedy.")]
LexiconFile = Annotated[Path | None, typer.Option(help="A file of the only allowed texts, one a line.")]
Precision = Annotated[
    Literal["fp32", "bf16"], typer.Option(help="bf16 is faster on accelerators and on CPUs that have it.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Texts read at a time.")]


def train(
    recipe: Annotated[str, typer.Argument(help="The name of a recipe of the package, or a YAML file.")],
    settings: Annotated[list[str] | None, typer.Argument(help="section.setting=value, as many as you like.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder [runs/NAME].")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's last checkpoint.")] = False,
    init: Annotated[Path | None, typer.Option(help="A model, named as for read, whose weights to start from.")] = None,
    overfit: Annotated[
        str | None, typer.Option(help="Self-check: learn so many batches by heart, e.g. 1-batch; must reach 100 %.")
    ] = None,
) -> None:
    """Train a recogniser; the same command runs on one or, under `accelerate launch`, many devices."""
    from rich.console import Console

    from crnn_seq2seq_ocr.config import load_recipe
    from crnn_seq2seq_ocr.selfcheck import overfit_recipe
    from crnn_seq2seq_ocr.train import train as run

    chosen = load_recipe(recipe, settings)
    if overfit is not None:
        chosen = overfit_recipe(chosen, _batch_count(overfit))
    console = Console(soft_wrap=True)
    outcome = run(chosen, folder=out or Path("runs") / chosen.name, resume=resume, initial=init, console=console)
    if outcome.interrupted:
        raise typer.Exit(130)
    if overfit is not None and outcome.best < 1:
        typer.echo(f"the self-check reached {outcome.best:.1%}, not 100 %: look at the data and the settings", err=True)
        raise typer.Exit(1)


def _batch_count(text: str) -> int:
    count = text.removesuffix("-batch").removesuffix("-batches")
    if not count.isdecimal() or int(count) < 1:
        raise typer.BadParameter(f"{text!r} is not a number of batches such as 1-batch", param_hint="--overfit")
    return int(count)


def evaluate(
    model: Model,
    data: Annotated[str, typer.Argument(help="A path, or a name such as 'synthetic:signs?names=test&count=200'.")],
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, scores.json and readings.jsonl.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    beam: Beam = 1,
    lexicon: LexiconFile = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    precision: Precision = "fp32",
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Measure a model on a data set: every sample counted, every number with its profile named."""
    import json

    from rich.console import Console

    from crnn_seq2seq_ocr.data.sources import open_source
    from crnn_seq2seq_ocr.data.storage import make_folder
    from crnn_seq2seq_ocr.engine import processes
    from crnn_seq2seq_ocr.evaluate import evaluate as run
    from crnn_seq2seq_ocr.evaluate import show, write_report
    from crnn_seq2seq_ocr.reader import Reader

    reader = Reader.load(model, device=device, precision=precision)
    source = open_source(data)
    if out is not None:
        make_folder(out)  # before the work, not after it
    names = _read_lexicon(lexicon, reader)
    console = Console(stderr=True)
    result = run(
        reader,
        source,
        title=f"{reader.description.name} on {data}",
        limit=limit,
        beam=beam,
        lexicon=names,
        batch_size=batch_size,
        console=console,
    )
    if not processes().is_main_process:
        return
    try:  # neither a full disk nor an output that nobody reads any more takes the other away
        if out is not None:
            write_report(result, out)
            typer.echo(f"report: {out / 'report.html'}", err=True)
    finally:
        if as_json:
            typer.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
        else:
            show(result, Console(soft_wrap=True))


def read(
    model: Model,
    images: Annotated[list[str], typer.Argument(help="Pictures, folders, globs; - takes a list from standard input.")],
    views: Annotated[bool, typer.Option("--views", help="All pictures are views of one sign.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with every character.")] = False,
    attention: Annotated[Path | None, typer.Option(help="Folder for pictures of where the decoder looked.")] = None,
    beam: Beam = 1,
    lexicon: LexiconFile = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Read pictures: prints file, text and confidence, separated by tabs.

    The exit status is 1 if any picture could not be read; the others are read all the same.
    """
    from crnn_seq2seq_ocr.data.storage import make_folder
    from crnn_seq2seq_ocr.reader import Reader, as_sample, find_pictures

    reader = Reader.load(model, device=device, precision=precision)
    names = _read_lexicon(lexicon, reader)
    # What is wrong with an argument is said before the work; a list is read as it comes, however long it is.
    parts = [_standard_input() if each == "-" else find_pictures([each]) for each in images]
    paths = itertools.chain.from_iterable(parts)
    if attention is not None:
        make_folder(attention)
    groups = [list(paths)] if views else paths
    samples = (as_sample(group, number) for number, group in enumerate(groups))
    failures = 0
    for number, reading in enumerate(reader.stream(samples, batch_size=batch_size, beam=beam, lexicon=names)):
        failures += reading.error is not None
        _print_reading(reading, as_json=as_json)
        if attention is not None and reading.error is None:
            _write_attention(reading, attention, number)
    if failures:
        raise typer.Exit(1)


def _standard_input() -> Iterator[str]:
    """The pictures of each line; a line that means none stays as it is, to fail on its own."""
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.reader import find_pictures

    empty = True
    for line in sys.stdin:
        if line.strip():
            empty = False
            try:
                yield from find_pictures([line.removesuffix("\n")])
            except DataError:
                yield line.removesuffix("\n")
    if empty:
        raise DataError("standard input lists no pictures: write one path a line")


def _print_reading(reading: "Reading", *, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(reading.to_dict(), ensure_ascii=False))
    elif reading.error is not None:
        typer.echo(f"crnn-ocr: {reading.error}", err=True)
    else:
        cut = "" if reading.complete else "\t(cut at the model's longest text)"
        typer.echo(f"{reading.name}\t{reading.text}\t{reading.confidence:.3f}{cut}")


def _write_attention(reading: "Reading", folder: Path, number: int) -> None:
    from crnn_seq2seq_ocr.evaluate import write_attention

    stem = Path(reading.name).stem[:80] if reading.name else "picture"
    write_attention(reading, folder / f"{number:05d}-{stem}.png")


def _read_lexicon(path: Path | None, reader: "Reader") -> "Lexicon | None":
    from crnn_seq2seq_ocr.model.lexicon import read_lexicon

    return None if path is None else read_lexicon(path, reader.tokenizer)


def import_mindspore(
    file: Annotated[Path, typer.Argument(help="A .ckpt file of the original CRNN-Seq2Seq-OCR.")],
    charset: Annotated[Path, typer.Option(help="Your copy of the original's general_chars.txt.")],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
) -> None:
    """Turn a checkpoint of the original (MindSpore) into one of our model folders."""
    from crnn_seq2seq_ocr.importing import import_mindspore as run
    from crnn_seq2seq_ocr.text import UNASSIGNED

    description = run(file, charset=charset, out=out)
    known = len(description.charset) - description.charset.count(UNASSIGNED)
    typer.echo(f"{out}: {known:,} characters, texts of up to {description.max_length}")
