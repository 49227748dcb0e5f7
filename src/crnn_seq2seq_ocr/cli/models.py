"""The commands about models to hand out: list those of the package, make one of a training run."""

from pathlib import Path
from typing import Annotated

import typer

from crnn_seq2seq_ocr.cli.model import BatchSize, Device, Model
from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.printing import echo, make_console


def models() -> None:
    """List the trained models of the package. Every command accepts their names as a model."""
    from crnn_seq2seq_ocr.report.model_tables import model_tables

    tables = model_tables()
    if not tables:
        echo("this installation has no trained models")
    for table in tables:
        make_console(soft_wrap=True).print(table)


def release(
    model: Model,
    folder: Annotated[Path, typer.Argument(help="The folder to write; its name becomes the model's.")],
    data: Annotated[list[str], typer.Argument(help="Data sets on which it is checked and measured, as for evaluate.")],
    about: Annotated[str, typer.Option(help="Description of its use, in a sentence.")],
    calibration: Annotated[
        str | None, typer.Option(help="Other data, to calibrate its confidence; the texts stay the same.")
    ] = None,
    push: Annotated[str | None, typer.Option(help="Also push it to the Hugging Face hub: owner/name.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N samples of each data set.")] = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
) -> None:
    """Make a release of a trained model: a folder of half the size, checked to read the same, with its results.

    It can be used with and without PyTorch.
    """
    from crnn_seq2seq_ocr.checkpoint.hub import check_repository, push_model
    from crnn_seq2seq_ocr.export.card import model_card
    from crnn_seq2seq_ocr.export.release import release as run
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage

    if push is not None:
        check_repository(push)
    here = stage(folder)
    description = run(
        model,
        here,
        data,
        name=folder.name,
        about=about,
        calibration=calibration,
        limit=limit,
        batch_size=batch_size,
        device=device,
        console=make_console(stderr=True),
    )
    for each in description.results:
        echo(f"{each.data}: {each.sequence_accuracy:.2%} of {each.samples:,} right (strict), CER {each.cer:.2%}")
    size = sum(path.stat().st_size for path in here.iterdir())
    echo(f"{shown(folder)}: {size / 1e6:.1f} MB")
    if push is not None:
        echo(f"sent to {push_model(here, push, card=model_card(description, push))}")
    send_output(folder)


def average(
    base: Annotated[Path, typer.Argument(help="Model that the other was fine-tuned from.", show_default=False)],
    tuned: Annotated[
        Path, typer.Argument(help="Fine-tuned model, or the folder of a training run.", show_default=False)
    ],
    folder: Annotated[Path, typer.Argument(help="The model folder to write.", show_default=False)],
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the second model.")] = 0.5,
) -> None:
    """Average the weights of a model and of one that was fine-tuned from it.

    The average often keeps what fine-tuning forgets, and most of what it gains. Evaluate several shares on data that
    neither model was trained on.
    """
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage
    from crnn_seq2seq_ocr.training.averaging import average_models

    average_models(base, tuned, stage(folder), share=share)
    send_output(folder)
    echo(f"the model is in {shown(folder)}")
