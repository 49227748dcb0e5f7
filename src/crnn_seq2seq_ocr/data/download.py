"""FSNS from its official address: in parallel, resumable, every file checked before it gets its name.

Address, numbers of shards and names: tensorflow/models, research/attention_ocr and research/street.
"""

import http.client
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from crnn_seq2seq_ocr.data.formats.tfrecord import TFRecords, shard_name
from crnn_seq2seq_ocr.errors import DataError, DownloadError
from crnn_seq2seq_ocr.system.files import writing

FSNS_URL = "https://download.tensorflow.org/data/fsns-20160927"
SHARDS = {"train": 512, "validation": 64, "test": 64}
"""Number of shards of each split; about 300, 40 and 50 MB each."""
CHARSET_FILE = "charset_size=134.txt"

_PIECE = 1 << 20
_TIMEOUT = 30.0

LARGEST = 2 << 30
"""No shard has more bytes: an answer that goes on is not what was asked for."""


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows where a server points to, but never from https to what anybody on the way can change."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise DownloadError(f"{req.full_url} points to {newurl}, which is not encrypted: name another mirror")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_open = urllib.request.build_opener(_SafeRedirects).open

Progress = Callable[[int, int], None]


def parse_shards(text: str, *, count: int | None = None) -> list[int]:
    """Numbers of shards from ``0-3,7``: each once, in order.

    Args:
        text: Numbers and ranges (both ends included), separated by commas.
        count: How many shards there are; numbers from ``count`` on are errors.

    Raises:
        DataError: Not of that form, a range that runs backwards, or a number that does not exist.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not found:
            raise DataError(f"shards {text!r}: {part.strip()!r} is neither a number nor a range such as 0-3")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise DataError(f"shards {text!r}: the range {part.strip()} runs backwards, write {last}-{first}")
        if count is not None and last >= count:
            raise DataError(f"shards {text!r}: there is no shard {last}, the shards are 0 to {count - 1}")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def download_fsns(
    folder: Path,
    *,
    split: str = "train",
    shards: Sequence[int] | None = None,
    base_url: str = FSNS_URL,
    parallel: int = 4,
    progress: Progress | None = None,
    attempts: int = 5,
    pause: float = 1.0,
) -> list[Path]:
    """Fetch shards of FSNS into ``folder/split`` and the charset file into ``folder``.

    Files that are complete are not fetched again; what an interrupted run has left behind as ``.part`` is
    gone on with. The first failure stops all; giving the same command again goes on.

    Args:
        folder: Where to; made if need be.
        split: ``train``, ``validation`` or ``test``.
        shards: Which shards of the split; all if None.
        base_url: Address of a mirror with the same layout.
        parallel: Files at a time.
        progress: Called, from one thread at a time, with bytes done and bytes in all (estimated until every
            file has begun).
        attempts: How often a file is tried without getting any further.
        pause: Seconds before the second attempt; doubled each time.

    Returns:
        The shards' paths, in order.

    Raises:
        DataError: There is no such split or shard.
        DownloadError: The server has no such file, cannot be reached, or sent a damaged file.
        StorageError: No space left, or the folder may not be written.
    """
    if split not in SHARDS:
        raise DataError(f"FSNS has no split {split!r}: choose one of {', '.join(SHARDS)}")
    count = SHARDS[split]
    numbers = range(count) if shards is None else shards
    wrong = [number for number in numbers if not 0 <= number < count]
    if wrong:
        raise DataError(f"FSNS has no shard {wrong[0]} in {split}: its shards are 0 to {count - 1}")
    with writing(folder):
        (folder / split).mkdir(parents=True, exist_ok=True)
    names = [f"{split}/{shard_name(split, number, count)}" for number in numbers]
    fetch = _Fetch(base_url.rstrip("/"), folder, attempts, pause, _Meter(progress, len(names)))
    with ThreadPoolExecutor(parallel) as pool:
        files = [pool.submit(fetch.shard, name) for name in names]
        files.append(pool.submit(fetch.charset))
        try:
            done, _ = wait(files, return_when=FIRST_EXCEPTION)
            for file in done:
                file.result()
        except BaseException:
            fetch.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [folder / name for name in names]


class _Meter:
    """Bytes of all files together; sizes that are not known yet are taken as the mean of the known ones."""

    def __init__(self, progress: Progress | None, files: int) -> None:
        self._progress = progress
        self._files = files
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def report(self, name: str, done: int, size: int) -> None:
        if self._progress is None:
            return
        with self._lock:
            self._done[name], self._sizes[name] = done, size
            total = sum(self._sizes.values()) * self._files // len(self._sizes)
            self._progress(sum(self._done.values()), total)


class _StoppedError(Exception):
    """Another file has failed; this one is left as it is."""


class _StalledError(Exception):
    """An attempt ended early; what has arrived is kept."""


@dataclass
class _Fetch:
    """Fetches single files, from several threads at a time."""

    base_url: str
    folder: Path
    attempts: int
    pause: float
    meter: _Meter
    stop: threading.Event = field(default_factory=threading.Event)

    def shard(self, name: str) -> None:
        target = self.folder / name
        if target.exists():
            size = target.stat().st_size
            self.meter.report(name, size, size)
            return
        part = self._fetch(name)
        try:
            _check(part)
        except DataError as error:
            part.unlink()
            raise DownloadError(
                f"{self.base_url}/{name} arrived whole but is not a sound TFRecord file and was deleted: try again, "
                f"or another mirror with --base-url. What is wrong with it: {error}"
            ) from None
        finally:
            _index_of(part).unlink(missing_ok=True)
        part.replace(target)

    def charset(self) -> None:
        target = self.folder / CHARSET_FILE
        if target.exists():
            return
        try:
            self._fetch(CHARSET_FILE, silent=True).replace(target)
        except _MissingError:
            # A mirror may hold the shards alone; this package knows the charset without the file.
            return

    def _fetch(self, name: str, *, silent: bool = False) -> Path:
        """Complete the file's hidden ``.part`` and return its path."""
        target = self.folder / name
        part = target.with_name(f".{target.name}.part")
        left, pause = self.attempts, self.pause
        while True:
            before = _size(part)
            try:
                with writing(self.folder):
                    self._attempt(name, part, silent)
                return part
            except _StalledError as stalled:
                further = _size(part) > before
                left, pause = (self.attempts, self.pause) if further else (left - 1, 2 * pause)
                if left <= 0:
                    raise DownloadError(
                        f"{self.base_url}/{name} could not be fetched: {stalled}. What has arrived is kept: check the "
                        "connection and give the same command again, or name a mirror with --base-url"
                    ) from None
            if self.stop.wait(pause):
                raise _StoppedError

    def _attempt(self, name: str, part: Path, silent: bool) -> None:
        """One request, which goes on where the ``.part`` ends.

        Raises:
            _StalledError: It is worth trying again.
            DownloadError: It is not.
        """
        url = f"{self.base_url}/{name}"
        start = _size(part)
        request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
        try:
            with _open(request, timeout=_TIMEOUT) as answer:
                if answer.status != 206:
                    start = 0  # the server knows no ranges and sends all of it again
                length = answer.headers["Content-Length"]
                size = start + int(length) if length else None
                arrived = self._receive(answer, part, start, None if silent else (name, size or start))
        except urllib.error.HTTPError as error:
            self._refused(error, url, part, start)
            return
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            raise _StalledError(_reason(error)) from None
        if size is not None and arrived != size:
            raise _StalledError(f"the connection broke off after {arrived:,} of {size:,} bytes")

    def _receive(self, answer: http.client.HTTPResponse, part: Path, start: int, shown: tuple[str, int] | None) -> int:
        """Write what comes to the ``.part`` from byte ``start``; its size afterwards."""
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            arrived = start
            while piece := answer.read(_PIECE):
                if self.stop.is_set():
                    raise _StoppedError
                file.write(piece)
                arrived += len(piece)
                if arrived > LARGEST:
                    raise DownloadError(f"{answer.url} sends more than {LARGEST >> 30} GiB: name another mirror")
                if shown:
                    self.meter.report(shown[0], arrived, max(shown[1], arrived))
        return arrived

    def _refused(self, error: urllib.error.HTTPError, url: str, part: Path, start: int) -> None:
        """Decide what an HTTP error means; returns where it means that the ``.part`` is complete."""
        with error:
            if error.code == 416:  # nothing comes after byte `start`
                if error.headers["Content-Range"] == f"bytes */{start}":
                    return
                part.unlink()
                raise _StalledError("what had arrived is longer than the file; beginning again")
            if error.code in (408, 429) or error.code >= 500:
                raise _StalledError(f"the server answers {error.code} {error.reason}")
            kind = _MissingError if error.code in (404, 410) else DownloadError
            raise kind(
                f"{url}: the server answers {error.code} {error.reason}: check the address "
                f"(--base-url; the official one is {FSNS_URL})"
            ) from None


class _MissingError(DownloadError):
    """The server does not have the file."""


def _check(part: Path) -> None:
    """Read every record and verify its checksum.

    Raises:
        DataError: The file is no TFRecord file, is truncated, empty, or a checksum fails.
    """
    records = TFRecords([part])
    for number in range(len(records)):
        records[number]


def _index_of(shard: Path) -> Path:
    """Where the index of a shard is cached."""
    return shard.with_name(f".{shard.name}.index")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """Explain an error of the network to people."""
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
