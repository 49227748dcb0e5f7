"""Labels without people: texts on which readers agree, or of which one is sure enough."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.labelling.readers import CropReader, Guess
from crnn_seq2seq_ocr.labelling.store import LABELS, is_listable
from crnn_seq2seq_ocr.system.files import make_folder, write_whole, writing

LEFT_OUT = "left-out.tsv"
"""Pictures without a label, with the reason and what each reader said."""


class Rule(NamedTuple):
    """When a text is taken.

    Attributes:
        agree: Least confidence of every reader where all say the same.
        nearly: The same where they differ in case and spaces only; the surest one's text is taken.
        alone: Least confidence of one reader to be believed against the others; None never does.
    """

    agree: float = 0.0
    nearly: float = 0.9
    alone: float | None = 0.98


class Verdict(NamedTuple):
    """The text of a picture and how sure its surest reader is; or None and the reason why there is none."""

    text: str | None
    confidence: float
    reason: str


def judge(guesses: Sequence[Guess], rule: Rule) -> Verdict:
    """Decide by what all readers say of one picture.

    Args:
        guesses: One of each reader, at least one.
        rule: When a text is taken.
    """
    broken = next((guess.error for guess in guesses if guess.error), None)
    if broken:
        return Verdict(None, 0.0, broken)
    best = max(guesses, key=lambda guess: guess.confidence)
    least = min(guess.confidence for guess in guesses)
    if not best.text:
        return Verdict(None, best.confidence, "no text was read")
    if len(guesses) > 1 and len({guess.text for guess in guesses}) == 1:
        if least >= rule.agree:
            return Verdict(best.text, best.confidence, "all agree")
        return Verdict(None, least, f"all agree, but one is less than {rule.agree:g} sure")
    if len(guesses) > 1 and len({_folded(guess.text) for guess in guesses}) == 1:
        if least >= rule.nearly:
            return Verdict(best.text, best.confidence, "all agree but for case and spaces")
        return Verdict(None, least, f"they differ in case or spaces, and one is less than {rule.nearly:g} sure")
    if rule.alone is not None and best.confidence >= rule.alone:
        return Verdict(best.text, best.confidence, "one is sure enough")
    return Verdict(None, best.confidence, "they disagree" if len(guesses) > 1 else "not sure enough")


def label_folder(
    pictures: dict[str, Path],
    out: Path,
    readers: dict[str, CropReader],
    *,
    rule: Rule,
    progress: Callable[[int], None] = lambda done: None,
) -> Counter[str]:
    """Copy the pictures that get a label into a new folder with ``labels.tsv``, the least sure first.

    Args:
        pictures: By their name from their folder.
        out: The folder to write; `LEFT_OUT` in it lists the others, each with its reason.
        readers: By name.
        rule: When a text is taken.
        progress: Told how many pictures have been read.

    Returns:
        How many pictures there are by reason.

    Raises:
        DataError: A name cannot stand in a list.
        StorageError: The folder is there already, or cannot be written.
    """
    if out.exists():
        raise StorageError(f"{out} is there already: name a new folder")
    unfit = next((file for file in pictures if not is_listable(file)), None)
    if unfit is not None:
        raise DataError(f"{unfit!r} cannot stand in a list of labels ('|' or a control character): rename it")
    labels: list[tuple[float, str]] = []
    left: list[str] = []
    reasons: Counter[str] = Counter()
    make_folder(out)
    for done, (file, guesses) in enumerate(_guesses(pictures, readers), 1):
        verdict = judge(guesses, rule)
        reasons[verdict.reason if not any(guess.error for guess in guesses) else "unreadable picture"] += 1
        if verdict.text is None:
            said = "\t".join(f"{_one_line(guess.text)}\t{guess.confidence:.4f}" for guess in guesses)
            left.append(f"{file}\t{_one_line(verdict.reason)}\t{said}\n")
        else:
            with writing(out):
                (out / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(pictures[file], out / file)
            row = f"{file}\t{_one_line(verdict.text)}\t{verdict.confidence:.4f}\t{verdict.reason}\n"
            labels.append((verdict.confidence, row))
        progress(done)
    columns = "".join(f"\t{name}\t{name} confidence" for name in readers)
    write_whole(out / LEFT_OUT, f"file\treason{columns}\n" + "".join(left))
    rows = [row for _, row in sorted(labels)]
    write_whole(out / LABELS, "file\ttext\tconfidence\tby\n" + "".join(rows))
    return reasons


def _guesses(pictures: dict[str, Path], readers: dict[str, CropReader]) -> Iterator[tuple[str, list[Guess]]]:
    """All readers side by side, so that memory does not grow with the pictures."""
    streams = [reader.read(iter(pictures.values())) for reader in readers.values()]
    for file, guesses in zip(pictures, zip(*streams, strict=True), strict=True):
        yield file, list(guesses)


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _one_line(text: str) -> str:
    return " ".join(text.split())
