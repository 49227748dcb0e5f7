"""Whole pages read into a file: JSON lines of a page each, or tables of a row for each line of text."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crnn_seq2seq_ocr.bulk.lines import Csv, JsonLines, Lines, Row
from crnn_seq2seq_ocr.bulk.listing import Listing
from crnn_seq2seq_ocr.bulk.marks import Marks
from crnn_seq2seq_ocr.bulk.parquet_store import ParquetStore
from crnn_seq2seq_ocr.bulk.results import DELIMITERS, Store, open_results, unknown_output
from crnn_seq2seq_ocr.bulk.run import ReadingProgress, keep, made_by, until
from crnn_seq2seq_ocr.bulk.table import as_text, import_pyarrow
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import SignReader
from crnn_seq2seq_ocr.system.signals import stop_requests

if TYPE_CHECKING:
    import pyarrow

COLUMNS = ("name", "line", "lines", "text", "confidence", "left", "top", "right", "bottom", "error")
"""Of a table: a page without text, and one that could not be read, has one row, with line 0 of 0."""


class PageCsv(Csv):
    """A row for each line of a page; see `Csv` and `COLUMNS`."""

    def __init__(self, delimiter: str = ",", *, excel: bool = False) -> None:
        super().__init__(delimiter, COLUMNS, excel=excel)

    def encode(self, reading: dict[str, Any]) -> bytes:
        """Return the rows of what `Page.to_dict` gives."""
        return b"".join(self.row([row.get(column, "") for column in COLUMNS]) for row in rows_of(reading))

    def decode(self, line: str) -> Row:
        """See `Form`."""
        cells = self.cells(line, len(COLUMNS))
        return Row(cells[0], bool(cells[-1]), last=int(cells[1]) == int(cells[2]))


def rows_of(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the lines of what `Page.to_dict` gives, as rows of `COLUMNS`; boxes are upright, in pixels."""
    lines = [line for block in page.get("blocks", ()) for line in block["lines"]]
    if not lines:
        outcome = {"error": page["error"]} if "error" in page else {"text": ""}
        yield {"name": page["name"], "line": 0, "lines": 0, **outcome}
    for number, line in enumerate(lines, 1):
        across, down = zip(*line["quadrilateral"], strict=True)
        yield {
            "name": page["name"],
            "line": number,
            "lines": len(lines),
            "text": line["text"],
            "confidence": line["confidence"],
            "left": round(min(across)),
            "top": round(min(down)),
            "right": round(max(across)),
            "bottom": round(max(down)),
        }


def to_page_table(pages: Sequence[dict[str, Any]]) -> "pyarrow.Table":
    """Return what `Page.to_dict` gives, as a table of `COLUMNS`.

    Raises:
        DependencyError: PyArrow is not installed.
    """
    arrow = import_pyarrow()
    kinds = dict.fromkeys(("line", "lines", "left", "top", "right", "bottom"), arrow.int32())
    kinds["confidence"] = arrow.float32()
    schema = arrow.schema([(column, kinds.get(column, arrow.string())) for column in COLUMNS])
    return arrow.Table.from_pylist([as_text(row) for page in pages for row in rows_of(page)], schema)


def page_store_of(path: Path, *, excel: bool = False) -> Store:
    """Return the store that the end of a name means; see `results.store_of`.

    Raises:
        DataError: It means none.
        DependencyError: PyArrow is not installed.
    """
    match path.suffix:
        case ".csv" | ".tsv":
            return Lines(path, PageCsv(DELIMITERS[path.suffix], excel=excel))
        case ".jsonl" if not excel:
            return Lines(path, JsonLines())
        case ".parquet" if not excel:
            return ParquetStore(path, to_page_table)
    raise unknown_output(path, excel=excel)


def read_pages_into(
    path: Path,
    listing: Listing,
    pages: PageReader | SignReader,
    *,
    store: Store,
    batch_size: int = 32,
    beam: int = 1,
    lexicon: Constraint | None = None,
    retry_failed: bool = False,
    made_with: dict[str, Any],
    progress: Callable[[ReadingProgress], None] | None = None,
) -> ReadingProgress:
    """Read the pages that a file does not hold yet, and add them there, in order; see `run.read_into`.

    Args:
        path: The file.
        listing: The names of pages, as `documents.page_names` gives them.
        pages: The detector and the model.
        store: Of the file, see `page_store_of`.
        batch_size: Crops read together.
        beam: Width of the search.
        lexicon: The only allowed texts of a line.
        retry_failed: Read again what could not be read.
        made_with: What else must be the same for all pages of a file.
        progress: Told how far it has come, after each page.

    Raises:
        DataError: The file is of another listing, model or search, damaged, or being written to.
        StorageError: It cannot be written, or the disk is full.
    """
    made = made_by(pages.reader, beam, lexicon) | made_with
    with open_results(path, made, retry_failed=retry_failed, store=store) as results:
        marks = Marks(listing, results.names(), path)
        so_far = ReadingProgress(marks.total, marks.done, 0, results.failed)
        with stop_requests() as stop:
            names = until(stop, (entry.name for entry in marks.pending()))
            found = pages.stream(names, batch_size=batch_size, beam=beam, lexicon=lexicon)
            return keep((page.to_dict() for page in found), results, so_far, progress)
