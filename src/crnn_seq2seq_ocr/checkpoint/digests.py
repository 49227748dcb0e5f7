"""Digests of a model's files: what was changed since it was written is not read with.

Those of the files of a folder stand in ``model.json``. An ONNX file has its own in its metadata: SHA-256 of the file in
which the digits of the digest are zeros.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crnn_seq2seq_ocr.errors import CheckpointError

KEY = "sha256"
"""The entry of ``model.json``: hexadecimal digests by the names of files."""

ONNX_KEY = "crnn-seq2seq-ocr-sha256"
"""The entry of an ONNX file's metadata."""

_ZEROS = "0" * 64
_BEFORE = ONNX_KEY.encode() + b"\x12\x40"
"""What stands before the digits in the file: the key, and the head of a protobuf field 2 of 64 bytes."""


def digest(content: bytes | memoryview) -> str:
    """Return the hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, which is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, content: Any, *, remedy: str) -> None:
    """Compare a file with its digest.

    Args:
        path: The file.
        content: What the ``model.json`` beside it says; it need not have a digest of the file.
        remedy: What to do, for the message.

    Raises:
        CheckpointError: The file was changed, or cannot be read.
    """
    digests = content.get(KEY) if isinstance(content, Mapping) else None
    expected = digests.get(path.name) if isinstance(digests, Mapping) else None
    if expected is None:
        return
    try:
        found = digest_file(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror or error}): {remedy}") from None
    if found != expected:
        raise CheckpointError(f"{path} is damaged, its SHA-256 is not the one in model.json: {remedy}")


def sign_onnx(content: bytes) -> bytes:
    """Put the digest into an ONNX file whose metadata has 64 zeros under `ONNX_KEY`."""
    place = content.rindex(_BEFORE + _ZEROS.encode()) + len(_BEFORE)
    return content[:place] + digest(content).encode() + content[place + 64 :]


def unsigned() -> dict[str, str]:
    """Return the metadata that `sign_onnx` fills in."""
    return {ONNX_KEY: _ZEROS}


def check_onnx(content: bytes, where: str) -> None:
    """Compare the content of an ONNX file with the digest in it, if it has one.

    Raises:
        CheckpointError: It was changed.
    """
    place = content.rfind(_BEFORE)
    if place < 0:
        return
    place += len(_BEFORE)
    hashed = hashlib.sha256(content[:place])
    hashed.update(_ZEROS.encode())
    hashed.update(memoryview(content)[place + 64 :])
    if hashed.hexdigest().encode() != content[place : place + 64]:
        raise CheckpointError(f"{where} is damaged, its SHA-256 is not that in its metadata: copy or export it again")
