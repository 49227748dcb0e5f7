"""Memory and time of a long list of samples, in the process that opens it first and in workers: a table in Markdown.

    python -m benchmarks.long_list FOLDER --rows 14000000 --workers 2

A worker is started as trainings start theirs (spawn), gets the opened source, and takes random texts. RSS counts what
is mapped from the file of the index in every process that looks at it; PSS shares it out, and "own" leaves it out.
"""

import argparse
import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source

TEXTS = 100_000
"""What a worker takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=14_000_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    listed = write_list(arguments.folder, arguments.rows)
    print(f"{arguments.rows:,} rows, {listed.stat().st_size / 1e6:,.0f} MB\n")
    print("| process | seconds until open | peak RSS, MB | RSS, MB | PSS, MB | own, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    context = multiprocessing.get_context("spawn")
    for name in ("the first, which makes the index", "opened again"):
        ours, theirs = context.Pipe()
        process = context.Process(target=opens, args=(theirs, str(listed)))
        process.start()
        print(f"| {name} | {ours.recv()} |", flush=True)
        process.join()
    source = open_source(str(listed))
    pipes = [context.Pipe() for _ in range(arguments.workers)]
    started = time.time()
    workers = [context.Process(target=takes, args=(theirs, source, started)) for _, theirs in pipes]
    for worker in workers:
        worker.start()
    for ours, _ in pipes:
        ours.recv()
    for number, (ours, _) in enumerate(pipes, 1):
        ours.send("measure")
        print(f"| worker {number} of {arguments.workers}, after {TEXTS:,} texts | {ours.recv()} |", flush=True)
    for worker, (ours, _) in zip(workers, pipes, strict=True):
        ours.send("end")
        worker.join()


def write_list(folder: Path, rows: int) -> Path:
    """A list of pictures that are not there, with texts of about eight characters."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "labels.tsv"
    if not path.exists():
        rng = random.Random(1)
        words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 13))) for _ in range(10_000)]
        with path.open("w", encoding="utf-8") as file:
            for number in range(rows):
                file.write(f"{number // 10_000:04d}/{number:08d}.jpg\t{words[number * 7919 % 10_000]}\n")
    return path


def opens(pipe: Connection, spec: str) -> None:
    before = time.perf_counter()
    source = open_source(spec)
    seconds = time.perf_counter() - before
    assert len(source) > 0
    pipe.send(f"{seconds:.1f} | {memory()}")


def takes(pipe: Connection, source: Source, started: float) -> None:
    seconds = time.time() - started
    rng = random.Random(2)
    for _ in range(TEXTS):
        source.text(rng.randrange(len(source)))
    pipe.send("ready")
    pipe.recv()
    pipe.send(f"{seconds:.1f} | {memory()}")
    pipe.recv()


def memory() -> str:
    """Peak RSS, RSS, PSS and private memory of this process in megabytes (Linux)."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    found = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines}
    own = found["Private_Clean"] + found["Private_Dirty"]
    return f"{int(peak.split()[1]) / 1000:,.0f} | {found['Rss']:,.0f} | {found['Pss']:,.0f} | {own:,.0f}"


if __name__ == "__main__":
    main()
