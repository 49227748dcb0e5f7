"""The service under load, beside the bare reader: a table in Markdown, for docs/performance.md.

    python benchmarks/load.py MODEL     throughput, latencies, failures and memory at 1, 8 and 64 clients

Each client asks for one drawn picture after the other, on one connection; all run in one process beside the service's.
Bare reader and numbers of clients take turns, in rounds; the table has medians over the rounds.
"""

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import psutil

from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.system.allocator import keep_freed_memory

BATCH_SIZE = 32


@dataclass(frozen=True)
class Round:
    """What a number of clients met: seconds of each answer, wall seconds of all, how many failed."""

    latencies: list[float]
    seconds: float
    failed: int

    @property
    def throughput(self) -> float:
        """Pictures a second."""
        return len(self.latencies) / self.seconds


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--source", help="what is read; by default drawn signs, or words where the model has one view")
    parser.add_argument("--clients", default="1,8,64", help="numbers of clients")
    parser.add_argument("--pictures", type=int, default=1024, help="read by each in a round; one client: an eighth")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    keep_freed_memory()
    reader = Reader.load(options.model)
    kind = "signs" if reader.description.preprocessing.views > 1 else "words"
    files = draw(options.source or f"synthetic:{kind}?count=64&seed=9")
    numbers = [int(number) for number in options.clients.split(",")]
    with service(options.model) as (address, process):
        ask(address, files, clients=max(numbers), count=4 * BATCH_SIZE)
        bare_read(reader, files, 4 * BATCH_SIZE)
        bare: list[float] = []
        found: dict[int, list[Round]] = {number: [] for number in numbers}
        memory = [megabytes(process)]
        for _ in range(options.rounds):
            bare.append(bare_read(reader, files, options.pictures))
            for number in numbers:
                count = max(number, options.pictures if number > 1 else options.pictures // 8)
                found[number].append(ask(address, files, clients=number, count=count))
            memory.append(megabytes(process))
    show(statistics.median(bare), found, memory)


def draw(source: str) -> list[bytes]:
    """Pictures as files."""
    samples = open_source(source)
    first = [samples[place].images[0] for place in range(len(samples))]
    return [each if isinstance(each, bytes) else encode_picture(each) for each in first]


def bare_read(reader: Reader, files: Sequence[bytes], count: int) -> float:
    """Pictures a second of the reader alone, in batches."""
    samples = (Sample(str(place), (files[place % len(files)],), "") for place in range(count))
    began = time.perf_counter()
    assert sum(reading.error is None for reading in reader.stream(samples, batch_size=BATCH_SIZE)) == count
    return count / (time.perf_counter() - began)


@contextlib.contextmanager
def service(model: str) -> Iterator[tuple[str, psutil.Process]]:
    """``crnn-ocr serve`` as a process: its address, and the process."""
    command = [sys.executable, "-m", "crnn_seq2seq_ocr", "serve", model, "--port", "0", "--batch-size", str(BATCH_SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            match = re.search(r"http://\S+", child.stdout.readline())
            assert match, "the service has not started"
            yield match[0], psutil.Process(child.pid)
        finally:
            child.terminate()


def ask(address: str, files: Sequence[bytes], *, clients: int, count: int) -> Round:
    """Let clients ask for so many pictures together."""
    return asyncio.run(_ask(address, [_request(address, file) for file in files], clients=clients, count=count))


async def _ask(address: str, requests: Sequence[bytes], *, clients: int, count: int) -> Round:
    left = iter(range(count))
    latencies: list[float] = []
    failed = 0

    async def client() -> None:
        nonlocal failed
        parts = urlsplit(address)
        reading, writing = await asyncio.open_connection(parts.hostname, parts.port)
        for place in left:
            began = time.perf_counter()
            writing.write(requests[place % len(requests)])
            status, body = await _answer(reading)
            latencies.append(time.perf_counter() - began)
            failed += status != 200 or len(json.loads(body)["readings"]) != 1
        writing.close()
        await writing.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Round(latencies, time.perf_counter() - began, failed)


def _request(address: str, file: bytes) -> bytes:
    """A whole request, made beforehand: what clients cost is taken from the service here, both share the machine."""
    body = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="p"\r\n\r\n' + file + b"\r\n--x--\r\n"
    head = (
        f"POST /v1/read HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reading: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of a response."""
    head = (await reading.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = re.search(r"content-length: (\d+)", head)
    assert length, head
    return int(head.split()[1]), await reading.readexactly(int(length[1]))


def megabytes(process: psutil.Process) -> float:
    """Resident memory."""
    return float(process.memory_info().rss) / 1e6


def show(bare: float, found: dict[int, list[Round]], memory: Sequence[float]) -> None:
    """The table, and how memory went."""
    print("| | pictures/s | of the bare reader | p50 ms | p95 ms | p99 ms | failed |")
    print("|---|---|---|---|---|---|---|")
    print(f"| bare reader, batches of {BATCH_SIZE} | {bare:.1f} | 100 % | | | | |")
    for number, rounds in found.items():
        throughput = statistics.median(each.throughput for each in rounds)
        p50, p95, p99 = np.percentile([1000 * each for part in rounds for each in part.latencies], [50, 95, 99])
        failed = sum(each.failed for each in rounds)
        name = f"{number} client{'s' if number > 1 else ''}"
        print(f"| {name} | {throughput:.1f} | {throughput / bare:.0%} | {p50:.0f} | {p95:.0f} | {p99:.0f} | {failed} |")
    print(f"\nMemory of the service, MB, before and after each round: {', '.join(f'{each:.0f}' for each in memory)}")


if __name__ == "__main__":
    main()
