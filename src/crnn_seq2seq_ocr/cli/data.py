"""The commands about data: check, convert, download, draw, crop."""

import contextlib
import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.pages import Dpi, Side
from crnn_seq2seq_ocr.cli.printing import echo, make_console
from crnn_seq2seq_ocr.system.terminal import to_json

data = typer.Typer(help="Check, convert, download and draw data sets.", no_args_is_help=True)

SourceName = Annotated[str, typer.Argument(help="A path, or a name such as 'synthetic:signs?names=test&count=200'.")]
Workers = Annotated[int, typer.Option(min=0, help="Number of worker processes; 0 works in the main process.")]
Shards = Annotated[int, typer.Option(min=1, help="Number of files (not of a folder or an LMDB).")]
Redo = Annotated[bool, typer.Option("--redo", help="Start again and overwrite what an earlier run wrote.")]
Split = Annotated[str, typer.Option(help="Prefix of the file names.")]


class Layout(StrEnum):
    """What drawn samples are written as."""

    tfrecord = "tfrecord"
    folder = "folder"


class Target(StrEnum):
    """What a data set is converted to."""

    folder = "folder"
    tfrecord = "tfrecord"
    lmdb = "lmdb"
    parquet = "parquet"
    webdataset = "webdataset"


class PictureFormat(StrEnum):
    """How pictures are written, but into TFRecords."""

    keep = "keep"
    png = "png"
    jpg = "jpg"


