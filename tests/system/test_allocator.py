"""Memory that is freed is kept for what comes next."""

import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
{prepare}
for _ in range(3):
    np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(8_000_000)  # 64 MB, more than what the C library keeps by itself
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
KEEP = "from crnn_seq2seq_ocr.system.allocator import keep_freed_memory; keep_freed_memory()"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing is done")
def test_large_blocks_are_not_mapped_anew() -> None:
    counts = []
    for prepare in ("", KEEP):
        command = [sys.executable, "-c", FAULTS.format(prepare=prepare)]
        counts.append(int(subprocess.run(command, capture_output=True, check=True).stdout))
    plain, kept = counts
    assert kept < plain / 10, (plain, kept)


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from crnn_seq2seq_ocr.system import allocator

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("it was asked for"))
    allocator.keep_freed_memory()
