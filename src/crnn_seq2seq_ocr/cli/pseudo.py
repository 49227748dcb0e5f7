"""The command that labels crops by what several readers agree on."""

from pathlib import Path
from typing import Annotated

import typer

from crnn_seq2seq_ocr.cli.outputs import send_output
from crnn_seq2seq_ocr.cli.printing import echo, make_console
from crnn_seq2seq_ocr.errors import DataError


def label(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures, each of one text.", show_default=False)],
    out: Annotated[Path, typer.Argument(help="The folder to write: labelled pictures and labels.tsv.")],
    readers: Annotated[
        str, typer.Option("--with", help="Readers separated by commas: rapidocr, released models, folders of models.")
    ] = "words,rapidocr",
    agree: Annotated[float, typer.Option(min=0, max=1, help="Minimum confidence of each reader when all agree.")] = 0.0,
    nearly: Annotated[
        float, typer.Option(min=0, max=1, help="Minimum confidence of each reader when only case or spaces differ.")
    ] = 0.9,
    alone: Annotated[
        float, typer.Option(min=0, max=1, help="Minimum confidence of one reader to overrule the others.")
    ] = 0.98,
    only_agreed: Annotated[
        bool, typer.Option("--only-agreed", help="Never let one reader overrule the others.")
    ] = False,
) -> None:
    """Label crops automatically: accept texts that readers agree on, or that one reads with high confidence.

    OUT/left-out.tsv lists each picture that got no label, with the reason. `crnn-ocr label OUT` shows the labels to be
    checked; `crnn-ocr data crop` cuts crops out of photographs.
    """
    from crnn_seq2seq_ocr.cli.automatic import is_whole
    from crnn_seq2seq_ocr.data.readable import find_pictures
    from crnn_seq2seq_ocr.labelling.pseudo import LEFT_OUT, Rule, label_folder
    from crnn_seq2seq_ocr.labelling.readers import load_crop_reader
    from crnn_seq2seq_ocr.system.addresses import shown
    from crnn_seq2seq_ocr.system.outputs import stage
    from crnn_seq2seq_ocr.system.stores import local_copy

    names = [name.strip() for name in readers.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise DataError(f"--with {readers!r} names no readers, or one twice: write words,rapidocr")
    folder = local_copy(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: name the one that holds the pictures")
    pictures = {Path(each).relative_to(folder).as_posix(): Path(each) for each in find_pictures([str(folder)])}
    whole = sum(is_whole(str(path)) for path in pictures.values())
    if whole:
        echo(
            f"crnn-ocr: {whole:,} of {len(pictures):,} pictures have the size and the shape of whole photographs; they "
            "are read as one line. Cut the lines out first: crnn-ocr data crop PHOTOS CROPS",
            err=True,
        )
    here = stage(out)
    loaded = {name: load_crop_reader(name) for name in names}
    rule = Rule(agree=agree, nearly=nearly, alone=None if only_agreed else alone)
    console = make_console(stderr=True)
    with console.status("reading") as status:
        reasons = label_folder(
            pictures,
            here,
            loaded,
            rule=rule,
            progress=lambda done: status.update(f"reading: {done:,} of {len(pictures):,} pictures"),
        )
    send_output(out)
    for reason, count in reasons.most_common():
        echo(f"{count:,}\t{reason}")
    echo(f"{shown(out)}: labels.tsv, least sure first; {LEFT_OUT} has the pictures without a label")
