"""Single objects of stores, as a list names them by their addresses: each is fetched when it is needed."""

import contextlib
import errno
import functools
import os
from typing import Any

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.addresses import shown
from crnn_seq2seq_ocr.system.files import replacing, writing
from crnn_seq2seq_ocr.system.stores import cache_folder, digest_of, failures_as_sentences, open_store

MOST_BYTES = 1_000_000_000
"""Of one object."""


def read_object(address: str, *, keep: bool) -> bytes:
    """Read an object of a store.

    Args:
        address: Such as ``s3://bucket/a.png``.
        keep: Take what was fetched before from the cache folder of the user, and keep there what is fetched now.

    Raises:
        StorageError: There is no such object, it may not be read, is too large, or the store does not answer.
        DependencyError: The package that speaks to the store is not installed.
    """
    if not keep:
        return _fetched(address)
    kept = cache_folder() / "objects" / digest_of(address)
    with contextlib.suppress(FileNotFoundError):
        return kept.read_bytes()
    content = _fetched(address)
    with writing(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept) as partial:
            partial.write_bytes(content)
    return content


def _fetched(address: str) -> bytes:
    scheme, _, inner = address.partition(":")
    store = _store(scheme, os.environ.get("AWS_ENDPOINT_URL", ""), os.getpid())
    with failures_as_sentences(address, "read"):
        try:
            content = bytes(store.cat_file(inner.strip("/"), start=0, end=MOST_BYTES + 1))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return b""  # S3 has no part of an empty object
    if len(content) > MOST_BYTES:
        raise StorageError(f"{shown(address)} has more than {MOST_BYTES // 1_000_000} million bytes")
    return content


@functools.lru_cache(4)
def _store(scheme: str, endpoint: str, process: int) -> Any:
    """Return the store that all objects of a process are fetched with: its connections stay open."""
    del endpoint, process  # another one has connections of its own
    return open_store(f"{scheme}://all", "reading").store
