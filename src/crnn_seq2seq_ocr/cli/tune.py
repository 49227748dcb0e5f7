"""The command that makes a model of one's own from a folder of pictures with texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crnn_seq2seq_ocr.cli.model import Allow, PatternText
from crnn_seq2seq_ocr.cli.printing import make_console

if TYPE_CHECKING:
    from rich.console import Console

    from crnn_seq2seq_ocr.tuning.plan import Plan


def tune(
    model: Annotated[
        str | None, typer.Argument(help="Model to continue from, such as words; omit it with --resume.")
    ] = None,
    data: Annotated[
        str | None, typer.Argument(help="A folder of pictures with texts, or what `data check` takes.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(help="Settings of the training to change: section.setting=value.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for all results.", show_default="runs/FOLDER")] = None,
    held_out: Annotated[
        str | None,
        typer.Option(
            help="Held-out samples for measuring, such as 'mine?part=test'.", show_default="a fifth, by a hash"
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Data that the model was trained on, mixed in against forgetting; 'none' for none.",
            show_default="drawn words, or signs for models of several views",
        ),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Take the model's sizes and settings, not its weights.")
    ] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="Train on 1/8, 1/4, 1/2 and all: what would twice as many samples bring?")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the plan and the expected time.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the tuning in --out.")] = False,
    allow: Allow = None,
    pattern: PatternText = None,
    drop_unusable: Annotated[
        bool, typer.Option("--drop-unusable", help="Drop unusable samples, however many there are.")
    ] = False,
) -> None:
    """Fine-tune a model on your own data: check the data, train, calibrate, measure, release.

    For example: crnn-ocr tune words my-labels/

    With --allow or --pattern all texts must be within it, and the model will read nothing else.
    """
    from crnn_seq2seq_ocr.tuning.card import plan_lines
    from crnn_seq2seq_ocr.tuning.plan import Request, make_plan

    folder = _folder(out, data, resume=resume)
    if resume:
        request = Request.load(folder)
    else:
        if model is None or data is None:
            raise typer.BadParameter("name a model and a folder, as in: crnn-ocr tune words my-labels/")
        request = Request(
            model=model,
            data=data,
            held_out=held_out,
            keep="" if keep == "none" else keep,
            from_scratch=from_scratch,
            drop_unusable=drop_unusable,
            allow=allow,
            pattern=pattern,
            settings=tuple(settings or ()),
        )
    console = make_console(soft_wrap=True, highlight=False)
    with console.status("checking the data"):
        plan = make_plan(request, name=folder.name)
    for line in plan_lines(plan):
        console.print(line, markup=False)
    _say_when(plan, console, curve=curve)
    if dry_run:
        return
    if curve:
        _curve(plan, folder, console)
    else:
        _tune(plan, folder, console, resume=resume)


def _folder(out: Path | None, data: str | None, *, resume: bool) -> Path:
    if out is not None:
        return out
    if data is None:
        raise typer.BadParameter("name the folder to resume with --out" if resume else "name a model and a folder")
    place = data.partition("?")[0].partition(" + ")[0]
    return Path("runs") / (Path(place).stem if Path(place).suffix else Path(place).name)


def _say_when(plan: "Plan", console: "Console", *, curve: bool) -> None:
    from datetime import datetime, timedelta

    from crnn_seq2seq_ocr.tuning.forecast import seconds_of

    initial = None if plan.request.from_scratch else Path(plan.request.model)
    with console.status("measuring some steps"):
        seconds = seconds_of(plan.recipe, initial=initial)
    if curve:  # steps grow with the root of the number of samples
        seconds *= 1 + 0.5**0.5 + 0.25**0.5 + 0.125**0.5
    ready = datetime.now() + timedelta(seconds=seconds)
    day = "" if ready.date() == datetime.now().date() else f" on {ready:%d %B}"
    console.print(f"ready at about {ready:%H:%M}{day}, in {_duration(seconds)} at most", markup=False)


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minutes" if minutes < 100 else f"{minutes / 60:.1f} hours"


def _tune(plan: "Plan", folder: Path, console: "Console", *, resume: bool) -> None:
    from crnn_seq2seq_ocr.tuning.card import end_lines
    from crnn_seq2seq_ocr.tuning.run import CARD, REPORT, next_commands
    from crnn_seq2seq_ocr.tuning.run import tune as run

    tuned = run(plan, folder=folder, resume=resume, console=console)
    if tuned.own is not None:
        for line in end_lines(tuned.own, tuned.known):
            console.print(line, markup=False)
        console.print(f"card: {folder / CARD}; worst cases: {folder / REPORT / 'report.html'}", markup=False)
    console.print("next:", markup=False)
    for command in next_commands(folder, tuned):
        console.print(f"  {command}", markup=False)
    if tuned.model is None:
        raise typer.Exit(130)


def _curve(plan: "Plan", folder: Path, console: "Console") -> None:
    from crnn_seq2seq_ocr.tuning.curve import curve_lines, learning_curve

    points = learning_curve(plan, folder=folder, console=console)
    if points is None:
        console.print("interrupted: the same command goes on", markup=False)
        raise typer.Exit(130)
    for line in curve_lines(points):
        console.print(line, markup=False)
