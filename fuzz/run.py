"""Attack every target for some time: ``python -m fuzz.run SECONDS [TARGET ...]``.

What fails is kept in ``fuzz/regressions/TARGET/``, where the tests replay it; what reaches new code in
``build/fuzz/TARGET/``, where the next run begins. Each target has a process of its own, so that one that is taken
down is a failure as well.
"""

import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from fuzz.one import COUNT, CURRENT, attack_until, current_input, followed

ROOT = Path(__file__).parent.parent
REGRESSIONS = ROOT / "fuzz" / "regressions"
CORPUS = ROOT / "build" / "fuzz"

MOST_DEATHS = 5
"""So often a target's process is started anew after it was taken down."""


STANDSTILL = 300
"""Seconds after which a target that has taken no hundred further inputs is ended."""


class Attacked(NamedTuple):
    """How a target withstood: inputs, MiB at most, and the last lines of what each kind of failure printed."""

    inputs: int
    memory: int
    failures: list[str]


def main(arguments: list[str]) -> int:
    """Attack, and print a line for each target."""
    os.environ["OPENCV_LOG_LEVEL"] = "OFF"
    with followed():
        from fuzz.targets import TARGETS
    seconds = float(arguments[0]) if arguments else 60.0
    names = arguments[1:] or list(TARGETS)
    total, failed = 0, 0
    for name in names:
        began = time.monotonic()
        found = attack_for(name, seconds / len(names))
        total, failed = total + found.inputs, failed + len(found.failures)
        took = time.monotonic() - began
        print(
            f"{name:14} {found.inputs:10,} inputs in {took:6.0f} s  {len(found.failures)} kinds of failures  "
            f"{found.memory:5} MiB",
            flush=True,
        )
        for failure in found.failures:
            print("    " + failure.replace("\n", "\n    "), flush=True)
    print(f"{total:,} inputs of {len(names)} targets, {failed} kinds of failures", flush=True)
    return int(failed > 0)


def attack_for(name: str, seconds: float) -> Attacked:
    """Attack a target until the time is over, in a new process after each death."""
    # What was imported, and is followed, need not be imported again where a process can be forked.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    end = time.monotonic() + seconds
    inputs, most, failures, deaths = 0, 0, list[str](), 0
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:
        folder = Path(place)
        while time.monotonic() < end and deaths < MOST_DEATHS:
            places = {"corpus": CORPUS / name, "folder": folder}
            process = context.Process(target=attack_until, args=(end, name), kwargs=places)
            process.start()
            _wait(process, folder / COUNT)
            counted = (folder / COUNT).read_text(encoding="ascii").split() if (folder / COUNT).exists() else []
            inputs, most = inputs + int(counted[0] if counted else 0), max(most, int(counted[1] if counted else 0))
            if not process.exitcode:
                break
            deaths += 1
            if process.exitcode != 1 and (folder / CURRENT).exists():
                printed = (folder / "printed.txt").read_text(encoding="utf-8", errors="replace")
                failures.append(f"taken down with {process.exitcode}\n{_last_lines(printed)}")
                _keep(name, current_input(folder))
        for path in folder.glob("*.txt"):
            if (content := path.with_suffix("")).exists():
                failures.append(_last_lines(path.read_text(encoding="utf-8")))
                _keep(name, content.read_bytes())
    return Attacked(inputs, most, failures)


def _wait(process: Any, count: Path) -> None:
    """Wait until it ends; end it where it stands still, waiting for what never comes."""
    while process.is_alive():
        process.join(10)
        if count.exists() and time.time() - count.stat().st_mtime > STANDSTILL:
            process.kill()


def _last_lines(printed: str) -> str:
    return "\n".join(line[:200] for line in printed.splitlines()[-5:] if line.strip())


def _keep(name: str, content: bytes) -> None:
    folder = REGRESSIONS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
