"""Two processes on two cores against one on one core: pictures a second of real trainings, alternately.

    python benchmarks/processes.py [RECIPE] [SETTING=VALUE ...] [--steps 24] [--rounds 3]

Each training is started anew, with one thread a process and its data prepared in the same process; the first
half of its steps is left out. Prints the share of twice one core's throughput that two processes reach.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from crnn_seq2seq_ocr.bench.machine import Circumstances


def pictures_a_second(recipe: str, settings: list[str], *, processes: int, steps: int) -> float:
    """Of the second half of one training."""
    with tempfile.TemporaryDirectory() as folder:
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        command = [
            sys.executable, *(launcher if processes > 1 else []), "-m", "crnn_seq2seq_ocr", "train", recipe, *settings,
            f"training.steps={steps}", f"training.log_every={steps // 2}", "data.workers=0", "data.validation=null",
            "--out", folder,
        ]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
        subprocess.run(command, env=environment, check=True, capture_output=True)
        lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    rates = [line["pictures_per_second"] for line in lines if line["kind"] == "training"]
    return float(rates[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="fsns")
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("\n".join(Circumstances().lines()) + "\n")
    shares = []
    for turn in range(options.rounds):
        rates = {}
        for processes in (1, 2) if turn % 2 == 0 else (2, 1):
            rates[processes] = pictures_a_second(
                options.recipe, options.settings, processes=processes, steps=options.steps
            )
        shares.append(rates[2] / (2 * rates[1]))
        print(f"one process {rates[1]:.1f}/s, two {rates[2]:.1f}/s: {shares[-1]:.0%} of twice one")
    print(f"median {statistics.median(shares):.0%}")


if __name__ == "__main__":
    main()
