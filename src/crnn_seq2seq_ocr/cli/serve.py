"""The command that serves a model over HTTP."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crnn_seq2seq_ocr.cli.model import Backend, Device, Model, Precision, load_reader
from crnn_seq2seq_ocr.cli.printing import echo

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.inference.reader import Reader
    from crnn_seq2seq_ocr.pages.reader import PageReader
    from crnn_seq2seq_ocr.pages.signs import SignReader


def serve(
    model: Model,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    keys: Annotated[
        Path | None, typer.Option(help="File of API keys or sha256:DIGEST, one per line; without it everyone may read.")
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(help="Origin whose pages may send requests, such as https://example.org; repeatable."),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address of a trusted proxy, whose X-Forwarded-For names the client; repeatable."),
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="Maximum number of open connections.")] = 512,
    connections_per_address: Annotated[
        int, typer.Option(min=1, help="Maximum number of open connections per address.")
    ] = 128,
    megapixels: Annotated[int, typer.Option(min=1, help="Maximum megapixels of the pictures of a request.")] = 48,
    body_memory: Annotated[int, typer.Option(min=1, help="Maximum MiB of the bodies of all requests together.")] = 256,
    batch_size: Annotated[int, typer.Option(min=1, help="Maximum number of texts read together.")] = 32,
    queue: Annotated[int, typer.Option(min=1, help="Maximum number of waiting texts; further requests get 429.")] = 256,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of batches that ONNX Runtime reads in parallel on a CPU.",
            show_default="2 where pictures have many widths, else 1",
        ),
    ] = None,
    find: Annotated[
        bool | None,
        typer.Option(
            "--find/--no-find",
            help="Also find the text of whole photographs, at /v1/pages.",
            show_default="for models of single crops, where the extra [find] is installed",
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    backend: Backend = None,
) -> None:
    """Serve a model: a page to try it at /, POST /v1/read, and its description at /openapi.json.

    Ctrl-C and SIGTERM end it after all accepted requests have been answered.
    """
    from crnn_seq2seq_ocr.system.dependencies import needing

    with needing("the service"):
        from crnn_seq2seq_ocr.serve import ServeSettings, create_app
        from crnn_seq2seq_ocr.serve.running import run
    from crnn_seq2seq_ocr.inference.backends import reads_many_widths
    from crnn_seq2seq_ocr.serve.keys import read_keys
    from crnn_seq2seq_ocr.serve.settings import is_origin
    from crnn_seq2seq_ocr.system.allocator import keep_freed_memory

    keep_freed_memory()
    for origin in cors or ():
        if not is_origin(origin):
            raise typer.BadParameter(f"{origin!r} is no origin: write it as https://example.org", param_hint="--cors")
    settings = ServeSettings(
        batch_size=batch_size,
        most_waiting=queue,
        most_texts=min(queue, 32),
        most_connections=connections,
        most_connections_per_client=connections_per_address,
        most_request_pixels=megapixels * 1_000_000,
        most_bytes_together=body_memory * 1024 * 1024,
        most_bytes=min(16 * 1024 * 1024, body_memory * 512 * 1024),
        keys=() if keys is None else read_keys(keys),
        origins=tuple(cors or ()),
    )
    if at_once is None:
        # Batches of one width are small and leave cores idle; others keep them all busy, and are answered sooner alone.
        at_once = 2 if reads_many_widths(model) else 1
    reader = load_reader(model, device=device, precision=precision, backend=backend, concurrency=at_once)
    app = create_app(reader, settings, pages=_page_reader(reader, find))

    def announce(address: str) -> None:
        echo(f"{model} is served at {address}")

    run(app, settings, host=host, port=port, announce=announce, proxies=proxy or ())


def _page_reader(reader: "Reader", find: bool | None) -> "PageReader | SignReader | None":
    """Load what reads whole photographs, if it is asked for or can be had.

    Raises:
        DependencyError: It is asked for, and the detector is not installed.
    """
    from crnn_seq2seq_ocr.pages.detector import RapidDetector
    from crnn_seq2seq_ocr.pages.signs import page_reader

    if find or (find is None and find_spec("rapidocr")):
        return page_reader(RapidDetector(), reader)
    return None
