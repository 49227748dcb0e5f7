"""Attacking one target in a process of its own, which may be taken down.

With Atheris, which follows the code that an input reaches, where it is installed; else Hypothesis draws the changes.
"""

import contextlib
import faulthandler
import hashlib
import mmap
import os
import signal
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random

LONGEST = 5
"""Seconds that one input may keep a processor busy; other programs on the machine do not count."""

MOST_MEMORY = 1024
"""MiB that the process may ever hold, with all that it has imported."""

LARGEST = 1 << 17
"""Bytes of an input; larger ones only take time."""

COUNT, CURRENT = "count", "current"
"""Files of the folder that a process works in: inputs so far and MiB held at most, and the input that is being read.
Others are inputs that failed, each beside its traceback (``.txt``)."""


_MOST_PRINTED = 1 << 20
_HEAD = struct.Struct("<q")


def current_input(folder: Path) -> bytes:
    """Return the input that was being read in a folder when its process was taken down."""
    content = (folder / CURRENT).read_bytes()
    return content[_HEAD.size : _HEAD.size + _HEAD.unpack_from(content)[0]]


@contextlib.contextmanager
def followed() -> Iterator[None]:
    """Let Atheris, where it is, follow the code of this project that is imported within."""
    if find_spec("atheris"):
        import atheris

        with atheris.instrument_imports(include=["crnn_seq2seq_ocr"]):
            yield
    else:
        yield


def attack_until(end: float, name: str, *, corpus: Path, folder: Path) -> None:
    """Attack until the time is over.

    Args:
        end: Of `time.monotonic`.
        name: Of the target.
        corpus: Folder of inputs that reach new code, to begin with and to add to.
        folder: For what is found, see `COUNT`.
    """
    with (folder / "printed.txt").open("ab") as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    faulthandler.enable()
    attempts = _Attempts(name, folder)
    if find_spec("atheris"):
        _with_atheris(name, end, corpus, attempts, artifacts=folder)
    else:
        _with_hypothesis(name, end, attempts)


class _Attempts:
    """Lets inputs be read one after the other, and keeps one of each kind of failure."""

    def __init__(self, name: str, folder: Path) -> None:
        from fuzz.targets import attack

        self._name, self._attack, self._folder = name, attack, folder
        (folder / CURRENT).write_bytes(bytes(_HEAD.size + LARGEST))
        with (folder / CURRENT).open("r+b") as file:
            self._current = mmap.mmap(file.fileno(), 0)
        self._place = folder / "place"
        self._place.mkdir(exist_ok=True)
        self._count = (folder / COUNT).open("w", encoding="ascii")
        self._seen: set[str] = {path.stem for path in folder.glob("*.txt")}
        self.done = 0

    def __call__(self, content: bytes) -> None:
        """Let one be read."""
        content = content[:LARGEST]
        _HEAD.pack_into(self._current, 0, len(content))
        self._current[_HEAD.size : _HEAD.size + len(content)] = content
        _limit_time(LONGEST)
        try:
            self._attack(self._name, content, self._place)
            if memory() > MOST_MEMORY:
                raise MemoryError(f"{memory()} MiB were held")
        except Exception as error:
            self._keep(content, error)
        self.done += 1
        if self.done % 100 == 0:
            self.note()

    def note(self) -> None:
        """Write down how many there were, and forget what libraries have printed."""
        if os.fstat(1).st_size > _MOST_PRINTED:
            os.ftruncate(1, 0)
        self._count.seek(0)
        self._count.write(f"{self.done} {memory()} ")
        self._count.flush()

    def _keep(self, content: bytes, error: Exception) -> None:
        """Keep the input of a failure, unless another one failed at the same place."""
        places = [f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)]
        ours = [place for place in places if "crnn_seq2seq_ocr" in place]
        kind = hashlib.sha256(repr((type(error), ours[-3:])).encode()).hexdigest()[:16]
        if kind not in self._seen:
            self._seen.add(kind)
            (self._folder / kind).write_bytes(content)
            (self._folder / f"{kind}.txt").write_text(
                "".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace"
            )
        if isinstance(error, MemoryError):  # it stays so in this process
            self.note()
            os._exit(1)


def _limit_time(seconds: float) -> None:
    """Let the system end this process, be it in native code, when it has computed for so long from now on."""
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def memory() -> int:
    """MiB that this process has held at most."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1024 if sys.platform == "linux" else 1024 * 1024)


def _with_atheris(name: str, end: float, corpus: Path, attempts: Callable[[bytes], None], *, artifacts: Path) -> None:
    import atheris

    from fuzz.targets import TARGETS

    target = TARGETS[name]
    corpus.mkdir(parents=True, exist_ok=True)
    for content in target.seeds():
        (corpus / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)

    def change(content: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < 0.25:
            return bytes(atheris.Mutate(content, most))
        return target.change(content, chance)[:most]

    options = [
        f"-max_total_time={max(1, round(end - time.monotonic()))}", "-timeout=1000000", "-rss_limit_mb=0",
        f"-max_len={LARGEST}", "-len_control=0", f"-artifact_prefix={artifacts}/", str(corpus),
    ]  # fmt: skip
    atheris.Setup(["fuzz", *options], attempts, custom_mutator=change, internal_libfuzzer=True)
    atheris.Fuzz()


def _with_hypothesis(name: str, end: float, attempts: Callable[[bytes], None]) -> None:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from fuzz.targets import TARGETS

    target = TARGETS[name]
    good = target.seeds()

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**64 - 1))
    def once(seed: int) -> None:
        if time.monotonic() > end:
            return
        chance = Random(seed)
        attempts(target.change(chance.choice(good), chance)[:LARGEST])

    while time.monotonic() < end:
        once()
