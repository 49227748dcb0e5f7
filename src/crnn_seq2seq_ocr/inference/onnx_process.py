"""The process that runs a network for another one: ``python -m crnn_seq2seq_ocr.inference.onnx_process``.

What it is asked comes on standard input, what it answers goes to standard output: messages of a JSON object and arrays.
It ends when nothing can come any more, whatever it is computing.
"""

import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from crnn_seq2seq_ocr.errors import CrnnOcrError, DeviceError
from crnn_seq2seq_ocr.system.parsing import parse_json

MOST_BYTES = 1 << 31
"""Of the arrays of one message."""

_KINDS = frozenset({"uint8", "bool", "int32", "int64", "float16", "float32", "float64"})


def send(stream: BinaryIO, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write a message; there are no arrays of other things than numbers in it."""
    whole = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    told = {name: [str(array.dtype), *array.shape] for name, array in whole.items()}
    head = json.dumps({**about, "arrays": told}).encode()
    stream.write(len(head).to_bytes(4, "little") + head)
    for array in whole.values():
        stream.write(array.data if array.size else b"")
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a message, of which nothing is believed.

    Raises:
        EOFError: Nothing comes any more.
        ValueError: It is none.
    """
    head = parse_json(_exactly(stream, int.from_bytes(_exactly(stream, 4), "little")))
    arrays, left = {}, MOST_BYTES
    for name, (kind, *shape) in head.pop("arrays").items():
        if kind not in _KINDS or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError(f"an array {name} of {kind} {shape}")
        size = np.dtype(kind).itemsize
        for number in shape:
            size *= number
        left -= size
        if left < 0:
            raise ValueError(f"arrays of more than {MOST_BYTES:,} bytes")
        arrays[name] = np.frombuffer(_exactly(stream, size), kind).reshape(shape)
    return head, arrays


def _exactly(stream: BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) != count:
        raise EOFError
    return found


def main() -> None:
    """Load what the first message names, then run it for each further one."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    asked: queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    about, arrays = asked.get()
    _limit_memory(about["memory"])
    try:
        from crnn_seq2seq_ocr.inference.onnx_session import LocalSession

        content = arrays.pop("content").tobytes()
        session = LocalSession(content, about["where"], device=about["device"], threads=about["threads"])
        del content
    except CrnnOcrError as error:
        send(answers, {"error": str(error), "device": isinstance(error, DeviceError)})
        return
    send(answers, {"outputs": sorted(session.outputs)})
    while True:
        about, arrays = asked.get()
        try:
            outputs = session.run(about["outputs"], arrays)
        except CrnnOcrError as error:
            send(answers, {"error": str(error)})
        else:
            send(answers, {}, dict(zip(about["outputs"], outputs, strict=True)))


def _listen(asked: "queue.SimpleQueue[tuple[dict[str, Any], dict[str, np.ndarray]]]") -> None:
    """Take in what is asked; end when nothing can come any more, whatever is being computed."""
    with contextlib.suppress(Exception), os.fdopen(os.dup(0), "rb") as stream:
        while True:
            asked.put(receive(stream))
    os._exit(0)


def _limit_memory(most: int | None) -> None:
    """Have no more bytes of addresses than this, where the system can be told so."""
    if most is None or sys.platform != "linux":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
