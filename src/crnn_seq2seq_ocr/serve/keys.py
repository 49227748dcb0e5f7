"""API keys: one of those the service knows comes with each request, compared in constant time."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.serve.problems import Problem

SHORTEST = 16


def read_keys(path: Path) -> tuple[SecretStr, ...]:
    """The keys of a file, one a line; empty lines and those that begin with # are skipped.

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
    return tuple(map(SecretStr, keys))


class Keys:
    """Tells whether a request may be answered."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._digests = [_digest(key.get_secret_value()) for key in keys]

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a request pass whose ``X-API-Key``, or ``Authorization: Bearer``, is a known key.

        Raises:
            Problem: 401, there is none or a wrong one.
        """
        if not self._digests:
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = headers.get("x-api-key") or (bearer if scheme.lower() == "bearer" else "")
        # All are compared, and as digests: how long it takes tells neither which nor how much of one is right.
        known = [hmac.compare_digest(_digest(given), digest) for digest in self._digests]
        if not any(known):
            what = "the key is not known here" if given else "a key is needed"
            detail = f"{what}: send it as the header X-API-Key, or as Authorization: Bearer KEY"
            raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
