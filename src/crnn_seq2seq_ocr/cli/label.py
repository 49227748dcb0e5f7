"""The command that opens a labelling page for a folder of pictures."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crnn_seq2seq_ocr.cli.printing import echo
from crnn_seq2seq_ocr.errors import DataError

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.labelling.queue import Queue

Tool = Literal["ppocrlabel", "label-studio"]


def label(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures, each of one text.", show_default=False)],
    model: Annotated[str, typer.Option(help="Model whose readings are shown for correction.")] = "words",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8010,
    import_from: Annotated[Path | None, typer.Option("--import", help="Import labels of another tool first.")] = None,
    export_to: Annotated[
        Path | None, typer.Option("--export", help="Export all labels for another tool, then exit.")
    ] = None,
    tool: Annotated[Tool, typer.Option(help="Tool that the files of --import and --export belong to.")] = "ppocrlabel",
) -> None:
    """Label a folder of pictures in the browser: least confident first, by keyboard, each label saved immediately.

    Labels are kept in FOLDER/labels.tsv, which `crnn-ocr train` and `crnn-ocr tune` accept. Run the same command again
    to continue. Several people may label the same folder at the same time, from the same address.
    """
    from crnn_seq2seq_ocr.data.readable import find_pictures
    from crnn_seq2seq_ocr.labelling.exchange import export_labels, import_labels
    from crnn_seq2seq_ocr.labelling.queue import Queue
    from crnn_seq2seq_ocr.labelling.store import LabelStore, is_listable
    from crnn_seq2seq_ocr.system.addresses import refuse_remote
    from crnn_seq2seq_ocr.system.dependencies import needing

    refuse_remote(folder, "labels")
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: name the one that holds the pictures")
    pictures = {Path(each).relative_to(folder).as_posix(): Path(each) for each in find_pictures([str(folder)])}
    unfit = [file for file in pictures if not is_listable(file)]
    if unfit:
        raise DataError(f"{unfit[0]!r} cannot stand in a list of labels ('|' or a control character): rename it")
    store = LabelStore(folder)
    if import_from is not None:
        taken, left = import_labels(store, tool, import_from, list(pictures))
        why = " (labelled already, without a text, or of no picture in the folder)" if left else ""
        echo(f"{taken:,} labels taken over from {import_from}, {left:,} entries left out{why}")
    if export_to is not None:
        echo(f"{export_labels(store, tool, export_to)} labels written to {export_to}")
        return
    with needing("the labelling page"):
        from crnn_seq2seq_ocr.labelling.app import create_label_app
        from crnn_seq2seq_ocr.labelling.training import Training
        from crnn_seq2seq_ocr.serve.running import run
    from crnn_seq2seq_ocr.cli.model import load_reader

    queue = Queue(store, list(pictures))
    reader = load_reader(Path(model), device="auto", precision="fp32", backend=None)
    waiting = [file for file in pictures if file not in store.labels]
    end = threading.Event()
    reading = threading.Thread(target=_read_all, args=(reader, pictures, waiting, queue, end))
    app = create_label_app(folder, pictures, queue, training=Training(model, folder), host=host)

    def announce(address: str) -> None:
        reading.start()
        echo(f"Label {folder} at {address}")

    try:
        run(app, host=host, port=port, announce=announce)
    finally:  # the network's own threads must have ended before the interpreter does
        end.set()
        if reading.is_alive():
            reading.join()


def _read_all(
    reader: "Reader", pictures: dict[str, Path], waiting: list[str], queue: "Queue", end: threading.Event
) -> None:
    """Let the model read what is not labelled; a picture that it cannot read is the surest to need a person."""
    readings = reader.read_stream((pictures[file] for file in waiting), batch_size=16)
    for file, reading in zip(waiting, readings, strict=True):
        if end.is_set():
            return
        queue.read(file, reading.text, 0.0 if reading.error else reading.confidence)
