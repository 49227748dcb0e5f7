"""Opening any source by a path or a name, and parts and sums of sources.

A *spec* is what people write in a recipe or on the command line::

    fsns/train                          a folder of TFRecord shards, or one shard
    fsns/train/train-0000*              shards by a pattern
    fsns/train?truncated=keep           the whole records of shards that break off
    mindrecord/train                    a folder with a MindRecord set, or one of its shards
    mine                                a folder with labels.tsv, .csv or .jsonl, or pairs x.png + x.gt.txt
    mine/labels.tsv?part=test           the rows of a list with this value in a column
    mine/labels.tsv?text=text_with_case the column that holds the text
    fsns/train?limit=1000               the first samples of any of these
    mine?repeat=20                      the same samples so many times, beside many others
    synthetic:signs?seed=1&count=1000   drawn signs; options as in data.synthetic.settings
    synthetic:words?seed=1&count=1000   drawn words and lines; options as there
    mine + synthetic:signs              one after the other
"""

import difflib
import glob
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn_seq2seq_ocr.data.formats.folder import LISTS, PAIR, Folder
from crnn_seq2seq_ocr.data.formats.fsns import SHARD, FsnsRecords
from crnn_seq2seq_ocr.data.formats.labels import SUFFIXES
from crnn_seq2seq_ocr.data.formats.mindrecord import FIRST_SHARD, MindRecords, is_mindrecord
from crnn_seq2seq_ocr.data.formats.tfrecord import is_tfrecord
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.dependencies import needing

SYNTHETIC = "synthetic:"
DRAWN = ("signs", "words")

OPTIONS = re.compile(r"(?P<place>.+)\?(?P<options>\w+=[^?]*)")

RECORDS, MINDRECORD, FOLDER = "TFRecord shards", "a MindRecord set", "pictures with texts"

ACCEPTED = (
    f"a folder or file of TFRecord shards (NAME-00000-of-00001, NAME.tfrecord), a MindRecord set (NAME.mindrecord0), "
    f"a folder with {', '.join(LISTS)} or with pairs x.png + x{PAIR}, or "
    + " or ".join(SYNTHETIC + name for name in DRAWN)
)


