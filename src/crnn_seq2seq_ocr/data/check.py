"""What is in a source: every sample opened, counts of everything, and a list of what would be dropped and why."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from crnn_seq2seq_ocr.data.combined import Joined, Repeated, Stretched, Subset
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.parallel import in_order
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.rules import Reason, picture_refusals, text_refusals
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.data.views import real_views, split_views, untold_views
from crnn_seq2seq_ocr.errors import DataError, PictureError, RecordError
from crnn_seq2seq_ocr.text import UNASSIGNED, Tokenizer, describe_character

_CHUNK = 64
"""Samples that a worker process looks at in one go."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Problem:
    """One reason why one sample would be dropped."""

    name: str
    reason: Reason
    detail: str


@dataclass(frozen=True)
class CheckReport:
    """What is in a source.

    Attributes:
        description: The source's own.
        samples: How many there are.
        usable: How many would not be dropped.
        faults: Shards that break off, one line each; their later samples are not counted anywhere.
        problems: Why samples would be dropped, in the source's order.
        lengths: Number of texts by length in characters, of all samples with a text.
        characters: How often each character occurs in them, the most frequent first.
        unknown: Number of samples by character outside the charset, the most frequent first.
        support: Number of usable samples by character of the charset; 0 where nothing shows how it looks.
        sizes: Number of pictures by ``HEIGHTxWIDTH``, the most frequent first.
        views: Number of samples by number of real views.
        contradictions: The same picture with two texts, one line each.
        unlisted: Pictures beside a list that it does not name.
    """

    description: str
    samples: int
    usable: int
    faults: list[str]
    problems: list[Problem]
    lengths: dict[int, int]
    characters: dict[str, int]
    unknown: dict[str, int]
    support: dict[str, int]
    sizes: dict[str, int]
    views: dict[int, int]
    contradictions: list[str]
    unlisted: list[str]

    @property
    def dropped(self) -> int:
        """How many samples would be dropped."""
        return self.samples - self.usable

    @property
    def sound(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.problems and not self.faults and not self.contradictions

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {**asdict(self), "dropped": self.dropped, "sound": self.sound}


def check_source(
    source: Source,
    *,
    charset: str | None = None,
    max_length: int | None = None,
    views: int | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> CheckReport:
    """Open every sample of a source and decode every picture.

    Args:
        source: What to look at.
        charset: Texts with other characters would be dropped; None allows all.
        max_length: Longer texts would be dropped; None allows all.
        views: Most views of one text; samples of more pictures would be dropped, and single pictures are cut into
            so many as training does. None allows any number and takes single pictures for one view, unless they
            have the shape of a strip of FSNS and end with noise.
        workers: Processes that look; 0 looks in this one. The report is the same.
        progress: Called with samples done and samples in all.
    """
    total = len(source)
    limits = _Limits(None if charset is None else Tokenizer(charset), max_length, views)
    chunks = (range(start, min(start + _CHUNK, total)) for start in range(0, total, _CHUNK))
    seen = in_order(partial(_look, source, limits), chunks, workers)
    counts = _Counts(support=Counter(dict.fromkeys((charset or "").replace(UNASSIGNED, ""), 0)))
    for done, each in enumerate((each for chunk in seen for each in chunk), 1):
        counts.add(each, done - 1, source)
        if progress and (done % _CHUNK == 0 or done == total):
            progress(done, total)
    return counts.report(source)


def summary_lines(report: CheckReport, *, most: int = 20) -> list[str]:
    """Write the report for people, without what was dropped beyond the first ``most`` samples."""
    lines = [report.description, f"{report.samples:,} samples, {report.usable:,} usable, {report.dropped:,} dropped"]
    lines += [f"broken shard: {fault}" for fault in report.faults]
    lines += list(_content_lines(report))
    lines += list(_doubt_lines(report))
    reasons = Counter(problem.reason for problem in report.problems)
    lines += [f"dropped for {reason}: {count:,}" for reason, count in reasons.most_common()]
    if report.unknown:
        lines.append("characters outside the charset, in how many samples: " + _listed(report.unknown, most))
    lines += [f"  {problem.name}: {problem.reason}: {problem.detail}" for problem in report.problems[:most]]
    if len(report.problems) > most:
        lines.append(f"  and {len(report.problems) - most:,} more")
    return lines


def _content_lines(report: CheckReport) -> Iterator[str]:
    """Texts, characters, pictures and views."""
    if report.lengths:
        count = sum(report.lengths.values())
        mean = sum(length * number for length, number in report.lengths.items()) / count
        yield f"texts: {min(report.lengths)} to {max(report.lengths)} characters, {mean:.1f} on average"
        yield f"{len(report.characters)} different characters: {''.join(sorted(report.characters))}"
    unseen = sorted(character for character, count in report.support.items() if not count)
    if unseen:
        yield f"characters of the charset in no usable sample: {''.join(unseen)}"
    rare = {character: count for character, count in report.support.items() if 0 < count < 10}
    if rare:
        yield "characters of the charset in fewer than 10 usable samples: " + "  ".join(
            f"{character!r} {count}" for character, count in sorted(rare.items(), key=lambda each: (each[1], each[0]))
        )
    if report.sizes:
        first = [f"{size} ({count:,})" for size, count in list(report.sizes.items())[:5]]
        others = f" and {len(report.sizes) - 5:,} other sizes" if len(report.sizes) > 5 else ""
        yield f"pictures (height x width): {', '.join(first)}{others}"
    if report.views:
        yield "real views: " + ", ".join(f"{views} in {count:,}" for views, count in report.views.items())


def _doubt_lines(report: CheckReport, *, most: int = 5) -> Iterator[str]:
    """Yield lines about what drops no sample and yet may be a mistake."""
    for what, found in (
        ("the same picture has two texts", report.contradictions),
        ("pictures that no list names", report.unlisted),
    ):
        if found:
            more = f"\n  and {len(found) - most:,} more" if len(found) > most else ""
            yield f"{what}: {len(found):,}\n  " + "\n  ".join(found[:most]) + more


def _listed(counts: dict[str, int], most: int) -> str:
    first = [f"{describe_character(character)} {count:,}" for character, count in list(counts.items())[:most]]
    return ", ".join(first) + (f" and {len(counts) - most} more" if len(counts) > most else "")


class _Limits(NamedTuple):
    """What a recipe allows."""

    tokenizer: Tokenizer | None
    max_length: int | None
    views: int | None


@dataclass
class _Seen:
    """What was seen of one sample."""

    problems: list[Problem] = field(default_factory=list)
    text: str | None = None
    kept: str = ""
    """The text as the charset spells it."""
    unknown: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    views: int | None = None
    digest: int = 0
    """Of the pictures; 0 where there are none."""


@dataclass
class _Counts:
    """Counts over samples."""

    support: Counter[str]
    usable: int = 0
    problems: list[Problem] = field(default_factory=list)
    lengths: Counter[int] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    views: Counter[int] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)
    """The first sample of each picture by its digest: numbers only, for there may be millions."""

    def add(self, seen: _Seen, index: int, source: Source) -> None:
        if seen.digest and seen.text is not None:
            first = self.first.setdefault(seen.digest, index)
            if first != index and (other := source.text(first)) != seen.text:
                names = source[first].name, source[index].name
                line = f"{names[0]} and {names[1]} are the same picture: {other!r} and {seen.text!r}"
                self.contradictions.append(line)
        self.problems += seen.problems
        self.unknown.update(seen.unknown)
        self.sizes.update(seen.sizes)
        if seen.text is not None:
            self.lengths[len(seen.text)] += 1
            self.characters.update(seen.text)
        if seen.views is not None:
            self.views[seen.views] += 1
        if not seen.problems:
            self.usable += 1
            self.support.update(set(seen.kept))

    def report(self, source: Source) -> CheckReport:
        return CheckReport(
            description=source.description,
            samples=len(source),
            usable=self.usable,
            faults=source.faults,
            problems=self.problems,
            lengths=dict(sorted(self.lengths.items())),
            characters=_by_count(self.characters),
            unknown=_by_count(self.unknown),
            support=_by_count(self.support),
            sizes=_by_count(self.sizes),
            views=dict(sorted(self.views.items())),
            contradictions=self.contradictions,
            unlisted=_unlisted(source),
        )


def _look(source: Source, limits: _Limits, indexes: range) -> list[_Seen]:
    return [_look_at(source, index, limits) for index in indexes]


def _look_at(source: Source, index: int, limits: _Limits) -> _Seen:
    seen = _Seen()
    try:
        sample = source[index]
    except DataError as error:
        seen.problems.append(Problem(f"sample {index}", _reason(error), str(error)))
        return seen
    _look_at_text(sample, seen, limits)
    _look_at_pictures(sample, seen, limits)
    return seen


def _look_at_text(sample: Sample, seen: _Seen, limits: _Limits) -> None:
    text = seen.text = sample.text
    refusals = text_refusals(text, limits.tokenizer, limits.max_length)
    seen.problems += [Problem(sample.name, *refusal) for refusal in refusals]
    seen.unknown = limits.tokenizer.unknown(text) if limits.tokenizer else []
    if not seen.unknown:
        seen.kept = limits.tokenizer.decode(limits.tokenizer.encode(text)) if limits.tokenizer else text


def _look_at_pictures(sample: Sample, seen: _Seen, limits: _Limits) -> None:
    pictures = []
    refusals = picture_refusals(len(sample.images), limits.views)
    seen.problems += [Problem(sample.name, *refusal) for refusal in refusals]
    for picture in sample.images:
        try:
            pictures.append(decode_picture(picture, name=sample.name))
        except PictureError as error:
            detail = str(error).removeprefix(f"{sample.name}: ")
            seen.problems.append(Problem(sample.name, "unreadable picture", detail))
    seen.sizes = [f"{height}x{width}" for height, width in (picture.shape[:2] for picture in pictures)]
    if len(pictures) == len(sample.images) > 0:
        seen.views = _count_views(sample, pictures, limits.views)
        seen.digest = _digest(sample)


def _digest(sample: Sample) -> int:
    """Tells pictures apart, 63 bits."""
    hashed = hashlib.blake2b(digest_size=8)
    for picture in sample.images:
        hashed.update(picture if isinstance(picture, bytes) else np.ascontiguousarray(picture).data)
    return int.from_bytes(hashed.digest(), "little") >> 1 or 1


def _unlisted(source: Source) -> list[str]:
    """Pictures beside lists that these do not name."""
    match source:
        case Folder():
            return source.unlisted()
        case Joined():
            return [file for each in source.sources for file in _unlisted(each)]
        case Subset() | Repeated() | Stretched():
            return _unlisted(source.source)
        case _:
            return []


def _count_views(sample: Sample, pictures: list[np.ndarray], views: int | None) -> int:
    """Real views as the source says, else as the pictures show."""
    if sample.views is not None:
        return sample.views
    if len(pictures) > 1:
        return len(pictures)
    if views is not None:
        return real_views(split_views(pictures[0], views))
    return untold_views(pictures[0])


def _reason(error: DataError) -> Reason:
    if isinstance(error, PictureError):
        return "unreadable picture"
    return "damaged record" if isinstance(error, RecordError) else "missing file"


def _by_count(counts: Counter[str]) -> dict[str, int]:
    """Sort by frequency, the most frequent first, equals in order of the alphabet."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
