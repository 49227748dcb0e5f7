"""Reading into a file, shown on the terminal: how far it is, how fast, and what came of it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crnn_seq2seq_ocr.cli.printing import echo, make_console

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.bulk.run import ReadingProgress
    from crnn_seq2seq_ocr.bulk.share import SharedProgress


def write_all(work: "Callable[..., ReadingProgress]", path: Path, *, shown: bool, what: str = "texts") -> int:
    """Read into a file, and say how it goes and what came of it; how many failed.

    Raises:
        Exit: It was asked to stop before the end.
    """
    with _progress(shown=shown) as progress:
        so_far = work(progress=progress)
    again = "(their rows say why; --retry-failed reads them again)"
    failed = f", {so_far.failed:,} of them failed {again}" if so_far.failed else ""
    echo(f"{path}: {so_far.done:,} of {so_far.total:,} {what}, {so_far.read:,} of them now{failed}")
    if so_far.left:
        echo(f"stopped with {so_far.left:,} left: the same command goes on", err=True)
        raise typer.Exit(130)
    return so_far.failed


def share_all(work: "Callable[..., SharedProgress]", folder: Path) -> None:
    """Read parts that are shared with other processes, and say how it goes; a line every ten seconds.

    Raises:
        Exit: It was asked to stop before the end.
    """
    began = told = time.monotonic()

    def report(so_far: "SharedProgress") -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= 10:
            told = now
            pace = f"{so_far.read / (now - began):.1f} a second, {so_far.failed:,} failed"
            echo(f"reading: {so_far.done:,} of {so_far.total:,} parts, {so_far.read:,} texts here, {pace}", err=True)

    so_far = work(progress=report)
    failed = f", {so_far.failed:,} of them failed" if so_far.failed else ""
    echo(f"{folder}: {so_far.done:,} of {so_far.total:,} parts, {so_far.read:,} texts read here{failed}")
    if so_far.done < so_far.total:
        echo("stopped before the end: the same command goes on, here or elsewhere", err=True)
        raise typer.Exit(130)


@contextlib.contextmanager
def _progress(*, shown: bool) -> "Iterator[Callable[[ReadingProgress], None]]":
    """Show a progress bar on standard error; without a terminal, a line every ten seconds."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = make_console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("reading", total=None, pace="")
        began = reported = time.monotonic()

        def report(so_far: "ReadingProgress") -> None:
            nonlocal reported
            now = time.monotonic()
            pace = _pace(so_far, now - began)
            bar.update(task, completed=so_far.done, total=so_far.total, pace=pace)
            if shown and not console.is_terminal and now - reported >= 10:
                reported = now
                echo(f"reading: {so_far.done:,} of {so_far.total:,}, {pace}", err=True)

        yield report


def _pace(so_far: "ReadingProgress", seconds: float) -> str:
    a_second = so_far.read / max(seconds, 1e-9)
    left = timedelta(seconds=round(so_far.left / a_second))
    return f"{a_second:.1f} a second, {left} left, {so_far.failed:,} failed"
