"""Memory and time of `crnn-ocr read` by the length of its list: going on with an output that lacks the last texts.

The list names a few drawn pictures again and again. Only its last texts are read by the model; the rows of the others
are written here as the command writes them, since a million readings take hours on a small machine.

    python benchmarks/lists.py words --counts 10000,100000,1000000 --left 256
    python benchmarks/lists.py MODEL --counts 1000000 --whole      all is read, with the memory on the way
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import psutil

NAMES = [f"pictures/{number:03d}.png" for number in range(100)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--counts", default="10000,100000,1000000")
    parser.add_argument("--left", type=int, default=256, help="texts that the model reads")
    parser.add_argument("--whole", action="store_true", help="read all texts, from nothing")
    arguments = parser.parse_args()
    if arguments.whole:
        print("| pictures read | seconds | memory of the process, MB |\n|---:|---:|---:|")
        for count in map(int, arguments.counts.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                watch(arguments.model, Path(folder), count)
        return
    print("| lines of the list | in the output before | seconds | most memory, MB |\n|---:|---:|---:|---:|")
    for count in map(int, arguments.counts.split(",")):
        for done in (0, count - arguments.left):
            with tempfile.TemporaryDirectory() as folder:
                seconds, memory = measure(arguments.model, Path(folder), count, done, arguments.left)
            print(f"| {count:,} | {done:,} | {seconds:.0f} | {memory:.0f} |", flush=True)


def watch(model: str, folder: Path, count: int) -> None:
    """Read a whole list, and print the memory after each tenth of it."""
    listed, output = write_list(folder, count), folder / "readings.jsonl"
    started, tenths, rows = time.monotonic(), 0, 0
    with subprocess.Popen([*command(model, output), str(listed)], stdout=subprocess.DEVNULL) as child:
        process = psutil.Process(child.pid)
        with output_of(child, output) as lines:
            while child.poll() is None:
                rows += sum(part.count(b"\n") for part in iter(lambda: lines.read(1 << 20), b""))
                if rows * 10 // count > tenths:
                    tenths = rows * 10 // count
                    memory = process.memory_info().rss / 1e6
                    print(f"| {rows:,} | {time.monotonic() - started:.0f} | {memory:.0f} |", flush=True)
                time.sleep(0.5)
    assert child.returncode == 0, child.returncode
    assert sum(1 for _ in output.open("rb")) == count


def output_of(child: "subprocess.Popen[bytes]", output: Path) -> BinaryIO:
    """The file that a process writes, once it is there."""
    while not output.exists() and child.poll() is None:
        time.sleep(0.1)
    return output.open("rb")


def command(model: str, output: Path) -> list[str]:
    return [sys.executable, "-m", "crnn_seq2seq_ocr", "read", model, "--output", str(output), "--input"]


def write_list(folder: Path, count: int) -> Path:
    """A list that names a hundred small pictures again and again."""
    (folder / "pictures").mkdir()
    for name in NAMES:
        picture = np.full((24, 64, 3), 255, np.uint8)
        cv2.putText(picture, Path(name).stem, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1)
        cv2.imwrite(str(folder / name), picture)
    with (folder / "list.txt").open("w", encoding="utf-8") as lines:
        lines.writelines(f"{NAMES[number % 100]}\n" for number in range(count))
    return folder / "list.txt"


def measure(model: str, folder: Path, count: int, done: int, left: int) -> tuple[float, float]:
    """Seconds and most megabytes of a run over a list; where nothing is done, of one that is ended after `left`."""
    listed, output = write_list(folder, count), folder / "readings.jsonl"
    if done:
        first = folder / "first.txt"
        first.write_text("".join(f"{name}\n" for name in NAMES), encoding="utf-8")
        subprocess.run([*command(model, output), str(first)], check=True, stdout=subprocess.DEVNULL)
        rows = output.read_bytes().splitlines(keepends=True)
        assert [json.loads(row)["name"] for row in rows] == NAMES
        with output.open("wb") as file:
            file.writelines(rows[number % 100] for number in range(done))
    started = time.monotonic()
    with subprocess.Popen(
        [*command(model, output), str(listed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        while not done and (not output.exists() or sum(1 for _ in output.open("rb")) < left):
            time.sleep(0.2)
        if not done:
            child.terminate()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == (0 if done else 130), child.returncode
    assert not done or sum(1 for _ in output.open("rb")) == count
    return time.monotonic() - started, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
