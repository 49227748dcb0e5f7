"""The tables of a comparison in Markdown, and their place in a page."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.bench.result import number
from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.system.files import write_whole

PROFILES = ("strict", "folded", "str")

BLOCK = re.compile(r"(<!-- comparison -->\n).*?(<!-- end -->)", re.DOTALL)

HEAD = (
    "data", "tool", *PROFILES, "CER, folded", "failed", "ms alone", "ms in batches", "models, MB", "packages, MB",
    "memory alone, MB", "memory in batches, MB",
)  # fmt: skip


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
