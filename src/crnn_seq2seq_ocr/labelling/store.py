"""The labels of a folder of pictures as files: what each picture says, and which cannot be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from crnn_seq2seq_ocr.data.formats.folder import LISTS
from crnn_seq2seq_ocr.data.formats.labels import BETWEEN_VIEWS, decode
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.text import normalize

LABELS = "labels.tsv"
UNREADABLE = "unreadable.tsv"
"""Pictures that a person gave up on; they are no samples."""


class Label(NamedTuple):
    """What a person says of a picture: its text, None where nobody can read it, and the person's name."""

    text: str | None
    by: str


class LabelStore:
    """Labels by file, written whole to ``labels.tsv`` and ``unreadable.tsv`` after every change.

    Both files are tab-separated, UTF-8, with a header (``file``, ``text``, ``by``), and are samples as they are for
    `crnn-ocr train`. A column ``by`` that is missing is read as nobody.

    Args:
        folder: Where the pictures are; files are named from there.

    Raises:
        DataError: A list of another kind is in the folder, or a line of ours is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        others = [name for name in LISTS if name != LABELS and (folder / name).is_file()]
        if others:
            raise DataError(
                f"{folder / others[0]} lists the pictures already: crnn-ocr data convert {folder} OUT --to folder "
                f"makes a folder with {LABELS}, which can be gone on with"
            )
        self.labels = self._read()

    def set(self, file: str, label: Label | None) -> None:
        """Keep what is said of a file, or forget it (None); on disk when this returns.

        Raises:
            DataError: The text cannot be written in one line.
            StorageError: The file cannot be written; nothing has changed then.
        """
        if label is not None and label.text is not None:
            label = label._replace(text=checked_text(label.text))
        changed = {name: each for name, each in self.labels.items() if name != file}
        if label is not None:
            changed[file] = label
        unreadable = any(each is not None and each.text is None for each in (label, self.labels.get(file)))
        self._replace(changed, unreadable=unreadable)

    def add_texts(self, labels: Mapping[str, Label]) -> None:
        """Keep checked texts of many files, written once.

        Raises:
            StorageError: The file cannot be written; nothing has changed then.
        """
        unreadable = any(each.text is None for each in (self.labels.get(file) for file in labels) if each is not None)
        self._replace({**self.labels, **labels}, unreadable=unreadable)

    def _replace(self, labels: dict[str, Label], *, unreadable: bool) -> None:
        before, self.labels = self.labels, labels
        try:
            self._write(unreadable=unreadable)
        except BaseException:
            self.labels = before
            raise

    def _read(self) -> dict[str, Label]:
        found: dict[str, Label] = {}
        for name, cells in _rows(self.folder / LABELS, ("file", "text")):
            found[name] = Label(normalize(cells["text"]), cells.get("by", ""))
        for name, cells in _rows(self.folder / UNREADABLE, ("file",)):
            found.setdefault(name, Label(None, cells.get("by", "")))
        return found

    def _write(self, *, unreadable: bool) -> None:
        lines = [f"{file}\t{text}\t{by}" for file, (text, by) in self.labels.items() if text is not None]
        write_whole(self.folder / LABELS, "\n".join(["file\ttext\tby", *lines]) + "\n")
        if unreadable:
            lines = [f"{file}\t{by}" for file, (text, by) in self.labels.items() if text is None]
            write_whole(self.folder / UNREADABLE, "\n".join(["file\tby", *lines]) + "\n")


def checked_text(text: str) -> str:
    """Normalise the text to NFC, without spaces at its ends.

    Raises:
        DataError: It is empty, or holds a tab, a line end or half a character.
    """
    text = normalize(text.strip())
    if not text:
        raise DataError("the text is empty: type what the picture says, or mark it as unreadable")
    if any(ord(each) < 32 or 0xD800 <= ord(each) < 0xE000 for each in text):
        raise DataError("the text holds a tab, a line end or another control character: leave it out")
    return text


def is_listable(file: str) -> bool:
    """Whether a list can hold a file of this name."""
    return not any(each in file for each in ("\t", "\n", "\r", BETWEEN_VIEWS)) and file.isprintable()


def _rows(path: Path, needed: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    if not path.is_file():
        return []
    lines = [line.removesuffix("\r").split("\t") for line in decode(path).split("\n") if line.strip()]
    header = lines[0] if lines else []
    if not set(needed) <= set(header):
        raise DataError(f"{path} has no header with {' and '.join(needed)}: add one, or move the file away")
    wrong = next((number for number, cells in enumerate(lines, 1) if len(cells) != len(header)), None)
    if wrong is not None:
        raise DataError(f"{path}: row {wrong} has {len(lines[wrong - 1])} cells where the header has {len(header)}")
    rows = [dict(zip(header, cells, strict=True)) for cells in lines[1:]]
    return [(row["file"], row) for row in rows]
