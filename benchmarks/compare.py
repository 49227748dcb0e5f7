"""Our models and the tools that one would otherwise take, on the same pictures, in the same run: a table in Markdown.

    python -m benchmarks.compare --install --environments FOLDER
    python -m benchmarks.compare --environments FOLDER --words NAME=SOURCE ... --signs NAME=SOURCE ... --json FILE
    python -m benchmarks.compare --from FILE --markdown docs/comparison.md --summary README.md

Run it in the root of the checkout. Sources are named as for ``crnn-ocr evaluate``. The tools are ours:MODEL (a released
one, or a folder), tesseract:LANGUAGES, rapidocr:v5, rapidocr:v6-small, rapidocr:v6-tiny and easyocr; each but ours has
an environment of its own in FOLDER, which ``--install`` makes with pip. Tesseract's languages are the system's: on
Debian, `apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra`. What is not there is told in the table.
docs/comparison.md says how it is measured.
"""

import argparse
import contextlib
import itertools
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import install, packages_size, python_of, tool_named
from benchmarks.workers import UnreadyError, Worker
from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.bench.result import number
from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, picture_format
from crnn_seq2seq_ocr.data.sample import Picture, Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.data.views import real_views, split_views
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError
from crnn_seq2seq_ocr.metrics import score
from crnn_seq2seq_ocr.model_folders import write_whole

KINDS = ("words", "lines", "signs")

DEFAULT_TOOLS = (
    "ours:words,ours:fsns,tesseract:eng,tesseract:fra+eng,rapidocr:v5,rapidocr:v6-small,rapidocr:v6-tiny,easyocr"
)

VIEWS = 4
"""Of a sign that is one strip."""

CHUNK = 256
"""The most pictures that one tool reads before it is the next one's turn."""

WARMUP = 4
"""Pictures that are read before it counts."""

PROFILES = ("strict", "folded", "str")

BLOCK = re.compile(r"(<!-- comparison -->\n).*?(<!-- end -->)", re.DOTALL)

