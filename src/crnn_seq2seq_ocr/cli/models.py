"""The commands about models to hand out: list those of the package, make one of a training run."""

from pathlib import Path
from typing import Annotated

import typer

from crnn_seq2seq_ocr.cli.model import BatchSize, Device, Model


def models() -> None:
    """List the trained models that come with the package; their names do wherever a model is named."""
    from rich.console import Console

    from crnn_seq2seq_ocr.report.model_tables import model_tables

    tables = model_tables()
    if not tables:
        typer.echo("this installation has no trained models")
    for table in tables:
        Console(soft_wrap=True).print(table)


def release(
    model: Model,
    folder: Annotated[Path, typer.Argument(help="The folder to write; its name becomes the model's.")],
    data: Annotated[list[str], typer.Argument(help="Data to check and measure it on, as for evaluate.")],
    about: Annotated[str, typer.Option(help="What it is for, in a sentence.")],
    calibration: Annotated[
        str | None, typer.Option(help="Other data, by which its confidences are set right; it reads the same.")
    ] = None,
    push: Annotated[str | None, typer.Option(help="Send it to the Hugging Face hub too: owner/name.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples of each.")] = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
) -> None:
    """Make of a trained model a folder to hand out: half the size, checked to read the same, with its results.

    It reads with and without PyTorch.
    """
    from rich.console import Console

    from crnn_seq2seq_ocr.checkpoint.hub import check_repository, push_model
    from crnn_seq2seq_ocr.export.card import model_card
    from crnn_seq2seq_ocr.export.release import release as run

    if push is not None:
        check_repository(push)
    description = run(
        model,
        folder,
        data,
        name=folder.name,
        about=about,
        calibration=calibration,
        limit=limit,
        batch_size=batch_size,
        device=device,
        console=Console(stderr=True),
    )
    for each in description.results:
        typer.echo(f"{each.data}: {each.sequence_accuracy:.2%} of {each.samples:,} right (strict), CER {each.cer:.2%}")
    size = sum(path.stat().st_size for path in folder.iterdir())
    typer.echo(f"{folder}: {size / 1e6:.1f} MB")
    if push is not None:
        typer.echo(f"sent to {push_model(folder, push, card=model_card(description, push))}")


def average(
    base: Annotated[Path, typer.Argument(help="The model that the other went on from.", show_default=False)],
    tuned: Annotated[Path, typer.Argument(help="A model, or the folder of a training run.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="The model folder to write.", show_default=False)],
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the second model.")] = 0.5,
) -> None:
    """Average the weights of a model and of one that went on from it.

    The result often keeps what training on new data forgets, and most of what it brings: evaluate several shares on
    data that neither was trained on.
    """
    from crnn_seq2seq_ocr.training.averaging import average_models

    average_models(base, tuned, folder, share=share)
    typer.echo(f"the model is in {folder}")
