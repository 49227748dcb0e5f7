"""API keys: one of those the service knows comes with each request, compared in constant time."""

import hashlib
import hmac
import math
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.serve.problems import Problem

SHORTEST = 16
HASHED = "sha256:"
"""Begins a line that holds, in hexadecimal digits, the SHA-256 of a key in place of the key."""


def read_keys(path: Path) -> tuple[SecretStr, ...]:
    """Read the keys of a file or their digests, one a line; empty lines and those that begin with # are skipped.

    Raises:
        DataError: The file cannot be read, holds no key, or one that is easily guessed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): give a text file with one key a line") from None
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise DataError(f"{path} holds no key: write one a line, or leave --keys out to let everyone read")
    if short := [number for number, key in enumerate(keys, 1) if len(key) < SHORTEST]:
        raise DataError(f"{path}: key {short[0]} has less than {SHORTEST} characters: take longer, random ones")
    if strange := [number for number, key in enumerate(keys, 1) if not key.isascii()]:
        raise DataError(f"{path}: key {strange[0]} is not all plain letters, digits and signs: headers hold no others")
    hashed = [(number, key.removeprefix(HASHED)) for number, key in enumerate(keys, 1) if key.startswith(HASHED)]
    if damaged := [number for number, digest in hashed if not re.fullmatch(r"[0-9a-fA-F]{64}", digest)]:
        raise DataError(f"{path}: key {damaged[0]} is no {HASHED} with 64 hexadecimal digits: make it with sha256sum")
    return tuple(map(SecretStr, keys))


class Keys:
    """Tells whether a request may be answered.

    Args:
        keys: Those that are known, or their digests.
        most_wrong: Wrong ones of one client in a minute.
    """

    def __init__(self, keys: Sequence[SecretStr], *, most_wrong: int = 10) -> None:
        self._digests = [_known(key.get_secret_value()) for key in keys]
        self._wrong = _Minute(most_wrong)

    def check(self, headers: Mapping[str, str], client: str = "") -> None:
        """Let a request pass whose ``X-API-Key``, or ``Authorization: Bearer``, is a known key.

        Raises:
            Problem: 401, there is none or a wrong one; 429, there were too many wrong ones from this client.
        """
        if not self._digests:
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = headers.get("x-api-key") or (bearer if scheme.lower() == "bearer" else "")
        if given and (seconds := self._wrong.wait(client)):
            # Right ones too: else it would be told at once which are wrong.
            detail = f"too many wrong keys came from your address: try again in {seconds} s"
            raise Problem(429, "wrong_keys", detail, headers={"Retry-After": str(seconds)})
        # All are compared, and as digests: how long it takes tells neither which nor how much of one is right.
        known = [hmac.compare_digest(_digest(given), digest) for digest in self._digests]
        if not any(known):
            if given:
                self._wrong.note(client)
            what = "the key is not known here" if given else "a key is needed"
            detail = f"{what}: send it as the header X-API-Key, or as Authorization: Bearer KEY"
            raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


class _Minute:
    """How often something happened for each client in the running minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ends, self._counts = 0.0, Counter[str]()

    def wait(self, client: str) -> int:
        """Whole seconds until the minute is over, for a client that has had its number; else 0."""
        left = self._ends - time.monotonic()
        return math.ceil(left) if left > 0 and self._counts[client] >= self._most else 0

    def note(self, client: str) -> None:
        """Note that it happened."""
        if time.monotonic() >= self._ends:
            self._ends, self._counts = time.monotonic() + 60, Counter()
        self._counts[client] += 1


def _known(key: str) -> bytes:
    """Return the digest of a key of the file."""
    return bytes.fromhex(key.removeprefix(HASHED)) if key.startswith(HASHED) else _digest(key)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
