"""Memory and time of `crnn-ocr read` by the length of its list: going on with an output that lacks the last texts.

The list names a few drawn pictures again and again. Only its last texts are read by the model; the rows of the others
are written here as the command writes them, since a million readings take hours on a small machine.

    python benchmarks/lists.py words --counts 10000,100000,1000000 --left 256
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--counts", default="10000,100000,1000000")
    parser.add_argument("--left", type=int, default=256, help="texts that the model reads")
    arguments = parser.parse_args()
    print("| lines of the list | in the output before | seconds | most memory, MB |\n|---:|---:|---:|---:|")
    for count in map(int, arguments.counts.split(",")):
        for done in (0, count - arguments.left):
            with tempfile.TemporaryDirectory() as folder:
                seconds, memory = measure(arguments.model, Path(folder), count, done, arguments.left)
            print(f"| {count:,} | {done:,} | {seconds:.0f} | {memory:.0f} |", flush=True)


def measure(model: str, folder: Path, count: int, done: int, left: int) -> tuple[float, float]:
    """Seconds and most megabytes of a run over a list; where nothing is done, of one that is ended after `left`."""
    names = [f"pictures/{number:03d}.png" for number in range(100)]
    (folder / "pictures").mkdir()
    for number, name in enumerate(names):
        picture = np.full((24, 64, 3), 255, np.uint8)
        cv2.putText(picture, f"{number:03d}", (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1)
        cv2.imwrite(str(folder / name), picture)
    listed, output = folder / "list.txt", folder / "readings.jsonl"
    with listed.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{names[number % 100]}\n" for number in range(count))
    command = [sys.executable, "-m", "crnn_seq2seq_ocr", "read", model, "--output", str(output), "--input"]
    if done:
        first = folder / "first.txt"
        first.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        subprocess.run([*command, str(first)], check=True, stdout=subprocess.DEVNULL)
        rows = output.read_bytes().splitlines(keepends=True)
        assert [json.loads(row)["name"] for row in rows] == names
        with output.open("wb") as file:
            file.writelines(rows[number % 100] for number in range(done))
    started = time.monotonic()
    with subprocess.Popen([*command, str(listed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
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
