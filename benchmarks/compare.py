"""Our models and the tools that one would otherwise take, on the same pictures, in the same run: a table in Markdown.

    python -m benchmarks.compare --install --environments FOLDER
    python -m benchmarks.compare --environments FOLDER --words NAME=SOURCE ... --signs NAME=SOURCE ... --json FILE
    python -m benchmarks.compare --from FILE --markdown docs/comparison.md --summary docs/results.md

Run it in the root of the checkout. Sources are named as for ``crnn-ocr evaluate``. The tools are ours:MODEL (a released
one, or a folder), tesseract:LANGUAGES, rapidocr:v5, rapidocr:v6-small, rapidocr:v6-tiny and easyocr; each but ours has
an environment of its own in FOLDER, which ``--install`` makes with pip. Tesseract's languages are the system's: on
Debian, `apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra`. What is not there is told in the table.
docs/comparison.md says how it is measured.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.comparison_tables import markdown, replace_block, summary
from benchmarks.contest import CHUNK, Contest, Row, Rules
from benchmarks.environments import install, tool_named
from benchmarks.pictures import KINDS, prepare
from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError
from crnn_seq2seq_ocr.metrics import score
from crnn_seq2seq_ocr.system.files import write_whole

DEFAULT_TOOLS = (
    "ours:words,ours:fsns,tesseract:eng,tesseract:fra+eng,rapidocr:v5,rapidocr:v6-small,rapidocr:v6-tiny,easyocr"
)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All tools on all data; the JSON file is written after each set.

    Raises:
        CrnnOcrError: Data cannot be used, or a tool's name is wrong.
    """
    for spec in options.tools:
        tool_named(spec)
    rules = Rules(
        options.tools, options.environments, threads=options.threads, batch=options.batch, rounds=options.rounds,
        patience=options.patience,
    )  # fmt: skip
    result: dict[str, Any] = {
        "circumstances": asdict(Circumstances()),
        "settings": {"threads": options.threads, "batch": options.batch, "limit": options.limit},
        "data": [],
        "rows": [],
        "absent": {},
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "logs").mkdir()
        named = [(*_named(text), kind) for kind in KINDS for text in getattr(options, kind)]
        for place, (name, spec, kind) in enumerate(named):
            data = prepare(name, spec, kind, folder / f"data-{place}", options.limit)
            rows = Contest(data, rules, folder / "logs", result["absent"]).rows()
            result["data"].append(
                {"name": name, "kind": kind, "source": spec, "left_out": data.left_out, "references": data.references}
            )
            result["rows"] += [asdict(row) | {"scores": _scores(row, data.references)} for row in rows]
            if options.json:
                write_whole(options.json, json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    return result


def _named(text: str) -> tuple[str, str]:
    name, equals, spec = text.partition("=")
    if not equals or "?" in name or "/" in name:
        raise DataError(f"{text!r} has no name: write NAME=SOURCE")
    return name, spec


def _scores(row: Row, references: list[str]) -> dict[str, Any]:
    """By all profiles; a failure is an empty text."""
    return score(references, [text or "" for text in row.texts])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environments", type=Path, help="folder of the tools' environments")
    parser.add_argument("--install", action="store_true", help="make the environments of the tools, measure nothing")
    parser.add_argument("--tools", type=lambda text: text.split(","), default=DEFAULT_TOOLS, help=f"[{DEFAULT_TOOLS}]")
    for kind, what in zip(KINDS, ("of a word", "of a line", "of signs: several lines, four views"), strict=True):
        parser.add_argument(f"--{kind}", nargs="+", default=[], metavar="NAME=SOURCE", help=f"pictures {what}")
    parser.add_argument("--limit", type=int, help="most pictures of each set, evenly spread")
    parser.add_argument("--threads", type=int, default=2, help="and cores of each tool [2]")
    parser.add_argument("--batch", type=int, default=32, help="pictures read together, beside one at a time [32]")
    parser.add_argument(
        "--rounds", type=int, default=5, help=f"the fewest; a tool reads up to {CHUNK} pictures in one [5]"
    )
    parser.add_argument("--patience", type=float, default=300, help="seconds until a silent tool is ended [300]")
    parser.add_argument("--json", type=Path, help="file for every number and text")
    parser.add_argument("--from", type=Path, dest="earlier", help="such a file: show it, measure nothing")
    parser.add_argument("--markdown", type=Path, nargs="+", default=[], help="pages to put the table into")
    parser.add_argument("--summary", type=Path, nargs="+", default=[], help="pages to put a short table into")
    options = parser.parse_args(arguments)
    if options.earlier is None and options.environments is None:
        parser.error("--environments is needed: a folder for the tools' environments")
    if options.earlier is None and not options.install and not any(getattr(options, kind) for kind in KINDS):
        parser.error("give pictures: --words, --lines or --signs NAME=SOURCE")
    return options


def install_all(options: argparse.Namespace) -> None:
    """Install what can be installed.

    Raises:
        CrnnOcrError: Something could not be; the others are there.
    """
    failed = []
    for name in dict.fromkeys(tool_named(spec)[1] for spec in options.tools):
        try:
            install(name, options.environments)
        except CrnnOcrError as error:
            failed.append(str(error))
    if failed:
        raise CrnnOcrError("; ".join(failed))


def run(options: argparse.Namespace) -> None:
    """Install, or measure and show, or show."""
    if options.install:
        return install_all(options)
    result = measure(options) if options.earlier is None else _measured(options.earlier)
    content = markdown(result)
    print(content)
    for page in options.markdown:
        replace_block(page, content)
    for page in options.summary:
        replace_block(page, summary(result))


def _measured(path: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CrnnOcrError(f"{path} cannot be read ({error}): give the --json of an earlier run") from None
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = parse(arguments)
    try:
        run(options)
    except CrnnOcrError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the sets that were done are in the JSON file", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
