"""Tables of the models that come with the package: size, what for, results."""

from pathlib import Path
from typing import TYPE_CHECKING

from crnn_seq2seq_ocr.checkpoint.folders import count_parameters, load_description
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.text import UNASSIGNED

if TYPE_CHECKING:
    from rich.table import Table


def model_tables() -> "list[Table]":
    """Return a table for each model that comes with the package, in the order of their names."""
    return [_table(name, folder) for name, folder in pretrained_models().items()]


def _table(name: str, folder: Path) -> "Table":
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    description = load_description(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    title = f"{name} ({size / 1e6:.1f} MB): {escape(description.about)}\n{_facts(description, folder)}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True)
    table.add_column("read", overflow="fold")
    for column in ("samples", "strict", "folded", "CER ↓"):
        table.add_column(column, justify="right")
    for each in description.results:
        shares = (f"{share:.1%}" for share in (each.sequence_accuracy, each.folded_accuracy, each.cer))
        table.add_row(escape(each.data), f"{each.samples:,}", *shares)
    return table


def _facts(description: Description, folder: Path) -> str:
    characters = len(description.charset.replace(UNASSIGNED, ""))
    views = description.preprocessing.views
    return (
        f"{f'1 to {views} views' if views > 1 else '1 view'}, {characters} characters, "
        f"texts of up to {description.max_length}, {count_parameters(folder) / 1e6:.2f} million parameters"
    )
