"""``crnn-ocr tune`` on three drawn tasks: what 200 samples bring, and what it costs.

    python -m benchmarks.tuning FOLDER [--tasks plates meters labels] [--count 200] [--unseen 500]

Draws each task (`benchmarks.tasks`), tunes `words` on it with the command's own settings, and reads unseen samples of
other texts. Prints a row in Markdown for each, for docs/comparison.md. Wall time counts from the command to its end;
processor time is of all its processes: on a busy machine only the latter says what it costs.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.tasks import PATTERNS, TASKS, texts_of, write_task
from crnn_seq2seq_ocr.bench.machine import Circumstances

HEAD = (
    "| task | samples | unseen | right before | right after | with pattern | CER after | words before | words after "
    "| minutes | processor minutes |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def row(task: str, folder: Path, *, count: int, unseen: int, settings: list[str]) -> str:
    """Tune on a task and measure; a row of the table."""
    mine = write_task(task, folder / task, count=count, seed=1)
    others = write_task(task, folder / f"{task}-unseen", count=unseen, seed=2, without=frozenset(texts_of(mine)))
    out = folder / "runs" / task
    began, used = time.perf_counter(), _processor_seconds()
    _command("tune", "words", str(mine), "--out", str(out), *settings)
    wall, used = time.perf_counter() - began, _processor_seconds() - used
    before, after = (_scores(model, others) for model in ("words", str(out / "model")))
    within = _scores(str(out / "model"), others, "--pattern", PATTERNS[task])
    known = _scores("words", "synthetic:words?part=test&count=300&seed=3")
    kept = _scores(str(out / "model"), "synthetic:words?part=test&count=300&seed=3")
    shares = [before["sequence_accuracy"], after["sequence_accuracy"], within["sequence_accuracy"], after["cer"]]
    shares += [known["sequence_accuracy"], kept["sequence_accuracy"]]
    told = " | ".join(f"{share:.1%}" for share in shares)
    return f"| {task} | {count} | {unseen} | {told} | {wall / 60:.1f} | {used / 60:.1f} |"


def _scores(model: str, data: Path | str, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_command("evaluate", model, str(data), "--json", *options))
    return dict(found["scores"]["strict"])


def _command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "crnn_seq2seq_ocr", *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _processor_seconds() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the tasks and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--unseen", type=int, default=500)
    parser.add_argument("settings", nargs="*", help="section.setting=value, after --")
    chosen = parser.parse_args()
    print(HEAD, flush=True)
    for task in chosen.tasks:
        print(row(task, chosen.folder, count=chosen.count, unseen=chosen.unseen, settings=chosen.settings), flush=True)
    print("\n" + "\n".join(Circumstances().lines()))


if __name__ == "__main__":
    main()
