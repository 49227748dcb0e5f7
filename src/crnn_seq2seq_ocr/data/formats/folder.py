"""Own pictures and texts in a folder, as a source: a list of labels, or a text file beside each picture."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.data.combined import within
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.formats.label_columns import Label, Labels, LabelsBuilder
from crnn_seq2seq_ocr.data.formats.label_rows import PICTURES
from crnn_seq2seq_ocr.data.formats.labels import SUFFIXES, decode, read_labels
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.system.addresses import is_remote
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.system.objects import read_object
from crnn_seq2seq_ocr.text import normalize

LISTS = (*(f"labels{suffix}" for suffix in SUFFIXES), "metadata.jsonl", "metadata.csv", "gt.txt", "rec_gt.txt")
"""Names by which a list is found in a folder; any other one has to be named itself."""

PAIR = ".gt.txt"

LAYOUTS = f"{', '.join(LISTS[:-1])} or {LISTS[-1]} (columns file and text), or pairs such as x.png and x{PAIR}"


class Folder:
    """Pictures with their texts, listed in a file or paired by name.

    * a list (`LISTS`, or any file of these kinds): columns ``file`` (or ``path``, ``image``, ...) and ``text``
      (or ``label``, ...), others are left alone; without a header line the first column is the file, the second
      the text; JSON lines, or one JSON object of texts by file.
      Files are relative to the list, or addresses in an object store. Several views of one text are joined by ``|``
      (a list in JSON); a column ``views`` says how many views of a strip are real.
    * pairs ``x.png`` and ``x.gt.txt``, in order of their names.

    Texts are UTF-8 and come in NFC, otherwise as they stand: spaces, case and accents count.

    Pickles by its path and choices; each process reads the list for itself.

    Args:
        path: The folder, or a list.
        file_column: The column of the files where it is not one of the usual names.
        text_column: The column of the texts where it is not one of the usual names.
        only: Take only the rows that hold these values, by column.

    Raises:
        DataError: There is nothing to read, lines are wrong (the first are listed) or a list is not UTF-8.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        file_column: str | None = None,
        text_column: str | None = None,
        only: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self._list = find_list(self.path)
        self._file_column = file_column
        self._text_column = text_column
        self._only = dict(only or {})
        if self._list is None and (file_column or text_column or only):
            raise DataError(f"{self.path} holds pairs, which have no columns to choose from")
        self._rows: Labels | None = self._read()
        self._count = len(self._rows)
        self._notes = f" ({', '.join(self._rows.notes)})" if self._rows.notes else ""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rows": None}

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        if self._list is None:
            return f"pairs of picture and text in {self.path}: {len(self):,} samples"
        only = "".join(f" with {column} {value!r}" for column, value in self._only.items())
        return f"pictures listed in {self._list}{self._notes}{only}: {len(self):,} samples"

    @property
    def faults(self) -> list[str]:
        """Nothing: a list with a wrong line does not open."""
        return []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Sample:
        """Return a sample, its pictures read.

        Raises:
            DataError: A picture is missing or cannot be read.
        """
        rows = self._labels(index)
        label = rows[index]
        images = tuple(self._picture(label, file) for file in label.files)
        views = label.views or (len(images) if len(images) > 1 else None)
        return Sample(rows.name(index), images, self.text(index), views)

    def text(self, index: int) -> str:
        """Return the text of a sample, without reading its pictures.

        Raises:
            DataError: The text file of a pair cannot be read.
        """
        rows = self._labels(index)
        if self._list:
            return rows.text(index)
        return _pair_text(self.path / f"{Path(rows.files(index)[0]).stem}{PAIR}")

    def unlisted(self) -> list[str]:
        """Pictures in the folder of the list that none of its rows names, in order; of pairs, those without a text."""
        folder = self._list.parent if self._list else self.path
        # All rows count, also those that are not chosen.
        rows = self._read(only={})
        named = {os.path.normpath(file) for index in range(len(rows)) for file in rows.files(index)}
        named |= {os.path.relpath(file, folder) for file in named if os.path.isabs(file)}
        inside = folder.rglob("*") if self._list else folder.iterdir()
        found = (str(path.relative_to(folder)) for path in inside if path.suffix.lower() in PICTURES)
        return sorted(file for file in found if file not in named)

    def _labels(self, index: int) -> Labels:
        """All rows, among which there is one of this index."""
        within(index, len(self))
        if self._rows is None:
            self._rows = self._read()
        if len(self._rows) != len(self):
            raise DataError(f"{self._list or self.path} has changed since it was opened: start again")
        return self._rows

    def _read(self, only: Mapping[str, str] | None = None) -> Labels:
        if self._list is None:
            return _pairs(self.path)
        chosen = self._only if only is None else only
        return read_labels(self._list, file_column=self._file_column, text_column=self._text_column, only=chosen)

    def _picture(self, label: Label, file: str) -> bytes:
        listed = f", listed in {self._list}:{label.line}" if self._list else ""
        if is_remote(file):
            try:
                return read_object(file, keep=True)
            except StorageError as error:
                raise DataError(f"cannot read the picture{listed}: {error}") from None
        place = (self._list.parent if self._list else self.path) / file
        try:
            return read_ordinary(place)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"cannot read the picture {place}{listed}: {reason}{nearby(place)}") from None


