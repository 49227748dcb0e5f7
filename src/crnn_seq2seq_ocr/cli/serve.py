"""The command that serves a model over HTTP."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from crnn_seq2seq_ocr.cli.model import Backend, Device, Model, Precision, load_reader


def serve(
    model: Model,
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    keys: Annotated[Path | None, typer.Option(help="A file of API keys, one a line; none: everyone reads.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Most texts read together.")] = 32,
    queue: Annotated[int, typer.Option(min=1, help="Texts that may wait; then requests get 429.")] = 256,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Batches that ONNX Runtime reads at the same time, on a CPU.",
            show_default="2 where pictures have many widths, else 1",
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    backend: Backend = None,
) -> None:
    """Serve a model: a page to try it at /, POST /v1/read, and its description at /openapi.json.

    Ctrl-C and SIGTERM end it when all it accepted has been answered.
    """
    from crnn_seq2seq_ocr.system.dependencies import needing

    with needing("the service"):
        from crnn_seq2seq_ocr.serve import ServeSettings, create_app
        from crnn_seq2seq_ocr.serve.running import run
    from crnn_seq2seq_ocr.serve.keys import read_keys
    from crnn_seq2seq_ocr.system.allocator import keep_freed_memory

    keep_freed_memory()
    settings = ServeSettings(
        batch_size=batch_size,
        most_waiting=queue,
        most_texts=min(queue, 32),
        keys=() if keys is None else read_keys(keys),
    )
    load = partial(load_reader, model, device=device, precision=precision, backend=backend)
    reader = load()
    if at_once is None:
        # Batches of one width are small and leave cores idle; others keep them all busy, and are answered sooner alone.
        at_once = 2 if reader.description.preprocessing.resize == "fit" else 1
    if at_once > 1:
        reader = load(concurrency=at_once)
    app = create_app(reader, settings)
    run(app, host=host, port=port, announce=lambda address: print(f"{model} is served at {address}", flush=True))
