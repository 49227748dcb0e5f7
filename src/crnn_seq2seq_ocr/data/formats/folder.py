"""Own pictures and texts in a folder, as a source: a list of labels, or a text file beside each picture."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.data.combined import within
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.formats.labels import SUFFIXES, Label, decode, read_labels
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import normalize

LISTS = tuple(f"labels{suffix}" for suffix in SUFFIXES)
PAIR = ".gt.txt"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

LAYOUTS = f"{', '.join(LISTS[:-1])} or {LISTS[-1]} (columns file and text), or pairs such as x.png and x{PAIR}"


class Folder:
    """Pictures with their texts, listed in a file or paired by name.

    * ``labels.tsv`` (tabs, no quoting), ``labels.csv`` or ``labels.jsonl``, or any file of one of
      these kinds: columns ``file`` (or ``path``, ``image``, ...) and ``text`` (or ``label``, ...),
      others are left alone; without a header line the first column is the file, the second the text.
      Files are relative to the list. Several views of one text are joined by ``|`` (a list in JSON);
      a column ``views`` says how many views of a strip are real.
    * pairs ``x.png`` and ``x.gt.txt``, in order of their names.

    Texts are UTF-8 and come in NFC, otherwise as they stand: spaces, case and accents count.

    Pickles by its path and choices; each process reads the list for itself.

    Args:
        path: The folder, or a list.
        text_column: The column of the texts where it is not one of the usual names.
        only: Take only the rows that hold these values, by column.

    Raises:
        DataError: There is nothing to read, lines are wrong (the first are listed) or a list is not UTF-8.
    """

    def __init__(
        self, path: str | Path, *, text_column: str | None = None, only: Mapping[str, str] | None = None
    ) -> None:
        self.path = Path(path)
        self._list = find_list(self.path)
        self._text_column = text_column
        self._only = dict(only or {})
        if self._list is None and (text_column or only):
            raise DataError(f"{self.path} holds pairs, which have no columns to choose from")
        self._rows: list[tuple[Label, str]] | None = self._read()
        self._count = len(self._rows)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rows": None}

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        if self._list is None:
            return f"pairs of picture and text in {self.path}: {len(self):,} samples"
        only = "".join(f" with {column} {value!r}" for column, value in self._only.items())
        return f"pictures listed in {self._list}{only}: {len(self):,} samples"

    @property
    def faults(self) -> list[str]:
        """Nothing: a list with a wrong line does not open."""
        return []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Sample:
        """A sample, its pictures read.

        Raises:
            DataError: A picture is missing or cannot be read.
        """
        label, name = self._row(index)
        images = tuple(self._picture(label, file) for file in label.files)
        return Sample(name, images, self.text(index), label.views or (len(images) if len(images) > 1 else None))

    def text(self, index: int) -> str:
        """The text of a sample, without reading its pictures.

        Raises:
            DataError: The text file of a pair cannot be read.
        """
        label, _ = self._row(index)
        return label.text if self._list else _pair_text(self.path / f"{Path(label.files[0]).stem}{PAIR}")

    def _row(self, index: int) -> tuple[Label, str]:
        within(index, len(self))
        if self._rows is None:
            self._rows = self._read()
        if len(self._rows) != len(self):
            raise DataError(f"{self._list or self.path} has changed since it was opened: start again")
        return self._rows[index]

    def _read(self) -> list[tuple[Label, str]]:
        """Labels, each with a name of its own: its first file, and the line where a file is listed again."""
        if self._list is None:
            labels = _pairs(self.path)
        else:
            labels = read_labels(self._list, text_column=self._text_column, only=self._only)
        seen: Counter[str] = Counter()
        rows = []
        for label in labels:
            name = label.files[0]
            rows.append((label, f"{name}:{label.line}" if seen[name] else name))
            seen[name] += 1
        return rows

    def _picture(self, label: Label, file: str) -> bytes:
        place = (self._list.parent if self._list else self.path) / file
        try:
            return place.read_bytes()
        except (OSError, ValueError) as error:
            listed = f", listed in {self._list}:{label.line}" if self._list else ""
            raise DataError(
                f"cannot read the picture {place}{listed}: {getattr(error, 'strerror', None) or error}"
            ) from None


def _open(paths: list[Path], options: Options) -> Folder:
    only = {column: value for column, value in options.items() if column != "text"}
    return Folder(paths[0], text_column=options.get("text"), only=only)


FORMAT = Format(
    name="pictures with texts",
    accepted=f"a folder with {', '.join(LISTS)} or with pairs x.png + x{PAIR}",
    marks=lambda name: name in LISTS or name.endswith(PAIR),
    reads=lambda path: path.suffix.lower() in SUFFIXES,
    open=_open,
    options=("text",),
    columns=True,
)


def find_list(path: Path) -> Path | None:
    """The list of a folder, or the path itself where it is a list; None for a folder of pairs.

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


def _pairs(folder: Path) -> list[Label]:
    """Pairs by name; a text whose picture is missing is listed too, so that reading it says so."""
    names = {path.name for path in folder.iterdir()}
    labels = []
    for text_name in sorted(name for name in names if name.endswith(PAIR)):
        stem = text_name.removesuffix(PAIR)
        suffixes = (*PICTURES, *map(str.upper, PICTURES))
        found = [stem + suffix for suffix in suffixes if stem + suffix in names]
        if len(found) > 1:
            raise DataError(f"{folder / text_name} belongs to {' and '.join(found)}: keep one of them")
        labels.append(Label((found[0] if found else stem + PICTURES[0],), "", 1))
    return labels


def _pair_text(place: Path) -> str:
    content = decode(place).removesuffix("\n").removesuffix("\r")
    if "\n" in content:
        raise DataError(f"{place} holds {content.count(chr(10)) + 1} lines: there must be one")
    return normalize(content)
