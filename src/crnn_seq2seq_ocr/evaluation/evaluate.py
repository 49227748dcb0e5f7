"""Evaluation: read a data set, compare by every profile, and show where it goes wrong."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crnn_seq2seq_ocr import metrics
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError, PictureError, RecordError
from crnn_seq2seq_ocr.inference.reader import Reader, samples_of
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.report import tables
from crnn_seq2seq_ocr.report.attention import character_heat_maps, draw_overview
from crnn_seq2seq_ocr.report.content import CardSection, EvaluationReport, SampleCard, as_json, summarize
from crnn_seq2seq_ocr.report.html import render_html
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.system.processes import gathered, processes, share_of


@dataclass(frozen=True)
class Line:
    """One sample of an evaluation, without its pictures."""

    index: int
    name: str
    reference: str
    prediction: str
    confidence: float
    error: str | None
    reason: str | None


@dataclass(frozen=True)
class Evaluation:
    """All that was found out: the report, and each sample in the order of the source."""

    report: EvaluationReport
    lines: list[Line]

    def to_dict(self) -> dict[str, Any]:
        """Return the scores and statistics, for JSON."""
        return as_json(self.report)


def evaluate(
    reader: Reader,
    source: Source,
    *,
    title: str = "Evaluation",
    limit: int | None = None,
    beam: int = 1,
    lexicon: Constraint | None = None,
    batch_size: int = 32,
    shown: int = 24,
    console: Console | None = None,
) -> Evaluation:
    """Read every sample of a source (its first `limit`) and compare; none is left out silently.

    Samples that cannot be read at all are counted as dropped, by reason. Under `accelerate launch` each
    process reads its share, and every process returns the whole result; show and write the first one's,
    which alone has pictures.

    Args:
        reader: The model.
        source: The data set.
        title: Heading of the report.
        limit: Most samples.
        beam: Width of the search.
        lexicon: The only allowed texts.
        batch_size: Samples at a time.
        shown: How many of the worst and of the first samples the report shows with pictures.
        console: Where to show progress; None shows nothing.

    Raises:
        DataError: The source is empty.
    """
    count = min(len(source), limit or len(source))
    if count == 0:
        raise DataError(f"there is nothing to evaluate: {source.description}")
    first = processes().is_main_process
    began = time.perf_counter()
    indices = share_of(count)
    readings = reader.stream(samples_of(source, indices), batch_size=batch_size, beam=beam, lexicon=lexicon)
    visible = console if first else None
    lines = [
        _line(index, source, reading)
        for index, reading in zip(indices, _shown_progress(readings, len(indices), visible), strict=True)
    ]
    lines = gathered(lines, lambda line: line.index)
    seconds = time.perf_counter() - began
    read = [line for line in lines if line.error is None]
    report = summarize(
        title,
        [line.reference for line in read],
        [line.prediction for line in read],
        [line.confidence for line in read],
        facts=_facts(reader, source, count, seconds, beam=beam, lexicon=lexicon),
        dropped=Counter(line.reason or "" for line in lines if line.error is not None),
        sections=_sections(reader, source, read, shown, beam=beam, lexicon=lexicon) if first else (),
    )
    return Evaluation(report, lines)


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write ``report.html``, ``scores.json`` and ``readings.jsonl`` into a folder.

    Raises:
        StorageError: They could not be written.
    """
    lines = [{name: value for name, value in vars(line).items() if value is not None} for line in evaluation.lines]
    write_whole(folder / "report.html", render_html(evaluation.report))
    write_whole(folder / "scores.json", json.dumps(as_json(evaluation.report), ensure_ascii=False, indent=1))
    write_whole(folder / "readings.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def show(evaluation: Evaluation, console: Console) -> None:
    """Print the tables."""
    report = evaluation.report
    console.print(tables.score_table(report.scores))
    console.print(tables.count_table(report.evaluated, report.dropped))
    if report.evaluated:
        console.print(tables.length_table(report.lengths))
        console.print(tables.coverage_table(report.coverages))
        console.print(tables.reliability_table(report.reliability, report.calibration_error))
        console.print(tables.confusion_table(report.confusions))


def card(reading: Reading, reference: str | None) -> SampleCard:
    """Return a reading as a report shows it."""
    characters = [each.text for each in reading.characters]
    views, attention = reading.views, reading.attention
    found = views is not None and attention is not None and len(characters) > 0
    return SampleCard(
        name=reading.name,
        reference=reference,
        prediction=reading.text,
        confidence=reading.confidence,
        characters=tuple((each.text, each.confidence) for each in reading.characters),
        picture=cv2.hconcat(list(views)) if views is not None else None,
        overview=draw_overview(views, attention, characters) if found else None,  # type: ignore[arg-type]
        heat_maps=tuple(character_heat_maps(views, attention)) if found else (),  # type: ignore[arg-type]
    )


def _line(index: int, source: Source, reading: Reading) -> Line:
    reference = "" if reading.error is not None else source.text(index)
    reason = _REASONS.get(reading.reason or "", "cannot be read") if reading.error is not None else None
    return Line(index, reading.name, reference, reading.text, reading.confidence, reading.error, reason)


_REASONS = {
    PictureError.__name__: "unreadable picture",
    RecordError.__name__: "damaged record",
    DataError.__name__: "bad sample",
}


def _shown_progress(readings: Iterator[Reading], total: int, console: Console | None) -> Iterator[Reading]:
    if console is None or not console.is_terminal:
        yield from readings
        return
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(readings, total=total)


def _facts(
    reader: Reader, source: Source, count: int, seconds: float, *, beam: int, lexicon: Constraint | None
) -> list[tuple[str, str]]:
    description, lexicon = reader.description, lexicon or reader.within
    search = "greedy" if beam == 1 and lexicon is None else f"beam of {beam}"
    return [
        ("model", f"{description.name}, step {description.step}"),
        ("data", source.description),
        ("samples", str(count)),
        ("search", search + (f" within {lexicon.description}" if lexicon is not None else "")),
        ("time", f"{seconds:.1f} s, {count / seconds:.1f} samples a second"),
    ]


def _sections(
    reader: Reader, source: Source, lines: list[Line], shown: int, *, beam: int, lexicon: Constraint | None
) -> list[CardSection]:
    """Read the worst and the first samples once more for their pictures."""
    wrong = [line for line in lines if metrics.strict(line.reference) != metrics.strict(line.prediction)]
    worst = sorted(wrong, key=lambda line: -_error(line))[:shown]

    def cards(chosen: list[Line]) -> tuple[SampleCard, ...]:
        samples = (source[line.index] for line in chosen)
        readings = reader.stream(samples, beam=beam, lexicon=lexicon)
        return tuple(card(reading, line.reference) for line, reading in zip(chosen, readings, strict=True))

    sections = [CardSection("First samples", "In the order of the data set.", cards(lines[: shown // 2]))]
    if worst:
        sections.insert(0, CardSection("Worst samples", "Most edits for their length first.", cards(worst)))
    return sections


def _error(line: Line) -> float:
    reference = metrics.strict(line.reference)
    return metrics.edit_distance(reference, metrics.strict(line.prediction)) / max(1, len(reference))
