"""WebDataset: tar files in which the members of one sample follow each other, ``x.jpg`` and ``x.txt`` or ``x.json``.

What is before the first dot of a member's name is its sample, the rest says what it is. Several pictures of one
text are ``x.0.jpg``, ``x.1.jpg``. An index of each tar is built once and kept (`data.index_cache`), so that any
sample can be read without the ones before it.
"""

import functools
import io
import tarfile
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from crnn_seq2seq_ocr.data.combined import locate
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.index_cache import Arrays, cached_index
from crnn_seq2seq_ocr.data.mapped import MappedFile
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.strings import Builder, Strings
from crnn_seq2seq_ocr.errors import DataError, RecordError
from crnn_seq2seq_ocr.system.files import replacing
from crnn_seq2seq_ocr.system.parsing import parse_json
from crnn_seq2seq_ocr.text import normalize

SUFFIX = ".tar"
PICTURES = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif")
TEXTS = ("txt", "json")
TEXT_FIELDS = ("text", "label", "transcription", "caption")

OPEN_TARS = 64


class WebDataset:
    """Samples of tar files, one file after the other, in the order in which they stand.

    Pickles by its paths; files are mapped when first needed, in each process for itself.

    Args:
        paths: The tar files, in order.
        text: The field of the text in ``.json`` members; else the first usual one.
        labelled: Whether there must be texts; without, they are empty.

    Raises:
        DataError: There are no samples, or a file is no tar file.
    """

    def __init__(self, paths: list[Path], *, text: str | None = None, labelled: bool = True) -> None:
        self.paths = paths
        self._labelled = labelled
        self._field = text
        self._ends = np.cumsum([len(_index(path)["ends"]) for path in paths], dtype=np.int64)
        if not len(self):
            raise DataError(f"{paths[0]} holds no samples: there must be members such as x.jpg and x.txt")
        self._opened = functools.lru_cache(OPEN_TARS)(_Tar)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_opened"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._opened = functools.lru_cache(OPEN_TARS)(_Tar)

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"WebDataset {self.paths[0]}{more}: {len(self):,} samples"

    @property
    def faults(self) -> list[str]:
        """Nothing: a file that breaks off does not open."""
        return []

    @property
    def shard_ends(self) -> np.ndarray:
        """(S,) where each file ends among all samples."""
        return self._ends

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Sample:
        """Read a sample.

        Raises:
            RecordError: It has no picture, or no text.
        """
        number, row = locate(self._ends, index)
        tar = self._opened(self.paths[number])
        pictures = tar.pictures(row)
        if not pictures:
            raise RecordError(f"{tar.name(row)}: the sample has no picture ({', '.join(PICTURES)})")
        return Sample(tar.name(row), pictures, self.text(index), len(pictures) if len(pictures) > 1 else None)

    def name(self, index: int) -> str:
        """Return the name of a sample, without reading anything of it."""
        number, row = locate(self._ends, index)
        return self._opened(self.paths[number]).name(row)

    def text(self, index: int) -> str:
        """Return the text of a sample, without reading its picture."""
        if not self._labelled:
            return ""
        number, row = locate(self._ends, index)
        tar = self._opened(self.paths[number])
        data, is_json = tar.text(row)
        try:
            text = _field(parse_json(data), self._field) if is_json else data.decode().removesuffix("\n")
        except ValueError as error:
            raise RecordError(f"{tar.name(row)}: its text cannot be read: {error}") from None
        return normalize(text)


def _field(content: Any, wanted: str | None) -> str:
    """Return the text of a JSON object.

    Raises:
        ValueError: There is none.
    """
    fields = content if isinstance(content, dict) else {}
    name = wanted or next((field for field in TEXT_FIELDS if field in fields), TEXT_FIELDS[0])
    if not isinstance(fields.get(name), str):
        raise ValueError(f"it has no field {name!r} with a text ({', '.join(map(str, fields)) or 'it has none'})")
    return str(fields[name])


