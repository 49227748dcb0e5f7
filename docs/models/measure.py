"""Fill in what was measured in the model cards.

    python docs/models/measure.py docs/models/fsns.md docs/models/words.md

A part to fill in stands between ``<!-- KIND MODEL DATA -->`` and ``<!-- end -->``; KIND is `scores`, `calibration` or
`failures`. Data that are not there leave their parts as they are. Pictures of failures go beside the card.
"""

import functools
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from crnn_seq2seq_ocr import Reader
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, Line, evaluate
from crnn_seq2seq_ocr.metrics import correctness
from crnn_seq2seq_ocr.system.files import write_whole

PART = re.compile(r"<!-- (scores|calibration|failures) (.+?) -->\n.*?<!-- end -->", re.DOTALL)
FAILURES = 6


def fill(card: Path) -> None:
    """Measure all that a card wants to have measured, and write it there."""
    text = card.read_text(encoding="utf-8")
    write_whole(card, PART.sub(lambda part: _filled(part, card), text))


def _filled(part: re.Match[str], card: Path) -> str:
    kind, arguments = part.groups()
    model, data = shlex.split(arguments)
    try:
        evaluation = measured(model, data)
    except DataError as error:
        print(f"{card}: {kind} of {data} left as it is: {error}", file=sys.stderr)
        return part[0]
    if kind == "scores":
        content = scores(evaluation)
    elif kind == "calibration":
        content = calibration(evaluation)
    else:
        content = failures(evaluation, data, card.with_name(f"{card.stem}-failures"))
    command = f"`crnn-ocr evaluate {shlex.join([model, data])}`"
    return f"<!-- {kind} {arguments} -->\n{command}: {evaluation.report.evaluated:,} samples\n\n{content}\n<!-- end -->"


@functools.cache
def measured(model: str, data: str) -> Evaluation:
    """What a model reads of some data."""
    return evaluate(Reader.load(model), open_source(data), shown=0)


def scores(evaluation: Evaluation) -> str:
    """A row for each profile."""
    return _table(
        ["profile", "whole text right", "right / counted", "CER", "WER"],
        (
            [name, _percent(values["sequence_accuracy"]), f"{values['correct']:,} / {values['count']:,}",
             _percent(values["cer"]), _percent(values["wer"])]
            for name, values in evaluation.report.scores.items()
        ),
    )  # fmt: skip


def calibration(evaluation: Evaluation) -> str:
    """A row for each range of confidence, and the mean gap."""
    report = evaluation.report
    rows = (
        [f"{each.low:.0%}-{each.high:.0%}", f"{each.count:,}", _percent(each.confidence), _percent(each.accuracy)]
        for each in report.reliability
    )
    table = _table(["confidence", "samples", "mean confidence", "whole text right (strict)"], rows)
    return f"{table}\n\nExpected calibration error {report.calibration_error:.4f}."


def failures(evaluation: Evaluation, data: str, folder: Path) -> str:
    """The mistakes that the model was surest of, with their pictures."""
    lines = [line for line in evaluation.lines if line.error is None]
    right = correctness([line.reference for line in lines], [line.prediction for line in lines])
    wrong = [line for line, each in zip(lines, right, strict=True) if not each]
    surest = sorted(wrong, key=lambda line: -line.confidence)[:FAILURES]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rows = (
        [f"![]({folder.name}/{_save_picture(line, data, folder / f'{number}.jpg')})", _code(line.reference),
         _code(line.prediction), f"{line.confidence:.2f}"]
        for number, line in enumerate(surest)
    )  # fmt: skip
    return _table(["picture", "text", "read", "confidence"], rows)


def _save_picture(line: Line, data: str, path: Path) -> str:
    picture = open_source(data)[line.index].images[0]
    Image.fromarray(decode_picture(picture, name=line.name)).save(path, quality=85)
    return path.name


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [columns, ["---"] * len(columns), *rows])


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`" if text else "nothing"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        fill(Path(name))
