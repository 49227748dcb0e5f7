"""Processes of one training on several machines: none waits for another whose machine or network has gone.

What processes sum together waits half an hour for a peer that says nothing. A slow machine is waited for; one that has
shown no sign of life, which a thread of its own gives, ends the others.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from accelerate import Accelerator
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # documented, but not listed

from crnn_seq2seq_ocr.errors import TrainingError

EVERY = 2.0
"""Seconds between two signs of life."""

SILENT = 30.0
"""Seconds without one after which a process is gone."""

GO_ON = "--resume goes on from the last checkpoint, with any number of processes"


@contextlib.contextmanager
def watched_peers(accelerator: Accelerator) -> Iterator[None]:
    """End this process with a sentence when another one, or the network to it, has gone; nothing where it is alone.

    Raises:
        TrainingError: The connection to another process was closed.
    """
    store = _open_store() if accelerator.num_processes > 1 else None
    if store is None:
        yield
        return
    watch = _Watch(store, accelerator.process_index, accelerator.num_processes)
    threads = [threading.Thread(target=work, daemon=True) for work in (watch.beat, watch.judge)]
    for thread in threads:
        thread.start()
    try:
        yield
    except RuntimeError as error:
        if "gloo" not in str(error).lower() and "nccl" not in str(error).lower():
            raise
        raise TrainingError(f"the connection to another process of this training was lost: {GO_ON}") from None
    finally:
        watch.ended.set()
        watch.say_goodbye()
        for thread in threads:
            thread.join(EVERY)


def _open_store() -> PrefixStore | None:
    """Open the store that the launcher has told of, by a connection of its own; None where it has told of none."""
    address, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT", "")
    if not address or not port.isdecimal():
        return None
    store = TCPStore(address, int(port), is_master=False, timeout=timedelta(seconds=SILENT))
    return PrefixStore("crnn-ocr", store)


class _Watch:
    """The signs of life of all processes, as this one sees them."""

    def __init__(self, store: PrefixStore, rank: int, count: int) -> None:
        self.ended = threading.Event()
        self._store, self._rank = store, rank
        self._seen = dict.fromkeys((each for each in range(count) if each != rank), 0)
        self._since = dict.fromkeys(self._seen, time.monotonic())
        self._speaking = threading.Lock()

    def beat(self) -> None:
        """Give signs of life, and look for those of the others, until the end."""
        with contextlib.suppress(RuntimeError):  # no way to the store: then nobody is seen, which is judged
            self._store.set(f"left/{self._rank}", "0")  # a launcher that starts all again may keep its store
            while not self.ended.wait(EVERY):
                with self._speaking:
                    self._store.add(f"alive/{self._rank}", 1)
                    for other, before in self._seen.items():
                        signs = self._store.add(f"alive/{other}", 0)
                        if signs != before or self._store.add(f"left/{other}", 0):
                            self._seen[other], self._since[other] = signs, time.monotonic()

    def judge(self) -> None:
        """End this process if another one is gone."""
        while not self.ended.wait(1.0):
            silent = [each for each, since in self._since.items() if time.monotonic() - since > SILENT]
            if silent:
                names = ", ".join(map(str, silent))
                print(
                    f"crnn-ocr: no sign of life of process {names} for {SILENT:.0f} seconds, its machine or the "
                    f"network has gone: {GO_ON}",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(1)  # the main thread waits within PyTorch, and hears of nothing

    def say_goodbye(self) -> None:
        """Tell the others that this process has ended, and is not gone."""
        if self._speaking.acquire(timeout=EVERY):
            with contextlib.suppress(RuntimeError):
                self._store.add(f"left/{self._rank}", 1)
            self._speaking.release()
