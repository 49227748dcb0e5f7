"""Reading into a file, told on the terminal: how far it is, how fast, and what came of it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.bulk.run import Tally


def write_all(work: "Callable[..., Tally]", path: Path, *, shown: bool, what: str = "texts") -> int:
    """Read into a file, and say how it goes and what came of it; how many failed.

    Raises:
        Exit: It was asked to stop before the end.
    """
    with _progress(shown=shown) as progress:
        tally = work(progress=progress)
    failed = f", {tally.failed:,} of them failed (--retry-failed reads them again)" if tally.failed else ""
    typer.echo(f"{path}: {tally.done:,} of {tally.total:,} {what}, {tally.read:,} of them now{failed}")
    if tally.left:
        typer.echo(f"stopped with {tally.left:,} left: the same command goes on", err=True)
        raise typer.Exit(130)
    return tally.failed


@contextlib.contextmanager
def _progress(*, shown: bool) -> "Iterator[Callable[[Tally], None]]":
    """A progress bar on standard error; without a terminal, a line every ten seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("reading", total=None, pace="")
        began = told = time.monotonic()

        def report(tally: "Tally") -> None:
            nonlocal told
            now = time.monotonic()
            pace = _pace(tally, now - began)
            bar.update(task, completed=tally.done, total=tally.total, pace=pace)
            if shown and not console.is_terminal and now - told >= 10:
                told = now
                typer.echo(f"reading: {tally.done:,} of {tally.total:,}, {pace}", err=True)

        yield report


def _pace(tally: "Tally", seconds: float) -> str:
    a_second = tally.read / max(seconds, 1e-9)
    left = timedelta(seconds=round(tally.left / a_second))
    return f"{a_second:.1f} a second, {left} left, {tally.failed:,} failed"
