"""Opening any source by a path or a name.

A *spec* is what people write in a recipe or on the command line::

    fsns/train                          a folder of TFRecord shards, or one shard
    fsns/train/train-0000*              shards by a pattern
    fsns/train?truncated=keep           the whole records of shards that break off
    mindrecord/train                    a folder with a MindRecord set, or one of its shards
    pages                               a folder of PAGE or ALTO files with their pictures
    mine                                a folder with labels.tsv, .csv or .jsonl, or pairs x.png + x.gt.txt
    mine/labels.tsv?part=test           the rows of a list with this value in a column
    mine/labels.tsv?text=text_with_case the column that holds the text
    fsns/train?limit=1000               the first samples of any of these
    mine?repeat=20                      the same samples so many times, beside many others
    mine?rare=10                        samples with rare characters up to so many times, see data.rare
    mine?hash=0-80                      the samples whose hash is between these percents, see data.hashing
    synthetic:signs?seed=1&count=1000   drawn signs; options as in data.synthetic.settings
    synthetic:words?seed=1&count=1000   drawn words and lines; options as there
    mine + synthetic:signs              one after the other
    s3://bucket/mine                    any of these in an object store, see system.stores
    hf://owner/name/data/train-*        any of these on the Hugging Face hub, see data.hub_data
    0.3*mine + 0.7*synthetic:words      each with its share of an epoch
"""

import glob
import re
from pathlib import Path

from crnn_seq2seq_ocr.data.combined import Joined, Repeated, Subset, weighted
from crnn_seq2seq_ocr.data.formats import arrow, folder, fsns, lmdb, mindrecord, page_xml, webdataset
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.formats.labels import SUFFIXES
from crnn_seq2seq_ocr.data.hashing import between, hash_places, parse_range
from crnn_seq2seq_ocr.data.options import parse_options
from crnn_seq2seq_ocr.data.rare import rare_oftener
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError, StorageError, did_you_mean
from crnn_seq2seq_ocr.system.addresses import is_remote
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.stores import fetch

FORMATS: tuple[Format, ...] = (
    fsns.FORMAT,
    mindrecord.FORMAT,
    lmdb.FORMAT,
    arrow.FORMAT,
    webdataset.FORMAT,
    folder.FORMAT,
    page_xml.FORMAT,
)
"""All formats; the first that reads a file opens it."""

SYNTHETIC = "synthetic:"
DRAWN = ("signs", "words")

ALWAYS = ("limit", "repeat", "hash", "rare")
"""Options of every source that is not drawn."""

WEIGHT = re.compile(r"(?P<weight>\d+(\.\d+)?|\.\d+)\s*\*\s*(?P<part>.+)")

OPTIONS = re.compile(r"(?P<place>.+)\?(?P<options>\w+=[^?]*)")

ACCEPTED = ", ".join(format.accepted for format in FORMATS) + ", or " + " or ".join(SYNTHETIC + name for name in DRAWN)


def open_source(spec: str) -> Source:
    """Open the source of a spec (see the top of this module).

    Raises:
        DataError: There is nothing there, it is of no known kind or of several, or an option is wrong.
        DependencyError: What draws pictures is not installed, or what reads a format.
    """
    try:
        weights, parts = _split_weights(spec)
        sources = [_open_one(part) for part in parts]
    except StorageError:  # of an object store
        raise
    except OSError as error:
        raise DataError(f"cannot read {error.filename or spec}: {error.strerror or error}") from error
    if weights and len(sources) > 1:
        return weighted(sources, weights)
    return sources[0] if len(sources) == 1 else Joined(sources)


def _split_weights(spec: str) -> tuple[list[float], list[str]]:
    """Split a sum into its parts, with their weights where they have any."""
    parts = [part.strip() for part in spec.split(" + ")]
    # A pattern such as 2*.tar may look like a weight.
    found = [None if glob.glob(part) else WEIGHT.fullmatch(part) for part in parts]
    if not any(found):
        return [], parts
    without = [part for part, weight in zip(parts, found, strict=True) if weight is None]
    if without:
        raise DataError(f"{spec}: {without[0]} has no weight: give each source one, as in 0.3*{without[0]}, or none")
    weights = [float(weight["weight"]) for weight in found if weight]
    if min(weights) <= 0:
        raise DataError(f"{spec}: a weight must be more than 0: leave out the source instead")
    return weights, [weight["part"] for weight in found if weight]


def _open_one(spec: str) -> Source:
    if not spec:
        raise DataError(f"the name of a source is empty; it may be {ACCEPTED}")
    if spec.startswith(SYNTHETIC):
        return _open_synthetic(spec.removeprefix(SYNTHETIC))
    place, options = _split_options(spec)
    chosen = list(options)
    limit, repeat = _take_number("limit", options, spec), _take_number("repeat", options, spec)
    rare = _take_number("rare", options, spec)
    part = options.pop("hash", None)
    source = _open_place(place, options)
    for option in chosen:  # as they are written: the first 60 of a part, or a part of the first 60
        if option == "hash" and part is not None:
            source = _part_by_hash(source, part, spec)
        elif option == "limit" and limit is not None and limit < len(source):
            source = Subset(source, range(limit))
    if rare is not None:
        source = rare_oftener(source, rare)
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


