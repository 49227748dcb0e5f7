"""Object stores, ``s3://`` and ``gs://`` through fsspec, as folders on this computer.

What is read is fetched once into the user's cache, and again only where it has changed. Whoever reads a file thus needs
to know nothing of stores; what is written there is the matter of `system.outputs`. Credentials come from where the
store's own tools take them (``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ``GOOGLE_APPLICATION_CREDENTIALS``, ...); they
are in no message.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar

from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.system.addresses import ADDRESS, is_remote, shown
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.files import replacing, writing
from crnn_seq2seq_ocr.system.parsing import parse_json

KNOWN = ".known.json"
"""Beside the files that were fetched: the size and the version of each."""

_AT_ONCE = 16
"""Files that are on their way at a time: the answer to each takes long, whatever its size."""

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

_LARGE = 100_000_000
"""Bytes whose fetching is told."""

Item = TypeVar("Item")
Result = TypeVar("Result")

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
    _update(remote, base, objects, folder, whole=base == inner)
    rest = PurePosixPath(inner).relative_to(base)
    return folder / rest


def local_copy(place: str | Path, *, whole_folder: bool = False) -> Path:
    """Return a place on this computer as it is, and one in an object store fetched; see `fetch`."""
    return fetch(place, whole_folder=whole_folder) if is_remote(place) else Path(place)


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
            # That of the package itself asks by gRPC for the kind of each bucket, and waits a minute where it cannot.
            from gcsfs.core import GCSFileSystem as FileSystem
    address = f"{scheme}://{inner}"
    with failures_as_sentences(address, "opened"):
        # s3fs itself asks five times, for 15 s; with the five of its client for each, silence would last six minutes.
        settings = {"config_kwargs": {"retries": {"total_max_attempts": 2}}} if scheme == "s3" else {}
        return Remote(FileSystem(skip_instance_cache=True, **settings), address, inner)


def digest_of(address: str) -> str:
    """Return a name for what is kept here of an address; the same address of another server is another."""
    return hashlib.sha256(f"{os.environ.get('AWS_ENDPOINT_URL', '')} {address}".encode()).hexdigest()[:32]


def _objects(store: Any, inner: str, *, whole_folder: bool) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the folder that an address means, and the objects in it, by their whole names."""
    if _MAGIC.search(inner):
        return str(PurePosixPath(inner).parent), store.glob(inner, detail=True)
    file = _file(store, inner)
    if file is None:
        return inner, store.find(inner, detail=True)
    parent = str(PurePosixPath(inner).parent)
    return parent, store.find(parent, detail=True) if whole_folder else {inner: file}


def _file(store: Any, inner: str) -> dict[str, Any] | None:
    """Return what the store says of an object of this name, if it is one; its own `isfile` takes silence for a no."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        found: dict[str, Any] = store.info(inner)
        return found if found["type"] == "file" else None
    return None


def _update(remote: Remote, base: str, objects: dict[str, dict[str, Any]], folder: Path, *, whole: bool) -> None:
    """Fetch what is not here, or is here as it was before; of a whole folder, what is gone goes here too."""
    store, address = remote.store, remote.address
    known = _known(folder)
    names = {str(PurePosixPath(name).relative_to(base)) for name in objects}
    for name in [name for name in known if whole and name not in names]:
        (folder / name).unlink(missing_ok=True)
        del known[name]
    wanted: dict[str, tuple[str, list[Any]]] = {}
    for name, about in objects.items():
        inside = PurePosixPath(name).relative_to(base)
        if about.get("type") == "directory" or name.endswith("/") or ".." in inside.parts:
            continue
        version = [about.get("size"), str(about.get("ETag") or about.get("etag") or about.get("md5Hash") or "")]
        if known.get(str(inside)) != version or not (folder / inside).is_file():
            wanted[name] = str(inside), version

    def get(name: str) -> str:
        path = folder / wanted[name][0]
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial, failures_as_sentences(address, "read"):
                store.get_file(name, str(partial))
        return name

    size = sum(int(version[0] or 0) for _, version in wanted.values())
    # Without other settings a warning is what people see; a library is not to print.
    log.log(logging.WARNING if size > _LARGE else logging.INFO,
            "fetching %d files, %.0f MB, from %s", len(wanted), size / 1e6, shown(address))  # fmt: skip
    try:
        for name in at_once(get, wanted):
            place, version = wanted[name]
            known[place] = version
    finally:  # what is here need not be fetched again, however this ended
        with writing(folder), replacing(folder / KNOWN) as partial:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(known), encoding="utf-8")


def at_once(act: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do something with many items, some at a time, and give what comes of it in order; the first failure ends it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield from pool.map(act, items)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


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
    except OSError as error:
        if error.errno in _DISK:  # of this computer, which is told of elsewhere
            raise
        raise _unanswered(address, done, error) from None
    except Exception as error:  # each store's library has errors of its own, whose texts may hold what was sent
        raise _unanswered(address, done, error) from None


def _unanswered(address: str, done: str, error: Exception) -> StorageError:
    return StorageError(
        f"{shown(address)} cannot be {done} ({type(error).__name__}): check the network and the credentials"
    )