@data.command()
def check(
    source: SourceName,
    charset: Annotated[
        str | None,
        typer.Option(
            help="'fsns', 'words', 'any', a charset file (id TAB character), or the allowed characters.",
            show_default="any, or the recipe's",
        ),
    ] = None,
    max_length: Annotated[int | None, typer.Option(min=1, help="Report longer texts as dropped.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Take charset, length and number of views from a recipe: a name or a YAML file.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with status 1 if anything is wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    show: Annotated[int, typer.Option(min=0, help="Maximum number of dropped samples to list.")] = 1000,
    workers: Workers = 0,
) -> None:
    """Report what a data set contains, and list every sample that would be dropped, with the reason."""
    from crnn_seq2seq_ocr.data.check import check_source, summary_lines
    from crnn_seq2seq_ocr.data.sources import open_source

    opened = open_source(source)
    views = None
    if recipe is not None:
        from crnn_seq2seq_ocr.config import load_recipe

        settings = load_recipe(recipe)
        charset = charset or ("any" if settings.text.charset == "auto" else settings.text.charset)
        max_length, views = max_length or settings.text.max_length, settings.preprocessing.views
    with _progress("checking") as progress:
        report = check_source(
            opened,
            charset=_charset(charset or "any"),
            max_length=max_length,
            views=views,
            workers=workers,
            progress=progress,
        )
    if as_json:
        echo(to_json(report.to_dict(), indent=1))
    else:
        echo("\n".join(summary_lines(report, most=show)))
    if strict and not report.sound:
        raise typer.Exit(1)


@data.command()
def convert(
    source: SourceName,
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    to: Annotated[Target, typer.Option(help="What to write.")] = Target.folder,
    charset: Annotated[str, typer.Option(help="Of TFRecords: 'fsns', a charset file, or the characters.")] = "fsns",
    max_length: Annotated[int, typer.Option(min=1, help="Longest text of TFRecords.")] = 37,
    shards: Shards = 1,
    split: Split = "train",
    pictures: Annotated[
        PictureFormat, typer.Option(help="Format of the pictures: unchanged PNG and JPEG files, or all of one kind.")
    ] = PictureFormat.keep,
    workers: Workers = 0,
    redo: Redo = False,
) -> None:
    """Convert a data set to another format. Run the same command again to resume."""
    from crnn_seq2seq_ocr.data.convert import convert_to_folder, convert_to_tfrecord
    from crnn_seq2seq_ocr.data.convert_packed import convert_to_lmdb, convert_to_shards
    from crnn_seq2seq_ocr.data.sources import open_source
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage

    opened, here = open_source(source), stage(out)
    format: Literal["keep", "png", "jpg"] = pictures.value
    resume = not redo
    with _progress("converting") as progress:
        if to is Target.folder:
            done = convert_to_folder(opened, here, format=format, workers=workers, resume=resume, progress=progress)
        elif to is Target.lmdb:
            done = convert_to_lmdb(opened, here, format=format, workers=workers, resume=resume, progress=progress)
        elif to is Target.tfrecord:
            done = convert_to_tfrecord(
                opened,
                here,
                charset=_charset(charset, everything=False) or "",
                max_length=max_length,
                shards=shards,
                split=split,
                workers=workers,
                resume=resume,
                progress=progress,
            )
        else:
            done = convert_to_shards(
                opened,
                here,
                to="parquet" if to is Target.parquet else "webdataset",
                shards=shards,
                split=split,
                format=format,
                workers=workers,
                resume=resume,
                progress=progress,
            )
    send_output(out)
    for failure in done.failures:
        echo(f"left out: {failure.name}: {failure.reason}", err=True)
    echo(f"{shown(out)}: {done.written:,} of {done.samples:,} samples")
    if done.failures:
        raise typer.Exit(1)


@data.command()
def download(
    name: Annotated[str, typer.Argument(help="Name of the data set: fsns.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("data/fsns"),
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    shards: Annotated[
        str | None, typer.Option(help="Numbers of the shards, such as 0-3,7.", show_default="all")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of a mirror.", show_default="the official one")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Number of parallel downloads.")] = 4,
) -> None:
    """Download shards of French Street Name Signs. Run the same command again to resume."""
    from crnn_seq2seq_ocr.data.download import FSNS_URL, download_fsns, parse_shards
    from crnn_seq2seq_ocr.errors import DataError

    if name != "fsns":
        raise DataError(f"there is no data set {name!r} to download: there is fsns")
    numbers = parse_shards(shards) if shards is not None else None
    with _progress("downloading", bytes_counted=True) as progress:
        paths = download_fsns(
            out, split=split, shards=numbers, base_url=base_url or FSNS_URL, parallel=parallel, progress=progress
        )
    echo(f"{out / split}: {len(paths)} shards")


@data.command()
def draw(
    source: Annotated[str, typer.Argument(help="Such as 'synthetic:signs?count=1000' or 'synthetic:words'.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    to: Annotated[Layout, typer.Option(help="Output format; words can only be written to a folder.")] = Layout.tfrecord,
    shards: Shards = 1,
    split: Split = "train",
    pictures: Annotated[
        PictureFormat,
        typer.Option(help="Format of a folder's pictures: jpg is smaller and faster to read, png is lossless."),
    ] = PictureFormat.keep,
    workers: Workers = 2,
    redo: Redo = False,
) -> None:
    """Write synthetic signs (in the layout of FSNS, or as a folder) or synthetic words (as a folder)."""
    from crnn_seq2seq_ocr.data.draw import draw as run
    from crnn_seq2seq_ocr.data.sources import open_source
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage

    opened, here = open_source(source), stage(out)
    with _progress("drawing") as progress:
        done = run(
            opened,
            here,
            layout=to.value,
            format=pictures.value,
            shards=shards,
            split=split,
            workers=workers,
            resume=not redo,
            progress=progress,
        )
    send_output(out)
    echo(f"{shown(out)}: {done.written:,} samples")


def _charset(name: str, *, everything: bool = True) -> str | None:
    """Return the characters that an option means; None for any."""
    from crnn_seq2seq_ocr.errors import CharsetError
    from crnn_seq2seq_ocr.mindspore.charset_files import read_charset_file
    from crnn_seq2seq_ocr.text import LITERAL, NAMED_CHARSETS, Tokenizer, named_charset

    if name == "any":
        if everything:
            return None
        raise CharsetError("TFRecords need a charset: give 'fsns', a charset file or the characters with --charset")
    if name not in NAMED_CHARSETS and os.path.exists(name):  # unlike Path's, it takes any text
        return read_charset_file(name)
    characters = named_charset(name)
    try:
        return Tokenizer(characters).charset
    except CharsetError:
        listed = name.removeprefix(LITERAL)
        raise CharsetError(f"--charset {listed!r} is neither a file nor a list of characters, each once") from None


@contextlib.contextmanager
def _progress(verb: str, *, bytes_counted: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error; without a terminal, a line every ten seconds."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = make_console(stderr=True)
    counts = DownloadColumn() if bytes_counted else MofNCompleteColumn()
    with Progress(
        TextColumn(verb), BarColumn(), counts, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(verb, total=None)
        lines = _LineProgress(verb)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal:
                lines.report(done, total)

        yield report


class _LineProgress:
    """A line now and then, for logs."""

    def __init__(self, verb: str, seconds: float = 10.0) -> None:
        import time

        self._verb, self._seconds, self._clock = verb, seconds, time.monotonic
        self._last = self._clock()

    def report(self, done: int, total: int) -> None:
        if self._clock() - self._last >= self._seconds:
            self._last = self._clock()
            echo(f"{self._verb}: {done:,} of {total:,}", err=True)


@data.command()
def crop(
    pictures: Annotated[
        list[str], typer.Argument(help="Photographs, documents, folders and globs; the last one is the output folder.")
    ],
    model: Annotated[Path, typer.Option(help="Model that reads the lines, named as for read.")] = Path("words"),
    side: Side = 960,
    dpi: Dpi = 200,
) -> None:
    """Cut the text lines out of photographs and pages: crnn-ocr data crop photos/ crops/.

    The output folder gets a picture of each line, and labels.tsv with the readings to correct, least confident first.
    The exit status is 1 if a page could not be read.
    """
    from crnn_seq2seq_ocr.cli.pages import page_names_of
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.pages.cuttings import LABELS, prepare_folder, write_crops
    from crnn_seq2seq_ocr.pages.detector import RapidDetector
    from crnn_seq2seq_ocr.pages.signs import page_reader
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage

    if len(pictures) < 2:
        raise DataError("name photographs to cut, and last the folder for the crops: crnn-ocr data crop photos/ crops/")
    folder = Path(pictures[-1])
    names = list(page_names_of(pictures[:-1], None))
    here = stage(folder)
    prepare_folder(here)
    pages = page_reader(RapidDetector(side=side), Reader.load(model), dpi=dpi)
    done = write_crops(pages.stream(names), here, dpi=dpi)
    send_output(folder)
    for message in done.failed:
        echo(f"crnn-ocr: {message}", err=True)
    echo(f"{shown(folder / LABELS)}: {done.crops:,} lines of {done.pages:,} pages, the least sure first")
    if done.failed:
        raise typer.Exit(1)
