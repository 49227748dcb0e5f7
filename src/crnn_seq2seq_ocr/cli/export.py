"""The command that makes one file of a trained model, for other programs to run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.model import Allow, LexiconFile, Model, PatternText
from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.printing import echo, make_console

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.export.check import Checked
    from crnn_seq2seq_ocr.export.measure import Measured


def export(
    model: Model,
    out: Annotated[Path, typer.Argument(help="The file to write: .onnx, or .pt2 for torch.")],
    format: Annotated[
        Literal["onnx", "torch"], typer.Option(help="onnx, or torch for a torch.export program.")
    ] = "onnx",
    quantize: Annotated[
        Literal["int8"] | None,
        typer.Option(help="Matrix products and convolutions in int8: a quarter of the size, faster."),
    ] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="Weights in fp16: half the size, the same speed.")] = False,
    data: Annotated[
        str | None,
        typer.Option(help="Data set on which int8 or fp16 is measured; fp16 of a released model needs none."),
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(
            help="Data set for the calibration of int8, similar to what will be read.", show_default="drawn pictures"
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N samples of --data.")] = None,
    allow: Allow = None,
    pattern: PatternText = None,
    lexicon: LexiconFile = None,
) -> None:
    """Export a model to one file, from pictures to texts, and check it against PyTorch.

    With --allow, --pattern or --lexicon the file reads nothing else, in whatever program runs it.
    """
    if quantize is not None and fp16:
        raise typer.BadParameter("take either --quantize int8 or --fp16")
    if quantize is None and not fp16 and (data is not None or calibration is not None or limit is not None):
        raise typer.BadParameter("--data, --calibration and --limit are for --quantize and --fp16")
    if fp16 and calibration is not None:
        raise typer.BadParameter("--calibration is for --quantize int8")
    if format == "torch":
        if quantize is not None or fp16:
            raise typer.BadParameter("--quantize and --fp16 are for ONNX files")
        if (allow, pattern, lexicon) != (None, None, None):
            raise typer.BadParameter("--allow, --pattern and --lexicon are for ONNX files")
        _export_torch(model, out)
        return

    from crnn_seq2seq_ocr.export.onnx_file import export_onnx
    from crnn_seq2seq_ocr.system.outputs import stage

    here = stage(out)
    console = make_console(stderr=True)
    with console.status("exporting"):
        exported = export_onnx(
            model,
            here,
            precision="fp16" if fp16 else quantize,
            data=data,
            calibration=calibration,
            limit=limit,
            allow=allow,
            pattern=pattern,
            lexicon=lexicon,
        )
    _say(here, out, exported.checked, whole=not exported.measured)
    if exported.measured:
        _show(exported.measured, str(data))


def _export_torch(model: Path, out: Path) -> None:
    from crnn_seq2seq_ocr.export.torch_file import export_torch
    from crnn_seq2seq_ocr.system.outputs import stage

    here = stage(out)
    with make_console(stderr=True).status("exporting"):
        checked = export_torch(model, here)
    _say(here, out, checked, whole=True)


def _say(here: Path, out: Path, checked: "Checked", *, whole: bool) -> None:
    """Say what came of it, and send the file if it is to be in a store."""
    from crnn_seq2seq_ocr.system.addresses import shown

    echo(f"{shown(out)}: {here.stat().st_size / 1e6:.1f} MB")
    send_output(out)
    echo(
        f"checked{'' if whole else ' in fp32'}: the {checked.tokens} ids of PyTorch on drawn pictures, "
        f"probabilities within {checked.probability:.1e}"
    )


def _show(measured: "tuple[Measured, ...]", data: str) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    title = escape(f"{measured[0].samples:,} texts of {data}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("what")
    for each in measured:
        table.add_column(each.precision, justify="right")
    rows = {
        "size, MB": [f"{each.megabytes:.1f}" for each in measured],
        "strict": [f"{each.sequence_accuracy:.2%}" for each in measured],
        "CER": [f"{each.cer:.2%}" for each in measured],
        f"read as in {measured[0].precision}": [f"{each.agreement:.2%}" for each in measured],
        "ms a picture, one by one": [f"{each.one:.3g}" for each in measured],
        "times as fast": [f"{each.one_ratio:.2f}" for each in measured],
        "ms a picture, together": [f"{each.many:.3g}" for each in measured],
        "times as fast, together": [f"{each.many_ratio:.2f}" for each in measured],
    }
    for what, values in rows.items():
        table.add_row(what, *values)
    make_console(soft_wrap=True).print(table)
