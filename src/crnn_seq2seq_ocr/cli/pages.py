"""Reading whole photographs and pages on the command line: to the screen, into a table, or as a file for each page."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.arguments import picture_paths
from crnn_seq2seq_ocr.cli.model import load_reader, read_constraint
from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.printing import echo
from crnn_seq2seq_ocr.cli.progress import write_all
from crnn_seq2seq_ocr.system.terminal import escaped, escaped_json, escaped_line, escaped_xml

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.pages.values import Page

Form = Literal["text", "json", "hocr", "alto", "page"]
FormOption = Annotated[
    Form | None,
    typer.Option(
        "--format",
        help="Format of pages; with --output FOLDER, one file per page. page is PAGE XML.",
        show_default="text",
    ),
]
Overlay = Annotated[Path | None, typer.Option(help="Folder for pictures with the found boxes and texts drawn in.")]
SearchableFile = Annotated[
    Path | None,
    typer.Option("--searchable-pdf", help="Write a PDF of all pages in which the text can be searched and copied."),
]
Side = Annotated[
    int,
    typer.Option(min=32, max=8192, help="Length of the longer side in pixels for detection; more finds smaller text."),
]
Dpi = Annotated[int, typer.Option(min=20, max=1200, help="Resolution at which pages of a PDF are rendered.")]


def read_pages(
    model: Path,
    images: list[str],
    *,
    listed: str | None,
    output: Path | None,
    excel: bool,
    form: Form | None,
    overlay: Path | None,
    searchable: Path | None,
    side: int,
    dpi: int,
    shard: str | None,
    retry_failed: bool,
    beam: int,
    lexicon: Path | None,
    allow: str | None,
    pattern: str | None,
    batch_size: int,
    device: str,
    precision: Literal["fp32", "bf16"],
    backend: Literal["onnx", "torch"] | None,
) -> int:
    """Read pages to where they are wanted; how many could not be read."""
    from crnn_seq2seq_ocr.bulk.listing import Listing, Names
    from crnn_seq2seq_ocr.bulk.pages import page_store_of, read_pages_into
    from crnn_seq2seq_ocr.bulk.shard import Shard
    from crnn_seq2seq_ocr.pages.detector import RapidDetector
    from crnn_seq2seq_ocr.pages.searchable import SearchablePdf
    from crnn_seq2seq_ocr.pages.signs import page_reader
    from crnn_seq2seq_ocr.system.files import make_folder
    from crnn_seq2seq_ocr.system.outputs import stage

    table = output is not None and form is None
    drawn = overlay is not None or searchable is not None
    _check(images, listed, output, excel=excel, table=table, drawn=drawn, shard=shard, retry_failed=retry_failed)
    if table and output is not None:
        page_store_of(output, excel=excel)
    names = list(page_names_of(images, listed))
    part = Shard.parse(shard) if shard is not None else Shard(1, 1)
    wanted = output if output is None or shard is None else part.path(output)
    sent = (wanted, overlay, searchable)
    place, overlay, searchable = (None if each is None else stage(each) for each in sent)
    for folder in filter(None, (overlay, None if table else place)):
        make_folder(folder)
    reader = load_reader(model, device=device, precision=precision, backend=backend, searching=beam > 1)
    allowed = read_constraint(reader, lexicon=lexicon, allow=allow, pattern=pattern)
    pages = page_reader(RapidDetector(side=side), reader, dpi=dpi)
    if table and place is not None:
        work = partial(
            read_pages_into, place, Listing(Names(names)).part(part), pages, store=page_store_of(place, excel=excel),
            batch_size=batch_size, beam=beam, lexicon=allowed, retry_failed=retry_failed,
            made_with={"find": "rapidocr", "side": side, "dpi": dpi},
        )  # fmt: skip
        failures = write_all(work, place, shown=True, what="pages")
        send_output(*sent)
        return failures
    _refuse_mixed(form, output, len(names))
    document = SearchablePdf(dpi=dpi) if searchable is not None else None
    failures = 0
    for number, page in enumerate(pages.stream(names, batch_size=batch_size, beam=beam, lexicon=allowed)):
        if page.error is not None:
            failures += 1
            echo(f"crnn-ocr: {page.error}", err=True)
            continue
        _hand_out(page, form or "text", place, number, several=len(names) > 1)
        if overlay is not None:
            _write_overlay(page, overlay, number, dpi=dpi)
        if document is not None:
            document.add(page)
    if document is not None and searchable is not None and failures < len(names):
        document.save(searchable)
    send_output(*sent)
    return failures


def _check(
    images: list[str],
    listed: str | None,
    output: Path | None,
    *,
    excel: bool,
    table: bool,
    drawn: bool,
    shard: str | None,
    retry_failed: bool,
) -> None:
    """Refuse what does not go together."""
    from crnn_seq2seq_ocr.errors import DataError

    if bool(images) == (listed is not None):
        both = ", not both" if images else ""
        raise DataError(f"after the model, name photographs or documents, or a list of them with --input{both}")
    if table and drawn:
        raise DataError(
            "--overlay and --searchable-pdf are for what is printed or written as files: leave them or the table of "
            "--output out"
        )
    if not table and (excel or shard is not None or retry_failed):
        raise DataError(
            "--for excel, --shard and --retry-failed are for tables: name an --output that ends in .csv, .tsv, .jsonl "
            "or .parquet, without --format"
        )
    if output is not None and not table and output.suffix in {".csv", ".tsv", ".jsonl", ".parquet"}:
        raise DataError(f"--format writes a file for each page: name a folder with --output, not {output}")


def _refuse_mixed(form: Form | None, output: Path | None, count: int) -> None:
    from crnn_seq2seq_ocr.errors import DataError

    if form in {"hocr", "alto", "page"} and output is None and count > 1:
        raise DataError(f"{count:,} pages of XML are no file together: name a folder for them with --output")


def page_names_of(images: list[str], listed: str | None) -> Iterator[str]:
    """Yield the names of all pages; a file that cannot be opened stays in the list, and fails on its own."""
    from crnn_seq2seq_ocr.bulk.listing import listed_files
    from crnn_seq2seq_ocr.data.readable import PICTURE_SUFFIXES
    from crnn_seq2seq_ocr.errors import DataError
    from crnn_seq2seq_ocr.pages.documents import DOCUMENT_SUFFIXES, page_names

    paths = picture_paths(images, PICTURE_SUFFIXES | DOCUMENT_SUFFIXES) if listed is None else listed_files(listed)
    for path in paths:
        try:
            yield from page_names(path)
        except DataError:
            yield path


def _hand_out(page: "Page", form: Form, output: Path | None, number: int, *, several: bool) -> None:
    """Print a page, under its name where there are several, or write its file."""
    from crnn_seq2seq_ocr.pages.formats import FORMS
    from crnn_seq2seq_ocr.system.files import write_whole

    suffix, write = FORMS[form]
    text = write(page)
    if output is not None:
        write_whole(output / f"{_stem(page, number)}{suffix}", text)
        return
    if form == "text" and several:
        echo(f"{'' if number == 0 else chr(10)}# {escaped_line(page.name)}")
    escape = escaped if form == "text" else escaped_json if form == "json" else escaped_xml
    echo(escape(text), nl=False)


def _stem(page: "Page", number: int) -> str:
    """Return a file name for a page: of two folders, two photographs may have the same."""
    from crnn_seq2seq_ocr.system.files import short_name

    return f"{number + 1:05d}-{short_name(Path(page.name).name.replace('#page=', '-page-'))}"


def _write_overlay(page: "Page", folder: Path, number: int, *, dpi: int) -> None:
    from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture
    from crnn_seq2seq_ocr.pages.documents import open_page
    from crnn_seq2seq_ocr.pages.overlay import draw_overlay

    pixels = decode_picture(open_page(page.name, dpi=dpi).images[0], name=page.name)
    (folder / f"{_stem(page, number)}.jpg").write_bytes(
        encode_picture(draw_overlay(pixels, page), format="jpg", quality=85)
    )
