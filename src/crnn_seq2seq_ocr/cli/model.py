"""The commands about models: train, evaluate, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.printing import echo, make_console
from crnn_seq2seq_ocr.system.terminal import to_json

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.config import Recipe
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.model.constraint import Constraint

Model = Annotated[
    Path,
    typer.Argument(
        help="A released model (`crnn-ocr models` lists them), a model folder, or a training run (its best checkpoint)."
    ),
]
Device = Annotated[
    str,
    typer.Option(
        help="auto, or cpu, cuda, mps, npu, ... as PyTorch names it; ONNX Runtime has openvino, coreml, ... too."
    ),
]
Beam = Annotated[int, typer.Option(min=1, help="Width of the beam search; 1 is greedy.")]
LexiconFile = Annotated[Path | None, typer.Option(help="File of the allowed texts, one per line.")]
Allow = Annotated[str | None, typer.Option(help="Allowed characters, such as '0-9' or 'A-Z0-9 '.")]
PatternText = Annotated[
    str | None,
    typer.Option("--pattern", help="Regular expression that every text must match, such as 'N\\d{4}'."),
]
Precision = Annotated[
    Literal["fp32", "bf16"], typer.Option(help="bf16 is faster on accelerators and on CPUs that support it.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Number of texts read together.")]
Backend = Annotated[
    Literal["onnx", "torch"] | None,
    typer.Option(help="Runtime of the network.", show_default="ONNX Runtime if it supports the options, else PyTorch"),
]


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="An included recipe or a YAML file; omit it with --resume --out.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(help="Settings to change: section.setting=value, any number.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.", show_default="runs/NAME")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint in the folder, with its settings.")
    ] = False,
    init: Annotated[Path | None, typer.Option(help="Model to start from, named as for read.")] = None,
    overfit: Annotated[
        str | None, typer.Option(help="Self-check: overfit N batches, such as 1-batch; must reach 100 %.")
    ] = None,
) -> None:
    """Train a recogniser, on one device or, under `accelerate launch`, on several."""
    from crnn_seq2seq_ocr.checkpoint.folders import last_checkpoint
    from crnn_seq2seq_ocr.system.processes import restarted
    from crnn_seq2seq_ocr.training.overfit import overfit_recipe
    from crnn_seq2seq_ocr.training.train import train as run

    given = list(settings or [])
    if recipe is not None and "=" in recipe:  # the first setting, where the recipe is left out
        given, recipe = [recipe, *given], None
    if recipe is None and not (resume and out is not None):
        raise typer.BadParameter("name a recipe, as in `crnn-ocr train words`; --resume --out FOLDER needs none")
    chosen = _recipe(recipe, given, out, resume=resume)
    if overfit is not None:
        chosen = overfit_recipe(chosen, _batch_count(overfit))
    folder = out or Path("runs") / chosen.name
    # A launcher that starts all processes anew gives them the command as before.
    resume = resume or (restarted() and last_checkpoint(folder) is not None)
    console = make_console(soft_wrap=True)
    outcome = run(chosen, folder=folder, resume=resume, initial=init, console=console)
    if outcome.interrupted:
        raise typer.Exit(130)
    if overfit is not None and outcome.best < 1:
        echo(f"the self-check reached {outcome.best:.1%}, not 100 %: look at the data and the settings", err=True)
        raise typer.Exit(1)


def _recipe(recipe: str | None, settings: list[str], out: Path | None, *, resume: bool) -> "Recipe":
    """Return the recipe of that name; that of the run itself where one is resumed."""
    from crnn_seq2seq_ocr.config import load_recipe
    from crnn_seq2seq_ocr.errors import CheckpointError
    from crnn_seq2seq_ocr.training.run_folder import RECIPE

    if resume:
        folder = out or Path("runs") / load_recipe(str(recipe), settings).name
        if (folder / RECIPE).is_file():
            return load_recipe(str(folder / RECIPE), settings)
        if recipe is None:
            raise CheckpointError(f"{folder} holds no training to resume: name another folder, or a recipe")
    # What is served is called by its own name, not by its recipe's.
    named = [f"name={out.name}"] if out is not None and out.name else []
    return load_recipe(str(recipe), [*named, *settings])


def _batch_count(text: str) -> int:
    count = text.removesuffix("-batch").removesuffix("-batches")
    if not count.isdecimal() or int(count) < 1:
        raise typer.BadParameter(f"{text!r} is not a number of batches such as 1-batch", param_hint="--overfit")
    return int(count)


def evaluate(
    model: Model,
    data: Annotated[str, typer.Argument(help="A path, or a name such as 'synthetic:signs?names=test&count=200'.")],
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, scores.json and readings.jsonl.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N samples.")] = None,
    beam: Beam = 1,
    lexicon: LexiconFile = None,
    allow: Allow = None,
    pattern: PatternText = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    precision: Precision = "fp32",
    backend: Backend = None,
    suite: Annotated[
        Literal["scene-text"] | None,
        typer.Option(
            help="DATA is a folder of the field's test sets: IIIT5K, SVT, IC13, IC15, SVTP, CUTE80, Union14M."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every sample with its label and reading, as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Evaluate a model on a data set, by the metrics of several papers. Every sample counts."""
    from crnn_seq2seq_ocr.data.sources import open_source
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.evaluation.evaluate import evaluate as run
    from crnn_seq2seq_ocr.evaluation.evaluate import show, write_report
    from crnn_seq2seq_ocr.evaluation.suites import as_csv
    from crnn_seq2seq_ocr.system.files import make_folder, write_whole
    from crnn_seq2seq_ocr.system.outputs import stage
    from crnn_seq2seq_ocr.system.processes import processes
    from crnn_seq2seq_ocr.system.stores import local_copy

    sent = (out, csv)
    out, csv = (None if each is None else stage(each) for each in sent)
    reader = load_reader(model, device=device, precision=precision, backend=backend, searching=beam > 1)
    if suite is not None:
        if (beam, lexicon, allow, pattern) != (1, None, None, None):
            raise DataError("a suite is read greedily and freely: leave out --beam, --lexicon, --allow and --pattern")
        _evaluate_suite(reader, local_copy(data), out=out, csv=csv, limit=limit, batch_size=batch_size, as_json=as_json)
        send_output(*sent)
        return
    source = open_source(data)
    if out is not None:
        make_folder(out)  # before the work, not after it
    names = read_constraint(reader, lexicon=lexicon, allow=allow, pattern=pattern)
    console = make_console(stderr=True)
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
            echo(f"report: {out / 'report.html'}", err=True)
        if csv is not None:
            write_whole(csv, as_csv({data: result.lines}))
        send_output(*sent)
    finally:
        if as_json:
            echo(to_json(result.to_dict(), indent=1))
        else:
            show(result, make_console(soft_wrap=True))


