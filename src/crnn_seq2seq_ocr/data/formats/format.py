"""What each format of labelled pictures says of itself; the modules beside this one define one `Format` each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crnn_seq2seq_ocr.data.sample import Source

Options = dict[str, str]
"""What stands after the ``?`` of a spec, without what every source knows."""


@dataclass(frozen=True)
class Format:
    """How files of one format are known and opened.

    Attributes:
        name: What it is, in the plural where there may be several.
        accepted: What a user can name, for messages.
        marks: Whether a file of this name shows that its folder is of this format.
        reads: Whether a file is of this format; its name may say so, or its first bytes.
        open: The source of a folder, a file, or several files where ``shard`` allows them.
        options: The names of its options, besides those of every source.
        columns: Whether any other option chooses samples by a column of that name.
        yields: Whether a folder is of this format only where its files show no other.
        shard: What one of several files that are opened together is called; None where only one can be opened.
    """

    name: str
    accepted: str
    marks: Callable[[str], bool]
    reads: Callable[[Path], bool]
    open: Callable[[list[Path], Options], Source]
    options: tuple[str, ...] = ()
    columns: bool = False
    shard: str | None = None
    yields: bool = False