class Subset:
    """Some samples of a source.

    Args:
        source: Where they come from.
        indices: Which, in order.
    """

    def __init__(self, source: Source, indices: Sequence[int]) -> None:
        self.source = source
        self.indices = indices

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"{len(self):,} of {self.source.description}"

    @property
    def faults(self) -> list[str]:
        """What is missing from the whole source, one line each."""
        return _faults(self.source)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self._index(index)]

    def text(self, index: int) -> str:
        """The text of a sample."""
        return self.source.text(self._index(index))

    def _index(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return int(self.indices[index])


class Repeated:
    """A source whose samples come several times in one epoch, so that few real ones weigh among many drawn ones.

    Args:
        source: Where they come from.
        times: How often.
    """

    def __init__(self, source: Source, times: int) -> None:
        self.source = source
        self.times = times

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        return f"{self.times} times {self.source.description}"

    @property
    def faults(self) -> list[str]:
        """What is missing from the source, one line each."""
        return _faults(self.source)

    def __len__(self) -> int:
        return self.times * len(self.source)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self._index(index)]

    def text(self, index: int) -> str:
        """The text of a sample."""
        return self.source.text(self._index(index))

    def _index(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return index % len(self.source)


class Joined:
    """Several sources, one after the other; names of samples begin with the number of their source, from 1."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self.sources])

    @property
    def description(self) -> str:
        """One line for people: what they are, where, how many."""
        return f"{len(self):,} samples: " + " + ".join(source.description for source in self.sources)

    @property
    def faults(self) -> list[str]:
        """What is missing from the sources, one line each."""
        return [fault for source in self.sources for fault in _faults(source)]

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Sample:
        number, inner = self._locate(index)
        sample = self.sources[number][inner]
        return Sample(f"{number + 1}:{sample.name}", sample.images, sample.text, sample.views)

    def text(self, index: int) -> str:
        """The text of a sample."""
        number, inner = self._locate(index)
        return self.sources[number].text(inner)

    def _locate(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, index, side="right"))
        return number, index - (int(self._ends[number - 1]) if number else 0)


def _faults(source: Source) -> list[str]:
    """Shards that break off and were kept; most sources know of none."""
    return list(getattr(source, "faults", []))


def open_source(spec: str) -> Source:
    """The source of a spec (see the top of this module).

    Raises:
        DataError: There is nothing there, it is of no known kind or of several, or an option is wrong.
        DependencyError: What draws pictures is not installed.
    """
    try:
        sources = [_open_one(part.strip()) for part in spec.split(" + ")]
    except OSError as error:
        raise DataError(f"cannot read {error.filename or spec}: {error.strerror or error}") from error
    return sources[0] if len(sources) == 1 else Joined(sources)


def _open_one(spec: str) -> Source:
    if not spec:
        raise DataError(f"the name of a source is empty; it may be {ACCEPTED}")
    if spec.startswith(SYNTHETIC):
        return _open_synthetic(spec.removeprefix(SYNTHETIC))
    place, options = _split_options(spec)
    limit, repeat = _take_number("limit", options, spec), _take_number("repeat", options, spec)
    source = _open_place(place, options)
    if limit is not None and limit < len(source):
        source = Subset(source, range(limit))
    return source if repeat is None else Repeated(source, repeat)


def _open_synthetic(spec: str) -> Source:
    name, _, options = spec.partition("?")
    # These load corpora and fonts, which only those who train have installed.
    if name == "signs":
        with needing(f"drawing {SYNTHETIC}{name}"):
            from crnn_seq2seq_ocr.data.synthetic.signs import open_signs
        return open_signs(options)
    if name == "words":
        with needing(f"drawing {SYNTHETIC}{name}"):
            from crnn_seq2seq_ocr.data.synthetic.word_samples import open_words
        return open_words(options)
    there = " and ".join(SYNTHETIC + drawn for drawn in DRAWN)
    raise DataError(f"there is no synthetic source {name!r}; there are {there}")


def _split_options(spec: str) -> tuple[str, dict[str, str]]:
    """The place and its options; a ``?`` in a pattern or in the name of an existing file is none."""
    found = OPTIONS.fullmatch(spec)
    if not found or Path(spec).expanduser().exists():
        return spec, {}
    pairs = [option.partition("=") for option in found["options"].split("&") if option]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise DataError(f"{spec}: the option {wrong[0]!r} has no value: write {wrong[0]}=VALUE")
    return found["place"], {name: value for name, _, value in pairs}


def _take_number(name: str, options: dict[str, str], spec: str) -> int | None:
    number = options.pop(name, None)
    if number is None:
        return None
    if not number.isdecimal() or int(number) < 1:
        raise DataError(f"{spec}: {name} must be a whole number of 1 or more, not {number!r}")
    return int(number)


def _open_place(place: str, options: dict[str, str]) -> Source:
    path = Path(place).expanduser()
    if path.is_dir():
        kind, paths = _kind_of_folder(path), [path]
    elif path.is_file():
        kind, paths = _kind_of_file(path), [path]
    elif paths := [Path(name) for name in sorted(glob.glob(str(path)))]:
        kind = _kind_of_pattern(place, paths)
    else:
        raise DataError(f"there is no {place}; a source may be {ACCEPTED}")
    if kind == FOLDER:
        text_column = options.pop("text", None)
        return Folder(path, text_column=text_column, only=options)
    known = ["truncated"] if kind == RECORDS else []
    _refuse_unknown(place, kind, options, known)
    if kind == MINDRECORD:
        return MindRecords(path)
    truncated = options.get("truncated", "error")
    if truncated not in ("error", "keep"):
        raise DataError(f"{place}: truncated must be 'error' or 'keep', not {truncated!r}")
    return FsnsRecords(paths if len(paths) > 1 else paths[0], on_truncated=truncated)  # type: ignore[arg-type]


def _refuse_unknown(place: str, kind: str, options: dict[str, str], known: list[str]) -> None:
    known = [*known, "limit", "repeat"]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise DataError(f"{place}: for {kind} there is no option {name!r}{hint}, there is {' and '.join(known)}")


def _kind_of_file(path: Path) -> str:
    if path.suffix.lower() in SUFFIXES:
        return FOLDER
    if is_mindrecord(path) or FIRST_SHARD.fullmatch(path.name):
        return MINDRECORD
    if SHARD.fullmatch(path.name) or is_tfrecord(path):
        return RECORDS
    raise DataError(f"{path} is no file of samples that is known here; a source may be {ACCEPTED}")


def _kind_of_pattern(pattern: str, paths: list[Path]) -> str:
    for path in paths:
        if not path.is_file() or _kind_of_file(path) != RECORDS:
            raise DataError(f"{pattern} matches {path}, which is not a TFRecord shard: only shards can be chosen so")
    return RECORDS


def _kind_of_folder(folder: Path) -> str:
    kinds = _kinds(folder)
    if len(kinds) > 1:
        found = " and ".join(f"{kind} ({name})" for kind, name in kinds.items())
        example = folder / next(iter(kinds.values()))
        raise DataError(f"{folder} holds {found}: name the files to read, as in '{example}'")
    if kinds:
        return next(iter(kinds))
    inner = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and _kinds(path)]
    hint = (
        f", but its folders {', '.join(inner[:5])} do: name one, as in '{folder / inner[0]}'"
        if inner
        else (f"; a source may be {ACCEPTED}")
    )
    raise DataError(f"{folder} holds no samples that are known here{hint}")


def _kinds(folder: Path) -> dict[str, str]:
    """The kinds of samples that a folder holds, each with a file that shows it."""
    kinds: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        if FIRST_SHARD.fullmatch(path.name):
            kinds.setdefault(MINDRECORD, path.name)
        elif SHARD.fullmatch(path.name):
            kinds.setdefault(RECORDS, path.name)
        elif path.name in LISTS or path.name.endswith(PAIR):
            kinds.setdefault(FOLDER, path.name)
    return kinds
