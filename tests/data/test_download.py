"""Downloading from a server on the loopback: whole files, interruptions, damage, refusals, no server."""

import errno
import re
import socket
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data import download
from crnn_seq2seq_ocr.data.download import download_fsns, parse_shards
from crnn_seq2seq_ocr.data.formats.tfrecord import TFRecords, frame
from crnn_seq2seq_ocr.errors import DataError, DownloadError, StorageError

SHARD = b"".join(frame(bytes([number]) * 5000) for number in range(40))


class Server(ThreadingHTTPServer):
    """Serves files from a dict and misbehaves as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/fsns/test/test-{number:05d}-of-00064": SHARD for number in range(4)}
        self.files["/fsns/charset_size=134.txt"] = b"0\t \n"
        self.ranges = True
        self.cut: int | None = None  # send at most so many bytes an answer
        self.fail: list[int] = []  # answer with these first
        self.requests: Counter[str] = Counter()
        self.started: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/fsns"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.requests[self.path] += 1
        data = server.files.get(self.path)
        code = server.fail.pop(0) if server.fail else 200 if data is not None else 404
        if data is None or code != 200:
            self.send_error(code)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and server.ranges else 0
        server.started.append(f"{self.path.rpartition('/')[2]}@{start}")
        if wanted and server.ranges and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if wanted and server.ranges else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:][: server.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(folder: Path, server: Server, shards: tuple[int, ...] = (0,), **options: object) -> list[Path]:
    return download_fsns(folder, split="test", shards=shards, base_url=server.url, pause=0.001, **options)


def test_shards_and_charset_arrive(tmp_path: Path, server: Server) -> None:
    steps: list[tuple[int, int]] = []
    paths = fetch(tmp_path, server, (0, 1, 3), progress=lambda done, total: steps.append((done, total)))
    assert [path.name[5:10] for path in paths] == ["00000", "00001", "00003"]
    assert all(path.read_bytes() == SHARD for path in paths)
    assert (tmp_path / "charset_size=134.txt").read_bytes() == b"0\t \n"
    assert steps[-1] == (3 * len(SHARD), 3 * len(SHARD))
    assert len(TFRecords(paths)) == 120
    assert {path.name for path in (tmp_path / "test").iterdir() if not path.name.endswith(".index")} == {
        path.name for path in paths
    }


def test_complete_files_are_not_fetched_again(tmp_path: Path, server: Server) -> None:
    fetch(tmp_path, server)
    before = server.requests.copy()
    fetch(tmp_path, server, (0, 2))
    assert server.requests - before == {"/fsns/test/test-00002-of-00064": 1}


def test_a_broken_connection_is_gone_on_with(tmp_path: Path, server: Server) -> None:
    server.cut = 70_000
    assert fetch(tmp_path, server)[0].read_bytes() == SHARD
    starts = [entry for entry in server.started if entry.startswith("test-")]
    assert starts == [f"test-00000-of-00064@{start}" for start in (0, 70_000, 140_000)]


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path, server: Server) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / ".test-00000-of-00064.part").write_bytes(SHARD[:12_345])
    assert fetch(tmp_path, server)[0].read_bytes() == SHARD
    assert "test-00000-of-00064@12345" in server.started


def test_a_part_that_is_already_whole_is_taken(tmp_path: Path, server: Server) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / ".test-00000-of-00064.part").write_bytes(SHARD)
    assert fetch(tmp_path, server)[0].read_bytes() == SHARD


def test_a_part_longer_than_the_file_is_begun_again(tmp_path: Path, server: Server) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / ".test-00000-of-00064.part").write_bytes(SHARD + b"more")
    assert fetch(tmp_path, server)[0].read_bytes() == SHARD


def test_a_server_without_ranges_sends_all_again(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / ".test-00000-of-00064.part").write_bytes(b"x" * 300)
    assert fetch(tmp_path, server)[0].read_bytes() == SHARD


def test_a_busy_server_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.fail = [503, 429, 500]
    assert fetch(tmp_path, server, parallel=1)[0].read_bytes() == SHARD


def test_a_server_that_stays_busy_is_given_up(tmp_path: Path, server: Server) -> None:
    server.fail = [503] * 100
    with pytest.raises(DownloadError, match="test-00000-of-00064 could not be fetched: the server answers 503"):
        fetch(tmp_path, server, attempts=3, parallel=1)


@pytest.mark.parametrize("place", [3, 8, 20, len(SHARD) - 2], ids=["length", "length's crc", "record", "last crc"])
def test_damaged_shards_are_refused(tmp_path: Path, server: Server, place: int) -> None:
    broken = bytearray(SHARD)
    broken[place] ^= 1
    server.files["/fsns/test/test-00000-of-00064"] = bytes(broken)
    with pytest.raises(DownloadError, match="not a sound TFRecord file and was deleted"):
        fetch(tmp_path, server)
    assert list((tmp_path / "test").iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"<html>Sign in to the network</html>"], ids=["empty", "page"])
def test_what_is_no_shard_is_refused(tmp_path: Path, server: Server, data: bytes) -> None:
    server.files["/fsns/test/test-00000-of-00064"] = data
    with pytest.raises(DownloadError, match="not a sound TFRecord file"):
        fetch(tmp_path, server)


def test_a_missing_file_names_its_address(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DownloadError, match=r"/fsns/test/test-00009-of-00064: the server answers 404 .*--base-url"):
        fetch(tmp_path, server, (9,))
    assert server.requests["/fsns/test/test-00009-of-00064"] == 1


def test_a_mirror_without_the_charset_will_do(tmp_path: Path, server: Server) -> None:
    del server.files["/fsns/charset_size=134.txt"]
    assert fetch(tmp_path, server)[0].exists()


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(DownloadError, match=r"could not be fetched: Connection refused.*check the\s+connection"):
            download_fsns(tmp_path, split="test", shards=[0], base_url=url, attempts=2, pause=0.001)


def test_no_space_left(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download._Fetch, "_receive", full)
    with pytest.raises(StorageError, match=f"{re.escape(str(tmp_path))} could not be written .*free some space"):
        fetch(tmp_path, server)


def test_a_file_in_the_folders_place(tmp_path: Path, server: Server) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StorageError, match="data"):
        fetch(tmp_path / "data", server)


@pytest.mark.parametrize(
    ("split", "shards", "message"),
    [("tests", [0], "no split 'tests'"), ("test", [64], "no shard 64 in test: its shards are 0 to 63")],
)
def test_what_does_not_exist(tmp_path: Path, split: str, shards: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        download_fsns(tmp_path, split=split, shards=shards)


@pytest.mark.parametrize(
    ("text", "numbers"), [("0-3,7", [0, 1, 2, 3, 7]), ("5", [5]), (" 2 - 3 , 3,1", [1, 2, 3]), ("4-4", [4])]
)
def test_numbers_of_shards(text: str, numbers: list[int]) -> None:
    assert parse_shards(text) == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is neither a number nor a range"),
        ("1,,2", "'' is neither"),
        ("a-3", "'a-3' is neither"),
        ("-3", "'-3' is neither"),
        ("3-1", "range 3-1 runs backwards, write 1-3"),
        ("0-64", "there is no shard 64, the shards are 0 to 63"),
    ],
)
def test_wrong_numbers_of_shards(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_shards(text, count=64)


@pytest.mark.parametrize("address", ["http://other/x", "ftp://other/x"])
def test_what_is_encrypted_does_not_become_open(address: str) -> None:
    request = urllib.request.Request("https://mirror/fsns")
    handler = download._SafeRedirects()
    with pytest.raises(DownloadError, match=r"points to .* which is not encrypted: name another mirror"):
        handler.redirect_request(request, None, 302, "Found", {}, address)
    followed = handler.redirect_request(request, None, 302, "Found", Message(), "https://other/x")
    assert followed is not None
    assert followed.full_url == "https://other/x"


def test_an_answer_that_never_ends_is_not_stored(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LARGEST", 1000)
    with pytest.raises(DownloadError, match="sends more than"):
        download_fsns(tmp_path, split="test", shards=[0], base_url=server.url)
    assert not list(tmp_path.glob("test/test-*"))