def _split_options(spec: str) -> tuple[str, Options]:
    """Split a spec into its place and its options; a ``?`` in a pattern or in an existing file's name begins none."""
    found = OPTIONS.fullmatch(spec)
    if not found or Path(spec).expanduser().exists():
        return spec, {}
    return found["place"], parse_options(found["options"], found["place"])


def _take_number(name: str, options: Options, spec: str) -> int | None:
    number = options.pop(name, None)
    if number is None:
        return None
    if not number.isdecimal() or int(number) < 1:
        raise DataError(f"{spec}: {name} must be a whole number of 1 or more, not {number!r}")
    return int(number)


def _part_by_hash(source: Source, part: str, spec: str) -> Source:
    try:
        low, high = parse_range(part)
    except ValueError:
        raise DataError(f"{spec}: hash must be two percents such as 0-80, not {part!r}") from None
    return Subset(source, between(hash_places(source), low, high))


def with_option(spec: str, option: str) -> str:
    """Add an option, such as ``hash=0-80``, to each source of a spec that is not drawn."""
    parts = [part.strip() for part in spec.split(" + ")]
    return " + ".join(part if part.startswith(SYNTHETIC) else _with_option(part, option) for part in parts)


def _with_option(spec: str, option: str) -> str:
    _, options = _split_options(spec)
    return f"{spec}{'&' if options else '?'}{option}"


def _open_hub(place: str, options: Options) -> Source:
    from crnn_seq2seq_ocr.data.hub_data import HubData

    fetched = HubData(place)
    try:
        return _open_place(fetched.path, options)
    except DataError as error:
        raise type(error)(fetched.as_address(str(error))) from None


def _open_place(place: str, options: Options) -> Source:
    if place.startswith("hf:/"):
        return _open_hub(place, options)
    if is_remote(place):  # a list or a page without its pictures is none
        place = str(fetch(place, whole_folder=Path(place).suffix.lower() in (*SUFFIXES, page_xml.SUFFIX)))
    path = Path(place).expanduser()
    if path.is_dir():
        format, paths = _format_of_folder(path), [path]
    elif path.is_file():
        format, paths = _format_of_file(path), [path]
    elif paths := [Path(name) for name in sorted(glob.glob(str(path)))]:
        format = _format_of_pattern(place, paths)
    else:
        raise DataError(f"there is no {place}; a source may be {ACCEPTED}")
    if not format.columns:
        _refuse_unknown(place, format, options)
    return format.open(paths, options)


def _refuse_unknown(place: str, format: Format, options: Options) -> None:
    known = (*format.options, *ALWAYS)
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known)
            raise DataError(
                f"{place}: for {format.name} there is no option {name!r}{hint}, there is {' and '.join(known)}"
            )


def _format_of_file(path: Path) -> Format:
    for format in FORMATS:
        if format.reads(path):
            return format
    raise DataError(f"{path} is no file of samples that is known here; a source may be {ACCEPTED}")


def _format_of_pattern(pattern: str, paths: list[Path]) -> Format:
    """Return the one format of all files that a pattern matches."""
    first: Format | None = None
    for path in paths:
        format = _format_of_file(path) if path.is_file() else None
        if format is None or format.shard is None:
            shards = " or ".join(each.shard for each in FORMATS if each.shard)
            raise DataError(f"{pattern} matches {path}, which is not {shards}: only shards can be chosen so")
        first = first or format
        if format is not first:
            raise DataError(f"{pattern} matches {first.name} and {format.name} ({path}): choose one of them")
    assert first is not None, "a pattern that matches nothing was refused before"
    return first


def _format_of_folder(folder: Path) -> Format:
    marks = _marks(folder)
    if len(marks) > 1:
        found = " and ".join(f"{format.name} ({name})" for format, name in marks)
        raise DataError(f"{folder} holds {found}: name the files to read, as in '{folder / marks[0][1]}'")
    if marks:
        return marks[0][0]
    inner = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and _marks(path)]
    hint = (
        f", but its folders {', '.join(inner[:5])} do: name one, as in '{folder / inner[0]}'"
        if inner
        else (f"; a source may be {ACCEPTED}")
    )
    raise DataError(f"{folder} holds no samples that are known here{hint}")


def _marks(folder: Path) -> list[tuple[Format, str]]:
    """Return the formats of the files in a folder, each with the first file that shows it."""
    found: list[tuple[Format, str]] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        format = next((each for each in FORMATS if each.marks(path.name)), None)
        if format is not None and all(format is not known for known, _ in found):
            found.append((format, path.name))
    return [each for each in found if not each[0].yields] or found
