"""The command that reads pictures: some to the screen, or a million into a file."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.arguments import picture_paths
from crnn_seq2seq_ocr.cli.automatic import can_search, is_whole, read_automatically
from crnn_seq2seq_ocr.cli.model import (
    Allow,
    Backend,
    BatchSize,
    Beam,
    Device,
    LexiconFile,
    Model,
    PatternText,
    Precision,
    load_reader,
    read_constraint,
)
from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.pages import Dpi, FormOption, Overlay, SearchableFile, Side, read_pages
from crnn_seq2seq_ocr.cli.printing import echo
from crnn_seq2seq_ocr.cli.progress import share_all, write_all
from crnn_seq2seq_ocr.system.terminal import escaped_line, to_json

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.bulk.listing import Entry
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.inference.readings import Reading
    from crnn_seq2seq_ocr.model.constraint import Constraint
    from crnn_seq2seq_ocr.pages.values import Page

DOUBTFUL = 0.7
"""Readings less sure than this may be of something that is no crop."""

_SEARCHED = "but no lines of text were found in it: it was read as one crop (--side 1600 finds smaller text)"


def read(
    model: Model,
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Pictures, folders, globs, .tar, .parquet; - takes a list from standard input."),
    ] = None,
    listed: Annotated[
        str | None,
        typer.Option(
            "--input",
            help="List of pictures instead: one text per line, views separated by |, relative to the list's folder; - "
            "is standard input, relative to the working folder.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Output: .jsonl, .csv, .tsv or .parquet (a folder of parts). Run the same command again to resume."
        ),
    ] = None,
    for_whom: Annotated[
        Literal["excel"] | None,
        typer.Option("--for", help="Write .csv or .tsv for spreadsheets: with a byte-order mark and four digits."),
    ] = None,
    find: Annotated[
        bool | None,
        typer.Option(
            "--find/--no-find",
            help="Find the text of whole photographs and pages first, PDF and HEIC too; or read all as crops.",
            show_default="words searches what is plainly a photograph or a document, if the readings are printed",
        ),
    ] = None,
    form: FormOption = None,
    overlay: Overlay = None,
    searchable: SearchableFile = None,
    side: Side = 960,
    dpi: Dpi = 200,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Part of the work, such as 3/8: the third of eight, written to NAME-3-of-8.",
            show_default="everything; under a launcher the part of the process",
        ),
    ] = None,
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help="Share the work with all processes that are given the same command, on any machines that see the "
            "output, which becomes a folder of parts; they may come and go.",
        ),
    ] = False,
    part_size: Annotated[int, typer.Option(min=1, help="Texts that a process takes at a time with --share.")] = 10_000,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Read again what failed in an earlier run.")
    ] = False,
    views: Annotated[bool, typer.Option("--views", help="All pictures are views of one sign.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, with every character.")
    ] = False,
    attention: Annotated[Path | None, typer.Option(help="Folder for pictures of the attention.")] = None,
    beam: Beam = 1,
    lexicon: LexiconFile = None,
    allow: Allow = None,
    pattern: PatternText = None,
    batch_size: BatchSize = 32,
    workers: Annotated[int, typer.Option(min=1, help="Number of threads that open and decode pictures.")] = 4,
    device: Device = "auto",
    precision: Precision = "fp32",
    backend: Backend = None,
) -> None:
    """Read pictures: print file, text and confidence, separated by tabs, or write them to a file.

    A picture is a crop that the text fills; --find reads whole photographs and pages. Where words prints, it searches
    by itself what is plainly a photograph, a PDF or HEIC, and prints a row for each line; crops are read as they are.

    The exit status is 1 if a picture could not be read; the others are still read.

    Ctrl-C and SIGTERM end a run with --output after the current batch is written, with status 130.
    """
    from crnn_seq2seq_ocr.bulk.listing import Listing, read_listing
    from crnn_seq2seq_ocr.bulk.packed import Pictures
    from crnn_seq2seq_ocr.bulk.results import store_of
    from crnn_seq2seq_ocr.bulk.run import read_into
    from crnn_seq2seq_ocr.bulk.shard import Shard
    from crnn_seq2seq_ocr.data.readable import PICTURE_SUFFIXES
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.pages.documents import DOCUMENT_SUFFIXES
    from crnn_seq2seq_ocr.system.allocator import keep_freed_memory
    from crnn_seq2seq_ocr.system.files import make_folder
    from crnn_seq2seq_ocr.system.outputs import stage

    if find:
        _refuse_crops_options(views=views, attention=attention, share=share)
        failures = read_pages(
            model, images or [], listed=listed, output=output, excel=for_whom is not None,
            form="json" if as_json else form, overlay=overlay, searchable=searchable, side=side, dpi=dpi,
            shard=shard, retry_failed=retry_failed, beam=beam, lexicon=lexicon, allow=allow, pattern=pattern,
            batch_size=batch_size, device=device,
            precision=precision, backend=backend,
        )  # fmt: skip
        if failures:
            raise typer.Exit(1)
        return
    if form is not None or overlay is not None or searchable is not None:
        raise DataError("--format, --overlay and --searchable-pdf are for whole photographs and pages: add --find")
    if for_whom is not None and output is None:
        raise DataError("--for excel is for a table that is written: name an --output that ends in .csv or .tsv")
    printed = views or as_json or attention is not None
    _check(images, listed, output, views=views, printed=printed, retry_failed=retry_failed)
    if share:
        _check_share(output, shard=shard, retry_failed=retry_failed)
    launched = Shard.of_process() if shard is None else None
    part = Shard.parse(shard) if shard is not None else launched or Shard(1, 1)
    # What is wrong with an argument is said before the work; standard input is read as it comes, however long it is.
    listing = read_listing(listed) if listed is not None else None
    printed_elsewhere = output is not None or views or attention is not None
    automatic = find is None and str(model) == "words" and listed is None and not printed_elsewhere and can_search()
    paths = picture_paths(images or [], PICTURE_SUFFIXES | DOCUMENT_SUFFIXES if automatic else None)
    if not automatic:
        _tell_skipped(images or [], model)
    if output is not None:
        store_of(output, excel=for_whom is not None)
        keep_freed_memory()
    drawn = None
    if attention is not None:
        drawn = stage(attention)
        make_folder(drawn)
    reader = load_reader(model, device=device, precision=precision, backend=backend, searching=beam > 1)
    names = read_constraint(reader, lexicon=lexicon, allow=allow, pattern=pattern)
    if output is not None and share:
        from crnn_seq2seq_ocr.bulk.share import share_into

        work_shared = partial(
            share_into, output, (listing or Listing(Pictures(list(paths)))).entries, reader, part_size=part_size,
            batch_size=batch_size, beam=beam, lexicon=names, workers=workers, excel=for_whom is not None,
        )  # fmt: skip
        share_all(work_shared, output)
        return
    if output is not None:
        whole = output if shard is None and launched is None else part.path(output)
        place = stage(whole)
        chosen = (listing or Listing(Pictures(list(paths)))).part(part)
        work = partial(
            read_into, place, chosen, reader, batch_size=batch_size, beam=beam, lexicon=names, workers=workers,
            retry_failed=retry_failed, excel=for_whom is not None,
        )  # fmt: skip
        failures = write_all(work, place, shown=launched is None or launched.number == 1)
        send_output(whole)
    else:
        stream = partial(reader.read_stream, batch_size=batch_size, beam=beam, lexicon=names, workers=workers)
        readings: Iterator[Reading | Page]
        if views:
            readings = stream(part.take([list(paths)]))
        else:
            crops = partial(_read_all, stream=stream)
            chosen = (listing or Listing(Pictures(paths))).part(part)
            pages = _searching(reader, side=side, dpi=dpi, batch_size=batch_size, beam=beam, lexicon=names)
            readings = read_automatically(chosen, crops, pages) if automatic else crops(chosen)
        hinted = _hinting(readings, searched=automatic)
        failures = _print_all(hinted, as_json=as_json, attention=drawn)
        send_output(attention)
    # Where one process of several ends with 1, a launcher ends the others.
    if failures and launched is None:
        raise typer.Exit(1)


def _check_share(output: Path | None, *, shard: str | None, retry_failed: bool) -> None:
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.system.addresses import refuse_remote

    if output is None:
        raise DataError("--share is for readings that are kept: name their --output")
    refuse_remote(output, "what processes share")
    if shard is not None or retry_failed:
        raise DataError(
            "with --share a process takes parts as they come: leave --shard out; to read failed texts again, delete "
            "the parts that hold them, and leave --retry-failed out"
        )


def _refuse_crops_options(*, views: bool, attention: Path | None, share: bool) -> None:
    from crnn_seq2seq_ocr.errors import DataError

    if views or attention is not None:
        raise DataError("--views and --attention are for pictures that were cut out: leave them or --find out")
    if share:
        raise DataError(
            "--share counts texts that are known before, and those of --find are found while it reads: leave one of "
            "them out; with --find, --shard i/n gives each process its part of the photographs and pages"
        )


def _tell_skipped(images: list[str], model: Path) -> None:
    """Name the documents in folders that only --find reads."""
    from crnn_seq2seq_ocr.pages.documents import DOCUMENT_SUFFIXES

    folders = [Path(each) for each in images if Path(each).is_dir()]
    skipped = [str(file) for folder in folders for file in sorted(folder.rglob("*")) if _ends(file, DOCUMENT_SUFFIXES)]
    if skipped:
        shown = ", ".join(skipped[:3]) + (" and others" if len(skipped) > 3 else "")
        echo(
            f"crnn-ocr: left out {len(skipped):,} of PDF or HEIC ({shown}): crnn-ocr read {model} --find reads them, "
            "with pip install 'crnn-seq2seq-ocr[find]'",
            err=True,
        )


def _ends(file: Path, suffixes: "Collection[str]") -> bool:
    return file.suffix.lower() in suffixes


def _searching(
    reader: "Reader", *, side: int, dpi: int, batch_size: int, beam: int, lexicon: "Constraint | None"
) -> "Callable[[Iterable[str]], Iterator[Page]]":
    """Return what finds the text of files; the detector is loaded for the first of them."""
    from functools import cache

    from crnn_seq2seq_ocr.pages.detector import RapidDetector
    from crnn_seq2seq_ocr.pages.reader import PageReader

    load = cache(lambda: PageReader(RapidDetector(side=side), reader, dpi=dpi))
    return lambda names: load().stream(names, batch_size=batch_size, beam=beam, lexicon=lexicon)


def _hinting(readings: "Iterable[Reading | Page]", *, searched: bool) -> "Iterator[Reading | Page]":
    """Yield what was read, and say before the first unsure reading of a whole photograph what to make of it."""
    from crnn_seq2seq_ocr.inference.readings import Reading

    warned = False
    for reading in readings:
        unsure = isinstance(reading, Reading) and reading.error is None and reading.confidence < DOUBTFUL
        if not warned and unsure and is_whole(reading.name):
            warned = True
            said = _SEARCHED if searched else _hint(reading.name)
            echo(f"crnn-ocr: {reading.name} looks like a whole photograph, {said}", err=True)
        yield reading


def _hint(name: str) -> str:
    return (
        "and the model reads pictures that are cut out around a text: "
        f"crnn-ocr read words --find {name} finds the text in it first"
    )


def _check(
    images: list[str] | None, listed: str | None, output: Path | None, *, views: bool, printed: bool, retry_failed: bool
) -> None:
    """Refuse what does not go together."""
    from crnn_seq2seq_ocr.errors import DataError

    if bool(images) == (listed is not None):
        both = ", not both" if images else ""
        raise DataError(f"after the model, name pictures to read, or a list of them with --input{both}")
    if printed and output is not None:
        raise DataError("--views, --json and --attention are for readings that are printed: leave them or --output out")
    if views and listed is not None:
        raise DataError("in a list the views of a sign stand on one line, joined by |: leave --views out")
    if retry_failed and output is None:
        raise DataError("--retry-failed is for readings that are kept: name their --output")


def _read_all(listing: "Iterable[Entry]", stream: "Callable[..., Iterator[Reading]]") -> "Iterator[Reading]":
    """Return the readings of a listing, by the names that it gives them."""
    taken, names = itertools.tee(listing)
    readings = stream(entry.open() for entry in taken)
    return (replace(each, name=entry.name) for each, entry in zip(readings, names, strict=True))


def _print_all(readings: "Iterable[Reading | Page]", *, as_json: bool, attention: Path | None) -> int:
    """Print readings as they come, and draw where the decoder looked; how many failed."""
    from crnn_seq2seq_ocr.inference.readings import Reading

    failures = 0
    for number, reading in enumerate(readings):
        failures += reading.error is not None
        _print_reading(reading, as_json=as_json)
        if attention is not None and isinstance(reading, Reading) and reading.error is None:
            _write_attention(reading, attention, number)
    return failures


def _print_reading(reading: "Reading | Page", *, as_json: bool) -> None:
    from crnn_seq2seq_ocr.inference.readings import Reading

    if as_json:
        echo(to_json(reading.to_dict()))
    elif reading.error is not None:
        echo(f"crnn-ocr: {escaped_line(reading.error)}", err=True)
    elif not isinstance(reading, Reading):
        for line in reading.lines():
            echo(f"{escaped_line(reading.name)}\t{escaped_line(line.text)}\t{line.confidence:.3f}")
    else:
        cut = "" if reading.complete else "\t(cut at the model's longest text)"
        name, text = escaped_line(reading.name), escaped_line(reading.text)
        echo(f"{name}\t{text}\t{reading.confidence:.3f}{cut}")


def _write_attention(reading: "Reading", folder: Path, number: int) -> None:
    from crnn_seq2seq_ocr.report.attention import write_attention
    from crnn_seq2seq_ocr.system.files import short_name

    stem = short_name(Path(reading.name).stem) or "picture"
    write_attention(reading, folder / f"{number:05d}-{stem}.png")