def _evaluate_suite(
    reader: "Reader", folder: Path, *, out: Path | None, csv: Path | None, limit: int | None, batch_size: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Measure on every set of a suite that lies in a folder; `out` gets suite.json and samples.csv."""
    from crnn_seq2seq_ocr.evaluation.suites import as_csv, evaluate_suite, suite_table
    from crnn_seq2seq_ocr.system.files import write_whole
    from crnn_seq2seq_ocr.system.processes import processes

    result = evaluate_suite(reader, folder, batch_size=batch_size, limit=limit, console=make_console(stderr=True))
    if not processes().is_main_process:
        return
    written = to_json(result.to_dict(), indent=1)
    if out is not None:
        write_whole(out / "suite.json", written)
    for path in (csv, out and out / "samples.csv"):
        if path is not None:
            write_whole(path, as_csv(result.lines))
    if as_json:
        echo(written)
        return
    make_console(soft_wrap=True, width=160).print(suite_table(result))
    if result.missing:
        echo(f"not in {folder}: {', '.join(result.missing)}")


def load_reader(
    model: Path,
    *,
    device: str,
    precision: Literal["fp32", "bf16"],
    backend: Literal["onnx", "torch"] | None,
    searching: bool = False,
    concurrency: int = 1,
) -> "Reader":
    """Load the reader of a model, see `Reader.load`; `searching`, with a beam, needs PyTorch."""
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.system.dependencies import needing

    if searching and backend is None and model.suffix != ".onnx":
        backend = "torch"
        with needing("a beam"):
            import crnn_seq2seq_ocr.inference.torch_backend  # noqa: F401  (its absence is told for what it is needed)
    return Reader.load(model, device=device, precision=precision, backend=backend, concurrency=concurrency)


def read_constraint(
    reader: "Reader", *, lexicon: Path | None, allow: str | None, pattern: str | None
) -> "Constraint | None":
    """Read the lexicon of a file, or a pattern.

    Raises:
        DataError: Both are given, or one of them is wrong.
    """
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.model.lexicon import read_lexicon

    if lexicon is None:
        return None if allow is None and pattern is None else reader.constraint(allow=allow, pattern=pattern)
    if allow is not None or pattern is not None:
        raise DataError("a lexicon says all that is allowed: leave out --allow and --pattern, or --lexicon")
    return read_lexicon(lexicon, reader.tokenizer)


def import_mindspore(
    file: Annotated[Path, typer.Argument(help="A .ckpt file of the original CRNN-Seq2Seq-OCR.")],
    charset: Annotated[Path, typer.Option(help="Your copy of the original's general_chars.txt.")],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
) -> None:
    """Convert a checkpoint of the original (MindSpore) into a model folder."""
    from crnn_seq2seq_ocr.mindspore.convert import import_mindspore as run
    from crnn_seq2seq_ocr.text import UNASSIGNED

    description = run(file, charset=charset, out=out)
    known = len(description.charset) - description.charset.count(UNASSIGNED)
    echo(f"{out}: {known:,} characters, texts of up to {description.max_length}")