HEAD = (
    "data", "tool", *PROFILES, "CER, folded", "failed", "ms alone", "ms in batches", "models, MB", "packages, MB",
    "memory alone, MB", "memory in batches, MB",
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """Pictures as files, and their texts.

    Attributes:
        name: In the table.
        kind: One of `KINDS`.
        references: The texts.
        whole: The files of each sample as they are: one picture, or the views if they are single files.
        views: One file for each real view of a sign; as `whole` for words and lines.
        left_out: Samples that could not be had; no tool is asked for them.
    """

    name: str
    kind: str
    references: list[str]
    whole: list[list[str]]
    views: list[list[str]]
    left_out: int


@dataclass
class Row:
    """What one tool did with one set of data.

    Attributes:
        data: Name of the data.
        tool: The tool, as on the command line.
        title: What it calls itself.
        versions: Of its packages.
        texts: What it read; None for failures.
        errors: Of the failures, by index of the sample.
        ms_alone: Milliseconds a picture, one at a time: means of the rounds.
        ms_together: The same in batches; empty if it has none.
        other_in_batches: Texts that differ when read in batches.
        batch_errors: Why batches failed.
        models: Bytes of the models on the disk.
        packages: Bytes of the packages.
        memory_alone: The most that the process held until it had read its first pictures one at a time, bytes.
        memory: The most that it held at all, bytes.
    """

    data: str
    tool: str
    title: str
    versions: str
    models: int
    packages: int
    texts: list[str | None] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    ms_alone: list[float] = field(default_factory=list)
    ms_together: list[float] = field(default_factory=list)
    other_in_batches: int = 0
    batch_errors: list[str] = field(default_factory=list)
    memory_alone: int = 0
    memory: int = 0


# --- data -----------------------------------------------------------------------------------------


def prepare(name: str, spec: str, kind: str, folder: Path, limit: int | None) -> Data:
    """The pictures of a source as files in a folder; of more than `limit` samples so many, evenly spread.

    Raises:
        CrnnOcrError: The source cannot be opened, or has nothing to read.
    """
    source = open_source(spec)
    count = len(source) if limit is None else min(limit, len(source))
    data = Data(name, kind, [], [], [], 0)
    left_out = 0
    for place in range(count):
        try:
            sample = source[place * len(source) // count]
            whole, views = _files(sample, kind, folder / f"{place:06d}")
        except DataError as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            left_out += 1
            continue
        data.references.append(sample.text)
        data.whole.append(whole)
        data.views.append(views)
    if not data.references:
        raise DataError(f"{spec} has no picture that can be read")
    return Data(name, kind, data.references, data.whole, data.views, left_out)


def _files(sample: Sample, kind: str, stem: Path) -> tuple[list[str], list[str]]:
    """Files of a sample as it is, and those of its views."""
    if kind != "signs" and len(sample.images) > 1:
        raise CrnnOcrError(f"{sample.name} has several pictures: give it with --signs")
    stem.parent.mkdir(parents=True, exist_ok=True)
    whole = [_write(picture, f"{stem}-{place}") for place, picture in enumerate(sample.images)]
    if kind != "signs" or len(whole) > 1:
        return whole, whole
    views = split_views(decode_picture(sample.images[0], name=sample.name), VIEWS)
    real = views[: sample.views or real_views(views)]
    return whole, [_write(view, f"{stem}-0-{place}") for place, view in enumerate(real)]


def _write(picture: Picture, stem: str) -> str:
    """A picture as a file: as it is where all tools know the format, else as PNG."""
    if isinstance(picture, bytes) and picture_format(picture) is None:
        picture = decode_picture(picture, name=stem)
    data = picture if isinstance(picture, bytes) else encode_picture(picture)
    place = Path(f"{stem}.{picture_format(data)}")
    place.write_bytes(data)
    return str(place)


# --- measuring ------------------------------------------------------------------------------------


@dataclass
class Contest:
    """Tools on one set of data.

    Attributes:
        data: The data.
        options: The command's.
        folder: For logs.
        absent: Why tools could not take part, by tool; shared by all sets.
    """

    data: Data
    options: argparse.Namespace
    folder: Path
    absent: dict[str, str]

    def rows(self) -> list[Row]:
        """What each tool did; in rounds, so that whatever else the machine does falls on all of them alike."""
        with contextlib.ExitStack() as stack:
            entrants = [entrant for spec in self.options.tools for entrant in self._entrants(spec, stack)]
            for worker, samples, _ in entrants:
                worker.read_alone(samples[:WARMUP])
            for turn, chunk in enumerate(self._chunks()):
                print(f"{self.data.name}: pictures {chunk.start + 1} to {chunk.stop}", file=sys.stderr)
                first = turn % len(entrants) if entrants else 0
                for worker, samples, row in (*entrants[first:], *entrants[:first]):
                    self._read(worker, [samples[place] for place in chunk], row, chunk.start)
        return [row for _, _, row in entrants]

    def _entrants(self, spec: str, stack: contextlib.ExitStack) -> Iterator[tuple[Worker, list[list[str]], Row]]:
        """The tool's worker, its samples and its row, if it can take part."""
        tool, name, variant = tool_named(spec)
        environments, threads = self.options.environments, self.options.threads
        python = python_of(name, environments)
        how = f"`python -m benchmarks.compare --install --tools {name} --environments FOLDER`"
        if not python.exists():
            self.absent[spec] = f"not installed: {how}"
            return
        command = [str(python), str(tool.script), variant, self.data.kind, str(threads)]
        log = self.folder / f"{len(list(self.folder.iterdir()))}.log"
        try:
            worker = Worker(command, threads=threads, log=log, patience=self.options.patience)
        except UnreadyError as unready:
            if unready.kind != "unfit":
                self.absent[spec] = f"not installed: {unready}" if unready.kind == "absent" else f"failed: {unready}"
            return
        stack.callback(worker.close)
        packages = packages_size(name, environments)
        told = worker.ready
        row = Row(self.data.name, spec, told["title"], told["versions"], told["models"], packages)
        yield worker, self.data.whole if tool.strips else self.data.views, row

    def _chunks(self) -> Iterator[range]:
        """Which samples to read in each round; where there are few, they are read several times."""
        count = len(self.data.references)
        size = max(self.options.batch, min(CHUNK, -(-count // self.options.rounds)))
        chunks = [range(start, min(count, start + size)) for start in range(0, count, size)]
        return itertools.islice(itertools.cycle(chunks), max(len(chunks), self.options.rounds))

    def _read(self, worker: Worker, samples: list[list[str]], row: Row, start: int) -> None:
        """One round of one tool: a chunk one by one, and what could be read of it once more in batches."""
        answers = worker.read_alone(samples)
        row.memory_alone = row.memory_alone or worker.memory
        good = [place for place, answer in enumerate(answers) if "error" not in answer]
        new = start == len(row.texts)
        if new:
            row.texts += [answer.get("text") for answer in answers]
            row.errors |= {start + place: answer["error"] for place, answer in enumerate(answers) if "error" in answer}
        if not good:
            return
        row.memory = worker.memory
        row.ms_alone.append(statistics.mean(answers[place]["ms"] for place in good))
        if not worker.ready["batches"]:
            return
        size = self.options.batch
        filled = list(itertools.islice(itertools.cycle(good), max(len(good), size)))
        together = worker.read_together([samples[place] for place in filled], size)
        row.memory = worker.memory
        if "error" in together:
            row.batch_errors.append(together["error"])
            return
        row.ms_together.append(together["ms"] / len(filled))
        if new:
            pairs = zip(good, together["texts"], strict=False)  # those that only fill the batch are left out
            row.other_in_batches += sum(answers[place]["text"] != text for place, text in pairs)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All tools on all data; the JSON file is written after each set.

    Raises:
        CrnnOcrError: Data cannot be used, or a tool's name is wrong.
    """
    for spec in options.tools:
        tool_named(spec)
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
            rows = Contest(data, options, folder / "logs", result["absent"]).rows()
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


# --- the table ------------------------------------------------------------------------------------


def markdown(result: Mapping[str, Any]) -> str:
    """The circumstances in a sentence or two, the table, and what its columns mean."""
    told = result["circumstances"]
    commit = f"commit {told['commit']}, " if told["commit"] else ""
    where = (
        f"{told['time']}, {commit}{told['cpu']}, {told['cores']} cores, of which each tool got "
        f"{result['settings']['threads']}, load before {told['load']}. Data: "
        + ", ".join(map(_described, result["data"]))
        + "."
    )
    rows = [_cells(row) for row in result["rows"]]
    rows += [["–", f"`{tool}`", _plain(reason), *[""] * (len(HEAD) - 3)] for tool, reason in result["absent"].items()]
    versions = dict.fromkeys(f"{row['title']}: {row['versions']}" for row in result["rows"])
    rule = ["---", "---", *["---:"] * (len(HEAD) - 2)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in (HEAD, rule, *rows))
    note = (
        f"{', '.join(PROFILES)}: share of whole texts right by that profile. Failed: pictures at which "
        "the tool stumbled; they count as wrong. Milliseconds: medians over rounds of the mean of a picture, one "
        f"at a time and in batches of {result['settings']['batch']} (–: it has none). Signs have four views: our model "
        "gets the strip, the others get each view on its own, with their detector, and the surest view's lines count. "
        f"Versions: {'; '.join(versions)}."
    )
    return f"{where}\n\n{table}\n\n{note}\n"


def summary(result: Mapping[str, Any]) -> str:
    """A row for each tool: how many texts it read right of each data set, how fast, how large."""
    names = [data["name"] for data in result["data"]]
    kinds = {data["name"]: data["kind"] for data in result["data"]}
    tools: dict[str, dict[str, Any]] = {}
    for row in result["rows"]:
        tools.setdefault(row["title"], {})[row["data"]] = row
    head = ["tool", *map(_described, result["data"]), "ms a word", "ms a sign", "models, MB"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for title, rows in tools.items():
        right = [_percent(_share(rows[name], kinds[name])) if name in rows else "–" for name in names]
        times = [
            _median([each for name, row in rows.items() if kinds[name] == kind for each in row["ms_alone"]])
            for kind in ("words", "signs")
        ]
        lines.append([_plain(title), *right, *times, number(next(iter(rows.values()))["models"] / 1e6)])
    told = result["circumstances"]
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + f"\n\n{told['cpu']}, {result['settings']['threads']} cores, pictures one at a time. Whole texts right: of "
        "words by the profile `str`, of lines and signs by `folded`.\n"
    )


def _share(row: Mapping[str, Any], kind: str) -> float | None:
    share: float | None = row["scores"]["str" if kind == "words" else "folded"]["sequence_accuracy"]
    return share


def _described(data: Mapping[str, Any]) -> str:
    left_out = f", {data['left_out']} left out" if data["left_out"] else ""
    return f"{data['name']} ({len(data['references']):,} {data['kind']}{left_out})"


def _cells(row: Mapping[str, Any]) -> list[str]:
    shares = [row["scores"][profile]["sequence_accuracy"] for profile in PROFILES]
    return [
        row["data"],
        _plain(row["title"]),
        *map(_percent, [*shares, row["scores"]["folded"]["cer"]]),
        f"{len(row['errors']):,}",
        _median(row["ms_alone"]),
        _median(row["ms_together"]),
        *(number(row[size] / 1e6) for size in ("models", "packages", "memory_alone")),
        number(row["memory"] / 1e6) if row["ms_together"] else "–",
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _median(values: Sequence[float]) -> str:
    return number(statistics.median(values)) if values else "–"


def _plain(text: str) -> str:
    """In one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def replace_block(path: Path, content: str) -> None:
    """Put the comparison between the markers of a page.

    Raises:
        CrnnOcrError: There is no such page, or no such markers.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CrnnOcrError(f"{path} cannot be read ({error.strerror})") from None
    if not BLOCK.search(page):
        raise CrnnOcrError(f"{path} has no place for the table: write <!-- comparison --> and <!-- end --> as lines")
    write_whole(path, BLOCK.sub(lambda found: f"{found[1]}{content}{found[2]}", page))


# --- the command ----------------------------------------------------------------------------------


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
    result = measure(options) if options.earlier is None else json.loads(options.earlier.read_text(encoding="utf-8"))
    content = markdown(result)
    print(content)
    for page in options.markdown:
        replace_block(page, content)
    for page in options.summary:
        replace_block(page, summary(result))


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
