"""Trainings with worker processes that end, again and again, beside busy loops: how many ended as they should.

    python -m benchmarks.endings --times 100 --log endings.jsonl     the same command again goes on

Every second one is interrupted (SIGINT) at some moment of its steps. One ends as it should with status 0, or 130
where it was interrupted, and prints neither a traceback nor that a process has aborted.
"""

import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

WRONG = re.compile(r"Traceback|terminate called|Aborted|Segmentation|killed by signal|Exception ignored")
SETTINGS = (
    "data.validation=null", "data.workers=2", "training.batch_size=4", "training.steps=4",
    "training.optimizer.warmup=2", "training.log_every=1",
)  # fmt: skip


def main() -> None:
    """Let trainings end, and print how many did not as they should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--busy", type=int, default=6, help="processes that compute beside, without end")
    parser.add_argument("--log", type=Path, default=Path("endings.jsonl"))
    parser.add_argument("--at-once", type=int, default=1, help="trainings beside each other")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or the trainings of a script would ignore it
    found = read_log(options.log)
    with tempfile.TemporaryDirectory() as folder, busy(options.busy):
        place = Path(folder)
        command("data", "draw", "synthetic:words?count=64&seed=5", str(place / "data"), "--to", "folder")
        interrupted = (number % 2 == 1 for number in range(len(found), options.times))
        with ThreadPool(options.at_once) as trainings:
            for each in trainings.imap_unordered(partial(ending, place), interrupted):
                found.append(each)
                with options.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(each) + "\n")
    wrong = [each for each in found if not each["right"]]
    print(f"{len(found)} endings, {len(wrong)} otherwise than they should")
    sys.exit(bool(wrong))


def read_log(path: Path) -> list[dict[str, Any]]:
    """The endings of an earlier call."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Processes that do nothing but compute."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def ending(place: Path, interrupted: bool) -> dict[str, Any]:
    """Train once, to the end or until it is interrupted within its steps; how it ended."""
    out = Path(tempfile.mkdtemp(dir=place)) / "run"
    arguments = ["train", "words", "--init", "words", f"data.train={place / 'data'}", *SETTINGS, "--out", str(out)]
    began = time.monotonic()
    with start(*arguments) as training:
        assert training.stdout is not None
        lines = []
        for line in training.stdout:
            lines.append(line)
            if interrupted and line.startswith("step 1/"):
                time.sleep(random.uniform(0, 2))
                training.send_signal(signal.SIGINT)
        status = training.wait()
    printed = "".join(lines)
    right = status in ({0, 130} if interrupted else {0}) and not WRONG.search(printed)
    return {
        "interrupted": interrupted,
        "status": status,
        "seconds": round(time.monotonic() - began, 1),
        "right": right,
        **({} if right else {"printed": printed[-4000:]}),
    }


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command line as a process; what it prints is one stream."""
    return subprocess.Popen(
        [sys.executable, "-m", "crnn_seq2seq_ocr", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def command(*arguments: str) -> None:
    """Run a command that must succeed."""
    with start(*arguments) as process:
        printed, _ = process.communicate()
    if process.returncode:
        sys.exit(printed)


if __name__ == "__main__":
    main()