class _Tar:
    """One tar file, mapped into memory, with its index."""

    def __init__(self, path: Path) -> None:
        self.path = path
        index = _index(path)
        self._keys = Strings(index["keys"], index["key_ends"])
        self._ends, self._offsets, self._sizes = index["ends"], index["offsets"], index["sizes"]
        self._text_offsets, self._text_sizes, self._json = index["texts"], index["text_sizes"], index["json"]
        self._data = MappedFile(path)

    def name(self, row: int) -> str:
        return f"{self.path.name}#{self._keys[row]}"

    def pictures(self, row: int) -> tuple[bytes, ...]:
        start, end = int(self._ends[row - 1]) if row else 0, int(self._ends[row])
        return tuple(self._bytes(int(self._offsets[each]), int(self._sizes[each])) for each in range(start, end))

    def text(self, row: int) -> tuple[bytes, bool]:
        offset = int(self._text_offsets[row])
        if offset < 0:
            raise RecordError(f"{self.name(row)}: the sample has no text (.txt or .json)")
        return self._bytes(offset, int(self._text_sizes[row])), bool(self._json[row])

    def _bytes(self, offset: int, size: int) -> bytes:
        return bytes(self._data.view(offset, size))


def _index(path: Path) -> Arrays:
    """Where the members of each sample are.

    ``keys`` and ``key_ends``: names (`Strings`); ``ends`` (N,): where the pictures of each end in ``offsets`` and
    ``sizes``; ``texts``, ``text_sizes`` (N,): of its text, -1 where there is none; ``json`` (N,): whether it is JSON.

    Raises:
        DataError: It is no tar file, or breaks off.
    """
    return cached_index(path, "webdataset", lambda: _build_index(path))


def _build_index(path: Path) -> Arrays:
    keys = Builder()
    numbers = {name: array("q") for name in ("ends", "offsets", "sizes", "texts", "text_sizes", "json")}
    last = None
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if not member.isfile() or Path(member.name).name.startswith("."):
                    continue
                folder, _, file = member.name.rpartition("/")
                stem, _, kind = file.partition(".")
                kind = kind.lower().rpartition(".")[2]
                if kind not in (*PICTURES, *TEXTS):
                    continue
                key = f"{folder}/{stem}" if folder else stem
                if key != last:
                    last = key
                    keys.add(key)
                    numbers["ends"].append(len(numbers["offsets"]))
                    for name, nothing in (("texts", -1), ("text_sizes", 0), ("json", 0)):
                        numbers[name].append(nothing)
                _note(numbers, kind, member)
                tar.members = []  # type: ignore[attr-defined]  # it keeps all that it has seen
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{path} is no tar file that can be read, or breaks off: {error}") from None
    built = keys.build()
    return {
        "keys": built.data, "key_ends": built.ends, **{name: np.array(each) for name, each in numbers.items()}
    }  # fmt: skip


def _note(numbers: "dict[str, array[int]]", kind: str, member: tarfile.TarInfo) -> None:
    """Where a member of the last sample is."""
    if kind in PICTURES:
        numbers["offsets"].append(member.offset_data)
        numbers["sizes"].append(member.size)
        numbers["ends"][-1] = len(numbers["offsets"])
    elif kind in TEXTS and (kind == "txt" or numbers["texts"][-1] < 0):  # plain text before other things about it
        numbers["texts"][-1], numbers["text_sizes"][-1] = member.offset_data, member.size
        numbers["json"][-1] = int(kind == "json")


def write_tar(path: Path, samples: Iterable[tuple[str, dict[str, bytes]]]) -> None:
    """Write a tar file of samples.

    Args:
        path: The file; it appears only when it is complete.
        samples: The name of each, without a dot, and its members by what follows the dot (``jpg``, ``txt``).
    """
    with replacing(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, members in samples:
            for kind, data in members.items():
                member = tarfile.TarInfo(f"{key}.{kind}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


def _open(paths: list[Path], options: Options) -> WebDataset:
    if paths[0].is_dir():
        paths = [path for path in sorted(paths[0].iterdir()) if path.suffix.lower() == SUFFIX]
    return WebDataset(paths, text=options.get("text"))


FORMAT = Format(
    name="WebDataset tar files",
    accepted="WebDataset tar files (members x.jpg and x.txt or x.json)",
    marks=lambda name: name.lower().endswith(SUFFIX) and not name.startswith("."),
    reads=lambda path: path.suffix.lower() == SUFFIX,
    open=_open,
    options=("text",),
    shard="a WebDataset tar file",
)
