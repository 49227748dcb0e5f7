"""The worker's side of a comparison: reads pictures as it is told, in JSON lines, within the environment of its tool.

Nothing of this project need be installed there. Each sample is a list of files: one picture, or the views of a sign.

    in   {"pictures": [["a.png"], ["b-0.png", "b-1.png"]], "batch": 1}
    out  {"text": "...", "ms": 12.3, "memory": 123456789} or {"error": "..."}, for each sample as soon as it is read
    in   {"pictures": [["a.png"], ["c.png"]], "batch": 32}
    out  {"texts": ["...", "..."], "ms": 20.1, "memory": 123456789} or {"error": "..."}

The first line out is {"ready": {...}}, {"absent": "how to get it"}, {"unfit": "what it reads"} or {"error": "..."}.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class AbsentError(Exception):
    """Something that the tool needs is not here; the message says how to get it."""


class UnfitError(Exception):
    """The tool does not read pictures of this kind; the message says what it reads."""


class Tool(Protocol):
    """What reads.

    Attributes:
        title: What it is.
        versions: Of the packages that do the work.
        files: What it needs on the disk besides its packages: its models.
        batches: Whether it has a way of its own to read many pictures together.
    """

    title: str
    versions: str
    files: Sequence[Path]
    batches: bool

    def read(self, files: Sequence[str]) -> str:
        """The text of a sample."""
        ...

    def read_batch(self, samples: Sequence[Sequence[str]], size: int) -> list[str]:
        """The texts of samples, so many at a time."""
        ...


class Line(NamedTuple):
    """A line that a tool found in a view: its text, how sure it is (0 to 1), where it is (pixels)."""

    text: str
    confidence: float
    left: float
    top: float
    bottom: float


def most_confident(views: Sequence[Sequence[Line]], *, least: float = 0.5) -> str:
    """The lines of one view in reading order: of the view where the tool is surest of most characters.

    Args:
        views: What was found in each.
        least: Lines that the tool is less sure of are left out.
    """
    kept = [[line for line in lines if line.confidence >= least and line.text.strip()] for lines in views]
    best = max(kept, key=lambda lines: sum(len(line.text) * line.confidence for line in lines), default=[])
    return " ".join(line.text.strip() for line in in_reading_order(best))


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Rows from top to bottom, each from left to right; a line whose middle lies within a row belongs to it."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        middle = (line.top + line.bottom) / 2
        if rows and rows[-1][0].top < middle < rows[-1][0].bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.left)]


def serve(make: Callable[[str, str, int], Tool]) -> None:
    """Make the tool of the arguments and read what comes in until there is no more.

    Args:
        make: Gives the tool of a variant, a kind of pictures (`words`, `lines` or `signs`) and a number of threads.
    """
    channel = _channel()
    variant, kind, threads = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):  # whatever threads a library starts by itself share these cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])

    def say(content: dict[str, Any]) -> None:
        channel.write(json.dumps(content) + "\n")
        channel.flush()

    try:
        tool = make(variant, kind, int(threads))
        size = sum(file.stat().st_size for file in tool.files)
    except AbsentError as absent:
        return say({"absent": str(absent)})
    except ModuleNotFoundError as missing:
        return say({"absent": f"its environment lacks {missing.name}"})
    except UnfitError as unfit:
        return say({"unfit": str(unfit)})
    except Exception as error:
        return say({"error": _told(error)})
    say({"ready": {"title": tool.title, "versions": tool.versions, "models": size, "batches": tool.batches}})
    for request in map(json.loads, sys.stdin):
        if request["batch"] == 1:
            for files in request["pictures"]:
                say(_timed(lambda files=files: {"text": tool.read(files)}))
        else:
            say(_timed(lambda request=request: {"texts": tool.read_batch(request["pictures"], request["batch"])}))


def _channel() -> Any:
    """Where the answers go: what libraries print goes to the log instead."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _timed(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        found = work()
    except Exception as error:  # whatever a tool stumbles over is its failure, not the end
        return {"error": _told(error)}
    return found | {"ms": 1000 * (time.perf_counter() - started), "memory": peak_memory()}


def _told(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