def _open(paths: list[Path], options: Options) -> Folder:
    only = {column: value for column, value in options.items() if column not in ("file", "text")}
    return Folder(paths[0], file_column=options.get("file"), text_column=options.get("text"), only=only)


FORMAT = Format(
    name="pictures with texts",
    accepted=f"a list ({', '.join(SUFFIXES)}), a folder with {', '.join(LISTS)} or with pairs x.png + x{PAIR}",
    marks=lambda name: name in LISTS or name.endswith(PAIR),
    reads=lambda path: path.suffix.lower() in SUFFIXES and not path.name.endswith(PAIR),
    open=_open,
    options=("file", "text"),
    columns=True,
)


def find_list(path: Path) -> Path | None:
    """Find the list of a folder, or the path itself where it is a list; None for a folder of pairs.

    Raises:
        DataError: There is neither, or several lists.
    """
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise DataError(f"{path} is not a list of pictures: its name must end in {', '.join(SUFFIXES)}")
        return path
    if not path.is_dir():
        raise DataError(f"there is no folder or list {path}")
    lists = [path / name for name in LISTS if (path / name).is_file()]
    if len(lists) > 1:
        names = ", ".join(found.name for found in lists)
        raise DataError(f"{path} holds several lists ({names}): name the one to read, as in '{lists[0]}'")
    if not lists and next(path.glob(f"*{PAIR}"), None) is None:
        raise DataError(f"{path} holds no pictures with texts: there must be {LAYOUTS}")
    return lists[0] if lists else None


def nearby(place: Path) -> str:
    """Where a picture may be that is not where a list says, for a message; empty if that is not to be seen."""
    slashed = Path(str(place).replace("\\", "/"))
    other = _in_other_capitals(slashed)
    if other is None:
        return ""
    if other == slashed:
        return "; it is there with / in place of \\: write the list with /" if slashed != place else ""
    shared = os.path.commonpath((other, place))
    return f"; there is {os.path.relpath(other, shared)}, and small letters are not capitals here: correct the list"


def _in_other_capitals(place: Path) -> Path | None:
    """Return the file or folder of this path in the usual spellings of each name in it; None where there is none.

    Folders are not listed, for they may hold millions of files.
    """
    try:
        if place.exists():
            return place
        parent = _in_other_capitals(place.parent) if place.parent != place else None
        name, stem, suffix = place.name, place.stem, place.suffix
        spellings = (name, name.lower(), name.upper(), stem + suffix.lower(), stem + suffix.upper(), name.capitalize())
        return next((parent / each for each in spellings if (parent / each).exists()), None) if parent else None
    except (OSError, ValueError):
        return None


def _pairs(folder: Path) -> Labels:
    """Pairs by name; a text whose picture is missing is listed too, so that reading it says so."""
    names = {path.name for path in folder.iterdir()}
    labels = LabelsBuilder()
    for text_name in sorted(name for name in names if name.endswith(PAIR)):
        stem = text_name.removesuffix(PAIR)
        suffixes = (*PICTURES, *map(str.upper, PICTURES))
        found = [stem + suffix for suffix in suffixes if stem + suffix in names]
        if len(found) > 1:
            raise DataError(f"{folder / text_name} belongs to {' and '.join(found)}: keep one of them")
        labels.add(Label((found[0] if found else stem + PICTURES[0],), "", 1))
    return labels.build([])


def _pair_text(place: Path) -> str:
    content = decode(place).removesuffix("\n").removesuffix("\r")
    if "\n" in content:
        raise DataError(f"{place} holds {content.count(chr(10)) + 1} lines: there must be one")
    return normalize(content)
