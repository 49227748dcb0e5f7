"""The service under load with hostile requests in between: a table in Markdown, for docs/deploying.md.

    python -m benchmarks.hostile MODEL --seconds 600     failures, latencies of honest requests, memory

Honest clients ask for one picture after the other. Hostile ones send what `ATTACKS` makes; each of these must be
answered as it says there, or find its connection closed.
"""

import argparse
import asyncio
import contextlib
import random
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from benchmarks.load import _answer, _request, draw, megabytes, service

BUSY = {429, 503}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *between: bytes, rows: bytes | None = None) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(bytes((1 + 3 * width) * height)) if rows is None else rows)
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *between, data, _chunk(b"IEND", b"")])


@dataclass(frozen=True)
class Attack:
    """Bytes to send, and the statuses that are right."""

    request: Callable[[str], bytes]
    right: frozenset[int]


def _picture(file: bytes, *right: int) -> Attack:
    return Attack(lambda address: _request(address, file), frozenset(right))


def _raw(text: bytes, *right: int) -> Attack:
    return Attack(lambda address: text, frozenset(right))


def _json(body: bytes, length: int, *right: int) -> Attack:
    head = f"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n\r\n"
    return _raw(head.encode() + body, *right)


_BOMB = _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000)))

ATTACKS: dict[str, Attack] = {
    "a chunk of 4 GB in 81 bytes": _picture(_png(40, 24)[:33] + b"\xff\xff\xff\xffIDAT" + bytes(40), 422),
    "a header of 60,000 x 60,000": _picture(_png(60_000, 60_000, rows=b""), 413),
    "less than it claims": _picture(_png(4000, 4000, rows=b"x"), 422),
    "900 colour profiles of 1 MB": _picture(_png(40, 24, *[_BOMB] * 900), 200),
    "24 million pixels": _picture(_png(6000, 4000), 200),
    "noise": _picture(random.Random(0).randbytes(10_000), 422),
    "a JPEG that ends in a segment": _picture(b"\xff\xd8\xff\xe0\xff\xff" + bytes(100), 422),
    "a TIFF that points beyond its end": _picture(b"II*\0\xf0\xff\xff\xff" + bytes(100), 422),
    "no HTTP": _raw(b"\0\1\2\3\r\n\r\n", 400),
    "a head of 100 kB": _raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, 400),
    "half a head": _raw(b"GET / HT"),
    "half a body": _json(b"{", 99),
    "no JSON": _json(b"[[[[[[[[[", 9, 400),
}


@dataclass
class Found:
    """What clients met."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    hostile: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--source", default="synthetic:words?count=64&seed=9", help="what honest clients ask for")
    parser.add_argument("--clients", type=int, default=48, help="honest ones")
    parser.add_argument("--hostile", type=int, default=16, help="hostile ones")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    files = draw(options.source)
    with service(options.model) as (address, process):
        asyncio.run(attack(address, files, Found(), honest=4, hostile=0, seconds=2))
        found, memory = Found(), [megabytes(process)]
        for _ in range(6):
            sizes = {"honest": options.clients, "hostile": options.hostile}
            asyncio.run(attack(address, files, found, **sizes, seconds=options.seconds / 6))
            memory.append(megabytes(process))
    show(found, memory)


async def attack(
    address: str, files: Sequence[bytes], found: Found, *, honest: int, hostile: int, seconds: float
) -> None:
    """Let clients ask for so long."""
    until = time.monotonic() + seconds
    requests = [_request(address, file) for file in files]
    clients = [_ask(address, requests, found, until=until) for _ in range(honest)]
    await asyncio.gather(*clients, *(_harm(address, found, seed, until=until) for seed in range(hostile)))


async def _ask(address: str, requests: Sequence[bytes], found: Found, *, until: float) -> None:
    chance = random.Random()
    parts = urlsplit(address)
    reading, writing = await asyncio.open_connection(parts.hostname, parts.port)
    while time.monotonic() < until:
        began = time.perf_counter()
        writing.write(chance.choice(requests))
        status, _ = await _answer(reading)
        found.latencies.append(time.perf_counter() - began)
        found.statuses[status] += 1
    writing.close()


async def _harm(address: str, found: Found, seed: int, *, until: float) -> None:
    chance, parts = random.Random(seed), urlsplit(address)
    while (left := until - time.monotonic()) > 0:
        name = chance.choice(list(ATTACKS))
        found.hostile[name] += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reading, writing = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writing.write(ATTACKS[name].request(address))
                async with asyncio.timeout(left):
                    head = await reading.readuntil(b"\r\n\r\n")
                if (status := int(head.split()[1])) not in ATTACKS[name].right | BUSY | {408}:
                    found.wrong[f"{name}: {status}"] += 1
            finally:
                writing.close()


def show(found: Found, memory: Sequence[float]) -> None:
    """The table, and what was not as it should be."""
    p50, p95, p99 = np.percentile([1000 * each for each in found.latencies], [50, 95, 99])
    failed = sum(count for status, count in found.statuses.items() if status != 200)
    print("| honest requests | failed | p50 ms | p95 ms | p99 ms | hostile requests | answered otherwise |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    numbers = f"{p50:.0f} | {p95:.0f} | {p99:.0f}"
    print(f"| {len(found.latencies):,} | {failed} | {numbers} | {found.hostile.total():,} | {found.wrong.total()} |")
    if failed or found.wrong:
        print(f"\nStatuses: {dict(found.statuses)}; answered otherwise: {dict(found.wrong)}")
    print(f"\nMemory of the service, MB, before and after each sixth: {', '.join(f'{each:.0f}' for each in memory)}")


if __name__ == "__main__":
    main()
