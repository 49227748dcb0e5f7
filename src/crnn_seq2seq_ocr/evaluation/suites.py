"""Named suites of test sets, found in a folder, told apart by fingerprints, and compared as the field compares.

The six sets of scene text: IIIT5K (A. Mishra et al., BMVC 2012), SVT (K. Wang et al., ICCV 2011), IC13 (D. Karatzas et
al., ICDAR 2013), IC15 (D. Karatzas et al., ICDAR 2015), SVTP (T. Q. Phan et al., ICCV 2013), CUTE80 (A. Risnumawan et
al., 2014); 857 and 1,015 of IC13, 1,811 and 2,077 of IC15 as in J. Baek et al., What Is Wrong With Scene Text
Recognition Model Comparisons?, ICCV 2019. The seven of Union14M: Q. Jiang et al., Revisiting Scene Text Recognition,
ICCV 2023. Accuracy over 36, 62 and 94 characters: D. Bautista and R. Atienza, PARSeq, ECCV 2022.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from crnn_seq2seq_ocr.data.combined import Subset
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.evaluation.evaluate import Line, evaluate
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.metrics.profiles import alphanumeric

SUITES = ("scene-text",)

CHARACTERS: dict[int, Callable[[str], str]] = {
    36: alphanumeric,
    62: lambda text: re.sub(r"[^0-9A-Za-z]", "", text),
    94: lambda text: re.sub(r"[^!-~]", "", text),
}
"""What is compared, by the number of characters: others are dropped from the label and from the reading."""

SHORTEST = 3
"""Characters of a word of IC13_857 at least."""


@dataclass(frozen=True)
class KnownSet:
    """One set of a suite.

    Attributes:
        name: As papers write it.
        folders: How its folder may be called, in small letters and digits only.
        samples: How many it has; None where this is not checked.
        labels: Fingerprint of its labels as first published, where it is known; see `label_fingerprint`.
    """

    name: str
    folders: tuple[str, ...]
    samples: int | None = None
    labels: str | None = None


SCENE_TEXT = (
    KnownSet("IIIT5K", ("iiit5k", "iiit5k3000"), 3000, "de550bd84f9e1b7a"),
    KnownSet("SVT", ("svt", "svt647"), 647, "acd9891c73dcda59"),
    KnownSet("IC13_857", ("ic13857",), 857, "42b07b3bc5b99621"),
    KnownSet("IC13_1015", ("ic131015",), 1015, "23a8619226d5f9ad"),
    KnownSet("IC15_1811", ("ic151811",), 1811),
    KnownSet("IC15_2077", ("ic152077",), 2077),
    KnownSet("SVTP", ("svtp", "svtp645"), 645),
    KnownSet("CUTE80", ("cute80", "cute", "cute80288"), 288),
)
UNION14M = tuple(
    KnownSet(f"Union14M {name}", (name.replace("-", ""),))
    for name in ("curve", "multi-oriented", "artistic", "contextless", "salient", "multi-words", "general")
)
SIX = ("IIIT5K", "SVT", "IC13", "IC15", "SVTP", "CUTE80")


@dataclass(frozen=True)
class SetResult:
    """What was read of one set.

    Attributes:
        name: Of the set.
        place: Where it is.
        samples: How many there are, those that cannot be read too: they count as wrong.
        accuracy: Share of words read right by the number of characters; None where no label has any of them.
        compared: How many labels have any of the characters, by their number: the others are left out.
        unreadable: Samples whose picture cannot be read.
        labels: Fingerprint of the labels.
        pictures: Fingerprint of the pictures.
        says: What the fingerprint and the number of samples say about the labels.
    """

    name: str
    place: str
    samples: int
    accuracy: dict[int, float | None]
    compared: dict[int, int]
    unreadable: int
    labels: str
    pictures: str
    says: str


@dataclass(frozen=True)
class SuiteResult:
    """The results of all sets that were found, and the readings of each.

    Attributes:
        model: Its name.
        sets: The results.
        missing: Names of the sets that are not there.
        lines: Of each set, its samples.
    """

    model: str
    sets: list[SetResult]
    missing: list[str]
    lines: dict[str, list[Line]]

    def averages(self) -> dict[str, dict[int, float]]:
        """Return means over sets, each set counted once, of those of which no set is missing."""
        by_name = {each.name: each for each in self.sets}
        groups = {
            "six sets (IC13 857, IC15 1811)": _six("857", "1811"),
            "six sets (IC13 1015, IC15 2077)": _six("1015", "2077"),
            "Union14M": [each.name for each in UNION14M],
        }
        whole = {
            name: [by_name[each] for each in names] for name, names in groups.items() if set(names) <= set(by_name)
        }
        return {
            name: {
                count: float(np.mean([each.accuracy[count] for each in chosen]))
                for count in CHARACTERS
                if all(each.accuracy[count] is not None for each in chosen)
            }
            for name, chosen in whole.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the readings, for JSON."""
        return {
            "model": self.model,
            "sets": [asdict(each) for each in self.sets],
            "averages": self.averages(),
            "missing": self.missing,
        }


def _six(ic13: str, ic15: str) -> list[str]:
    return [{"IC13": f"IC13_{ic13}", "IC15": f"IC15_{ic15}"}.get(name, name) for name in SIX]


