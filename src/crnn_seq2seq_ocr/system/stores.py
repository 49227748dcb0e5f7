"""Object stores, ``s3://`` and ``gs://`` through fsspec, as folders on this computer.

What is read is fetched once into the user's cache, and again only where it has changed. Whoever reads a file thus needs
to know nothing of stores; what is written there is the matter of `system.outputs`. Credentials come from where the
store's own tools take them (``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ``GOOGLE_APPLICATION_CREDENTIALS``, ...); they
are in no message.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.addresses import ADDRESS, shown
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.files import replacing, writing
from crnn_seq2seq_ocr.system.parsing import parse_json

KNOWN = ".known.json"
"""Beside the files that were fetched: the size and the version of each."""

_MAGIC = re.compile(r"[*?\[]")

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the user's cache folder for this package."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crnn-seq2seq-ocr"


def fetch(place: str | Path, *, whole_folder: bool = False) -> Path:
    """Fetch a file, a folder, or all that matches a pattern, and return its path on this computer.

    Args:
        place: The address.
        whole_folder: Of a file, fetch all that lies in its folder too, as the pictures of a list.

    Returns:
        The file or the folder; for a pattern the same pattern on this computer.

    Raises:
        StorageError: There is nothing, it may not be read, or the store does not answer.
        DependencyError: The package that speaks to the store is not installed.
    """
    remote = open_store(place, "reading")
    address, inner = remote.address, remote.inner
    with failures_as_sentences(address, "read"):
        base, objects = _objects(remote.store, inner, whole_folder=whole_folder)
    if not objects:
        raise StorageError(f"there is nothing at {shown(address)}: check the address")
    folder = cache_folder() / "stores" / digest_of(f"{address.partition(':')[0]}://{base}")
    with failures_as_sentences(address, "read"):
        _update(remote.store, base, objects, folder, whole=base == inner)
    rest = PurePosixPath(inner).relative_to(base)
    return folder / rest


class Remote(NamedTuple):
    """A place in an object store.

    Attributes:
        store: Of fsspec.
        address: With its scheme.
        inner: The name of the bucket, and within it.
    """

    store: Any
    address: str
    inner: str


def open_store(place: str | Path, doing: str) -> Remote:
    """Open the store of an address; nothing is asked of it yet.

    Args:
        place: The address.
        doing: What it is opened for, which a message begins with.

    Raises:
        StorageError: Its credentials cannot be used.
        DependencyError: The package that speaks to the store is not installed.
    """
    found = ADDRESS.fullmatch(str(place))
    assert found is not None, "only addresses are opened"
    scheme, inner = found["scheme"].replace("gcs", "gs"), found["place"].strip("/")
    with needing(f"{doing} {scheme}://"):
        if scheme == "s3":
            from s3fs import S3FileSystem as FileSystem
        else:
            from gcsfs import GCSFileSystem as FileSystem
    address = f"{scheme}://{inner}"
    with failures_as_sentences(address, "opened"):
        return Remote(FileSystem(skip_instance_cache=True), address, inner)


def digest_of(address: str) -> str:
    """Return a name for what is kept here of an address; the same address of another server is another."""
    return hashlib.sha256(f"{os.environ.get('AWS_ENDPOINT_URL', '')} {address}".encode()).hexdigest()[:32]


def _objects(store: Any, inner: str, *, whole_folder: bool) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the folder that an address means, and the objects in it, by their whole names."""
    if _MAGIC.search(inner):
        return str(PurePosixPath(inner).parent), store.glob(inner, detail=True)
    if not store.isfile(inner):
        return inner, store.find(inner, detail=True)
    parent = str(PurePosixPath(inner).parent)
    return parent, store.find(parent, detail=True) if whole_folder else {inner: store.info(inner)}


def _update(store: Any, base: str, objects: dict[str, dict[str, Any]], folder: Path, *, whole: bool) -> None:
    """Fetch what is not here, or is here as it was before; of a whole folder, what is gone goes here too."""
    known = _known(folder)
    names = {str(PurePosixPath(name).relative_to(base)) for name in objects}
    for name in [name for name in known if whole and name not in names]:
        (folder / name).unlink(missing_ok=True)
        del known[name]
    for name, about in objects.items():
        inside = PurePosixPath(name).relative_to(base)
        if about.get("type") == "directory" or name.endswith("/") or ".." in inside.parts:
            continue
        version = [about.get("size"), str(about.get("ETag") or about.get("etag") or about.get("md5Hash") or "")]
        path = folder / inside
        if known.get(str(inside)) == version and path.is_file():
            continue
        log.info("fetching %s", inside)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial:
                store.get_file(name, str(partial))
        known[str(inside)] = version
    with writing(folder), replacing(folder / KNOWN) as partial:
        partial.write_text(json.dumps(known), encoding="utf-8")


def _known(folder: Path) -> dict[str, Any]:
    try:
        found = parse_json((folder / KNOWN).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def failures_as_sentences(address: str, done: str) -> Iterator[None]:
    """Tell what a store answers in one sentence; never what it was asked with.

    Args:
        address: Of what is asked for.
        done: What is tried: opened, read, or written.

    Raises:
        StorageError: Something went wrong.
    """
    try:
        yield
    except StorageError:
        raise
    except FileNotFoundError:
        missing = "there is no bucket for" if done == "written" else "there is nothing at"
        raise StorageError(f"{missing} {shown(address)}: check the address") from None
    except PermissionError:
        raise StorageError(f"{shown(address)} may not be {done} with these credentials: check them") from None
    except Exception as error:  # each store's library has errors of its own, whose texts may hold what was sent
        raise StorageError(
            f"{shown(address)} cannot be {done} ({type(error).__name__}): check the network and the credentials"
        ) from None
