"""Attack every target for some time: ``python -m fuzz.run SECONDS [TARGET ...]``.

What fails is kept in ``fuzz/regressions/TARGET/``, where the tests replay it.
"""

import hashlib
import multiprocessing
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, given, settings

from fuzz.mutations import changed
from fuzz.targets import TARGETS, attack

REGRESSIONS = Path(__file__).parent / "regressions"
LONGEST = 5.0
"""Seconds that one input may take."""


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"took longer than {LONGEST} seconds")


def _attack_for(name: str, seconds: float, current: str) -> None:
    signal.signal(signal.SIGALRM, _too_long)
    place, counted, failures = Path(current), 0, set[str]()
    end = time.monotonic() + seconds
    seeds = TARGETS[name].seeds()

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(changed(seeds))
    def once(content: bytes) -> None:
        nonlocal counted
        if time.monotonic() > end:
            return
        counted += 1
        place.write_bytes(content)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        try:
            attack(name, content)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    while time.monotonic() < end and len(failures) < 5:
        try:
            once()
        except Exception as error:
            failures.add(f"{type(error).__name__}: {str(error)[:200]}")
            _keep(name, place.read_bytes())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:12} {counted:9,} inputs  {len(failures)} failures  {memory:5} MiB", flush=True)
    for failure in failures:
        print(f"    {failure}", flush=True)


def _keep(name: str, content: bytes) -> None:
    folder = REGRESSIONS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


def main(arguments: list[str]) -> int:
    """Attack each target in a process of its own, so that one that is taken down is a failure too."""
    seconds = float(arguments[0]) if arguments else 60.0
    names = arguments[1:] or list(TARGETS)
    spawn = multiprocessing.get_context("spawn")
    before = set(REGRESSIONS.rglob("*"))
    for name in names:
        current = Path(f"/tmp/fuzz-{name}-{time.time_ns()}")
        process = spawn.Process(target=_attack_for, args=(name, seconds / len(names), str(current)))
        process.start()
        process.join(seconds / len(names) + 120)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode:
            print(f"{name:12} taken down with {process.exitcode}", flush=True)
            _keep(name, current.read_bytes())
        current.unlink(missing_ok=True)
    return int(set(REGRESSIONS.rglob("*")) > before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
