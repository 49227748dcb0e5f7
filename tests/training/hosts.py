"""Starts trainings on hosts that are network namespaces: ``python -m tests.training.hosts``.

What a training needs is imported once, and each process is forked from there: a dozen start in a second. A line of
JSON, ``{"host": "...", "arguments": [...], "environment": {...}, "silent": 30, "printed": "FILE"}``, starts a process,
and is answered with its number; ``{"pid": ...}`` is answered with its status, or null while it goes on.
"""

import ctypes
import faulthandler
import json
import os
import signal
import sys
from typing import Any

import torch._dynamo  # noqa: F401  # which PyTorch imports at the first step

from crnn_seq2seq_ocr import cli
from crnn_seq2seq_ocr.training import peers, train  # noqa: F401  # all that is slow to import

CLONE_NEWNET = 0x40000000


def main() -> None:
    """Answer until the input ends; then nothing that was started goes on."""
    going: set[int] = set()
    for line in os.fdopen(sys.stdin.fileno(), closefd=False):  # a process that is forked finds its own unread
        asked = json.loads(line)
        if "pid" in asked:
            answer = status(asked["pid"])
            going -= set() if answer is None else {asked["pid"]}
        elif (answer := os.fork()) == 0:
            become(asked)
        else:
            going.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in going:
        os.kill(pid, signal.SIGKILL)


def status(pid: int) -> int | None:
    """As `subprocess` gives it: negative where a signal ended it; None while it goes on."""
    found, code = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(code) if found else None


def become(asked: dict[str, Any]) -> None:
    """Be the process that was asked for, to its end."""
    printed = os.open(asked["printed"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, file in enumerate((os.open(os.devnull, os.O_RDONLY), printed, printed)):
        os.dup2(file, stream)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    enter(asked["host"])
    os.environ |= asked["environment"]
    peers.SILENT = float(asked["silent"])
    sys.argv = ["crnn-ocr", *asked["arguments"]]
    cli.main()
    sys.exit(0)


def enter(host: str) -> None:
    """Have no network but that of a host."""
    namespace = os.open(f"/run/netns/{host}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"no way into {host}")
    os.close(namespace)


if __name__ == "__main__":
    main()
