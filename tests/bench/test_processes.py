"""The script that sets two processes beside one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROCESSES = Path(__file__).parents[2] / "benchmarks" / "processes.py"
SMALL = [
    "data.train=synthetic:signs?count=8&difficulty=0", "preprocessing.height=32", "preprocessing.width=32",
    "model.width=16", "model.encoder.recurrent_size=8", "model.encoder.stages=[{channels: 8, pool: [8, 4]}]",
    "training.batch_size=1",
]  # fmt: skip


def test_rates_of_one_and_two_processes() -> None:
    command = [sys.executable, str(PROCESSES), "tiny", *SMALL, "--steps", "2", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"one process ([\d.]+)/s, two ([\d.]+)/s: (\d+)% of twice one", done.stdout)
    assert found
    one, two, share = map(float, found.groups())
    # The rates are printed to a tenth, and the share is of what they were before.
    assert 50 * (two - 0.05) / (one + 0.05) - 0.5 <= share <= 50 * (two + 0.05) / max(one - 0.05, 1e-9) + 0.5
    assert f"median {share:.0f}%" in done.stdout
