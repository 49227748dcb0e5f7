"""The command line ``crnn-ocr``: thin commands, heavy imports inside them, errors as sentences."""

import io
import logging
import os
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from crnn_seq2seq_ocr.cli.bench import bench
from crnn_seq2seq_ocr.cli.data import data
from crnn_seq2seq_ocr.cli.export import export
from crnn_seq2seq_ocr.cli.label import label
from crnn_seq2seq_ocr.cli.model import evaluate, import_mindspore, train
from crnn_seq2seq_ocr.cli.models import average, models, release
from crnn_seq2seq_ocr.cli.printing import echo
from crnn_seq2seq_ocr.cli.pseudo import label as pseudo_label
from crnn_seq2seq_ocr.cli.read import read
from crnn_seq2seq_ocr.cli.serve import serve
from crnn_seq2seq_ocr.cli.tune import tune
from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.processes import process
from crnn_seq2seq_ocr.system.terminal import EscapingFormatter
from crnn_seq2seq_ocr.version import __version__

app = typer.Typer(
    name="crnn-ocr",
    help="Train, evaluate and run CRNN + attention text recognisers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(read)
app.command()(serve)
app.command()(label)
app.command()(train)
app.command()(tune)
app.command()(evaluate)
app.command()(models)
app.command()(release)
app.command()(average)
app.command()(export)
data.command()(pseudo_label)
app.add_typer(data, name="data")
app.add_typer(bench, name="bench")
app.command(name="import-mindspore")(import_mindspore)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        echo(f"crnn-ocr {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's mistake ends with one message and exit status 1."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # what is wrong with a picture is told in our own words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files may hold bytes that are no text; they are shown, and end nothing.
            stream.reconfigure(errors="backslashreplace")
    if sys.stdin is None:  # closed by whoever called: nothing comes from it
        sys.stdin = io.StringIO()
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    # What is wrong with a picture is told in a sentence, or does not matter.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(EscapingFormatter("%(message)s"))
    try:
        with needing("this command"):
            app()
    except CrnnOcrError as error:
        _fail(str(error))
    except MemoryError:
        _fail("there is not enough memory: take smaller batches, fewer workers or smaller files")
    except OSError as error:
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        _fail(place + (error.strerror or str(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as end:
        if process() is None:
            raise
        _leave(end)


def _leave(end: SystemExit) -> NoReturn:
    """End one process of several as the command did, without taking the interpreter down.

    Threads of Gloo may still let go of tensors then. They want the interpreter for it, and where it is going they
    abort the process, and with it the others (https://github.com/pytorch/pytorch/pull/179291).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


def _fail(message: str) -> NoReturn:
    echo(f"crnn-ocr: {message}", err=True)
    sys.exit(1)