def evaluate_suite(
    reader: Reader,
    folder: Path,
    *,
    batch_size: int = 32,
    limit: int | None = None,
    console: Console | None = None,
) -> SuiteResult:
    """Measure a model on every set of the suite ``scene-text`` that lies in a folder.

    Args:
        reader: The model.
        folder: Holds a folder for each set, in any format that can be read; they may lie one folder deeper.
        batch_size: Samples at a time.
        limit: Most samples of each set.
        console: Where to show progress; None shows nothing.

    Raises:
        DataError: None of the sets is there.
    """
    found = dict(_find_sets(folder))
    if not found:
        names = ", ".join(each.name for each in (*SCENE_TEXT, *UNION14M))
        raise DataError(f"{folder} holds no set of scene text: there must be folders of these names: {names}")
    results, lines = [], {}
    for known, (place, source) in found.items():
        evaluation = evaluate(reader, source, limit=limit, batch_size=batch_size, shown=0, console=console)
        results.append(_result(known, place, source, evaluation.lines))
        lines[known.name] = evaluation.lines
    missing = [each.name for each in (*SCENE_TEXT, *UNION14M) if each not in found]
    return SuiteResult(reader.description.name, results, missing, lines)


def _find_sets(folder: Path) -> Iterator[tuple[KnownSet, tuple[Path, Source]]]:
    """Find the sets of a folder; the parts of IC13 are taken from the whole set where they have no folders."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: name one that holds a folder for each set")
    inside = [path for path in sorted(folder.glob("*")) + sorted(folder.glob("*/*")) if path.is_dir()]
    places: dict[str, Path] = {}
    for path in inside:
        places.setdefault(_plain(path.name), path)
    for known in (*SCENE_TEXT, *UNION14M):
        place = next((places[name] for name in known.folders if name in places), None)
        if place is not None:
            yield known, (place, open_source(str(place)))
        elif known.name.startswith("IC13_") and "ic13" in places:
            whole = open_source(str(places["ic13"]))
            chosen = list(_words(whole, shortest=SHORTEST if known.samples == 857 else 1))
            if len(chosen) == known.samples:
                yield known, (places["ic13"], Subset(whole, chosen))


def _words(source: Source, *, shortest: int) -> Iterator[int]:
    """Find the samples whose labels are letters and digits only, as the parts of IC13 are made."""
    for index in range(len(source)):
        if re.fullmatch(rf"[0-9A-Za-z]{{{shortest},}}", source.text(index)):
            yield index


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _result(known: KnownSet, place: Path, source: Source, lines: list[Line]) -> SetResult:
    labels = [_label(source, line) for line in lines]
    fingerprint = label_fingerprint(labels)
    accuracy: dict[int, float | None] = {}
    compared = {}
    for count, kept in CHARACTERS.items():
        pairs = [
            (kept(label), kept(line.prediction), line.error)
            for label, line in zip(labels, lines, strict=True)
            if kept(label)
        ]
        right = sum(reference == prediction and error is None for reference, prediction, error in pairs)
        compared[count], accuracy[count] = len(pairs), right / len(pairs) if pairs else None
    return SetResult(
        known.name, str(place), len(lines), accuracy, compared, sum(line.error is not None for line in lines),
        fingerprint, picture_fingerprint(source, len(lines)), _says(known, len(lines), fingerprint),
    )  # fmt: skip


def _label(source: Source, line: Line) -> str:
    try:
        return source.text(line.index)
    except DataError:
        return ""


def _says(known: KnownSet, samples: int, fingerprint: str) -> str:
    if known.samples is not None and samples != known.samples:
        return f"{samples:,} of {known.samples:,} samples"
    if known.labels is None:
        return "labels not known here"
    return "original labels" if fingerprint == known.labels else "other labels than the original"


def label_fingerprint(labels: Iterable[str]) -> str:
    """Tell sets of labels apart, whatever their order, case and punctuation: the first 16 digits of SHA-256.

    Hashed are the labels in small letters and digits, sorted, joined by line feeds.
    """
    kept = sorted(map(alphanumeric, labels))
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]


def picture_fingerprint(source: Source, count: int) -> str:
    """Tell sets of pictures apart, whatever their order: the first 16 digits of SHA-256 of all sorted SHA-256."""
    digests = []
    for index in range(count):
        hashed = hashlib.sha256()
        try:
            images = source[index].images
        except DataError:
            images = ()
        for picture in images:
            hashed.update(picture if isinstance(picture, bytes) else np.ascontiguousarray(picture).tobytes())
        digests.append(hashed.digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:16]


def as_csv(lines: dict[str, list[Line]]) -> str:
    """Write every sample of several sets as CSV: set, name, reference, prediction, confidence, error."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(["set", "name", "reference", "prediction", "confidence", "error"])
    for name, each in lines.items():
        for line in each:
            writer.writerow(
                [name, line.name, line.reference, line.prediction, f"{line.confidence:.6f}", line.error or ""]
            )
    return content.getvalue()


def suite_table(result: SuiteResult) -> Table:
    """Return the results as a table for the terminal."""
    table = Table(title=f"{result.model}: words read right")
    for column in ("set", "samples", *(f"{count} characters" for count in CHARACTERS), "labels", "pictures", ""):
        table.add_column(column, justify="left" if column in ("set", "labels", "pictures", "") else "right")
    for each in result.sets:
        shares = (_percent(each.accuracy[count]) for count in CHARACTERS)
        table.add_row(each.name, f"{each.samples:,}", *shares, each.labels, each.pictures, each.says)
    for name, shares_of in result.averages().items():
        table.add_row(f"mean of {name}", "", *(_percent(shares_of.get(count)) for count in CHARACTERS), "", "", "")
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
