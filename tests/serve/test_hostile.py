"""What strangers send: every malformed request gets a 4xx with a JSON problem, and the service goes on."""

import asyncio
import base64
import builtins
import json
import struct
import threading
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.readings import PreparedSample, Reading
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.serve import ServeSettings, create_app
from tests.conftest import TEXTS
from tests.serve.conftest import MakeClient


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    """A PNG file that claims a size, however little is in it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def one(view: str, **more: Any) -> dict[str, Any]:
    return {"texts": [{"views": [view]}], **more}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def refused(answer: Any, status: int, code: str) -> str:
    """That an answer is a problem of this kind; its sentence."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert {"type", "title", "detail"} <= set(answer.json())
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert len(detail) < 600
    return detail


PICTURES = {
    "empty": (b"", 422, "picture_empty"),
    "text": (b"Rue Foch", 422, "picture_unreadable"),
    "noise": (np.random.default_rng(0).bytes(5000), 422, "picture_unreadable"),
    "a bomb": (png(60_000, 60_000), 413, "picture_too_large"),
    "too large": (png(6_000, 6_000), 413, "picture_too_large"),
    "less than it claims": (png(500, 500), 422, "picture_unreadable"),
    "no pixels": (png(0, 10), 422, "picture_unreadable"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", 422, "picture_unreadable"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 422, "picture_unreadable"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_that_are_none(client: TestClient, name: str) -> None:
    data, status, code = PICTURES[name]
    refused(client.post("/v1/read", files={"picture": ("x.png", data)}), status, code)
    refused(client.post("/v1/read", json=one(base64_of(data))), status, code)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_short(client: TestClient, files: list[bytes], share: float) -> None:
    cut = files[0][: int(len(files[0]) * share)]
    assert "x.png" in refused(client.post("/v1/read", files={"picture": ("x.png", cut)}), 422, "picture_unreadable")


@pytest.mark.parametrize(
    "view", ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x.png", "data:image/png;base64,AAAA", "ab c", "é"]
)
def test_paths_and_addresses_are_never_opened(client: TestClient, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def watch(*arguments: Any, **named: Any) -> Any:
        # Other threads may open files of their own: what was asked for is what must not be.
        if "passwd" in str(arguments):
            opened.append(str(arguments))
        return real(*arguments, **named)

    def never(*arguments: Any, **_named: Any) -> Any:
        raise AssertionError(f"opened: {arguments}")

    real = builtins.open
    monkeypatch.setattr("builtins.open", watch)
    monkeypatch.setattr("socket.create_connection", never)
    refused(client.post("/v1/read", json=one(view)), 422, "not_base64")
    refused(client.post("/v1/read", data={"picture": view}, files={"x": b""}), 422, "invalid")
    form = {"picture": (None, view)}
    refused(client.post("/v1/read", files=form), 422, "picture_missing")
    assert not opened


def test_a_path_as_a_name_is_only_a_name(client: TestClient, files: list[bytes]) -> None:
    name = "../../etc/passwd"
    reading = client.post("/v1/read", files={"picture": (name, files[0])}).json()["readings"][0]
    assert (reading["name"], reading["text"]) == (name, TEXTS[0])


BODIES = {
    "nothing": (b"", 400, "json_damaged"),
    "no JSON": (b"{'texts'", 400, "json_damaged"),
    "no UTF-8": (b'{"texts": "\xff\xfe"}', 400, "json_damaged"),
    "too deep": (b'{"texts":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "json_damaged"),
    "a number": (b"1" * 4000, 422, "invalid"),
    "too long a number": (b"1" * 5000, 400, "json_damaged"),
    "no texts": (b"{}", 422, "invalid"),
    "an empty list": (b'{"texts": []}', 422, "invalid"),
    "no views": (b'{"texts": [{"name": "x"}]}', 422, "invalid"),
    "an empty list of views": (b'{"texts": [{"views": []}]}', 422, "invalid"),
    "a wrong kind": (b'{"texts": [{"views": [7]}]}', 422, "invalid"),
    "too much": (b'{"texts": [{"views": ["AA=="], "path": "/etc/passwd"}]}', 422, "invalid"),
    "unknown detail": (b'{"texts": [{"views": ["AA=="]}], "detail": "all"}', 422, "invalid"),
    "zeros without end": (b'{"texts": [' + b"0," * 200_000 + b"0]}", 413, "too_many_texts"),
    "views without end": (b'{"texts": [{"views": [' + b'"",' * 200_000 + b'""]}]}', 413, "too_many_texts"),
    "keys without end": (b"{" + b",".join(b'"%d":0' % each for each in range(99_999)) + b"}", 413, "too_many_texts"),
    "a long key": (b'{"texts": [{"views": ["AA=="], "' + b"k" * 9000 + b'": 0}]}', 422, "invalid"),
    "a long name": (json.dumps({"texts": [{"name": "n" * 300, "views": ["AA=="]}]}).encode(), 422, "invalid"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_not_what_they_should_be(client: TestClient, name: str) -> None:
    body, status, code = BODIES[name]
    headers = {"content-type": "application/json"}
    refused(client.post("/v1/read", content=body, headers=headers), status, code)


FORMS = {
    "no boundary": ("multipart/form-data", b"--x\r\n\r\n", 400, "form_damaged"),
    "damaged": ("multipart/form-data; boundary=x", b"what is this", 400, "form_damaged"),
    "no name": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", 400, "form_damaged",
    ),
    "nothing in it": ("multipart/form-data; boundary=x", b"--x--\r\n", 422, "picture_missing"),
    "text": ("text/plain", b"Rue Foch", 415, "content_type"),
    "a picture itself": ("image/png", b"\x89PNG", 415, "content_type"),
    "no kind": ("", b"x", 415, "content_type"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_are_none(client: TestClient, name: str) -> None:
    kind, body, status, code = FORMS[name]
    refused(client.post("/v1/read", content=body, headers={"content-type": kind}), status, code)


@pytest.mark.parametrize("field", [{"detail": "everything"}, {"views": "perhaps"}, {"url": "http://127.0.0.1/"}])
def test_fields_that_are_wrong(client: TestClient, files: list[bytes], field: dict[str, str]) -> None:
    refused(client.post("/v1/read", files={"picture": files[0]}, data=field), 422, "invalid")


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "undefined", "utf-16", "zip"])
def test_a_form_in_another_encoding(client: TestClient, files: list[bytes], charset: str) -> None:
    """Forms are UTF-8, whatever they say: some encodings make of bytes what is no text."""
    head = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="\\ud800+2AA-"\r\n\r\n'
    kind = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = client.post("/v1/read", content=head + files[0] + b"\r\n--x--\r\n", headers=kind)
    assert (answer.status_code, answer.json()["readings"][0]["name"]) == (200, "\\ud800+2AA-")


def test_a_thousand_pictures(client: TestClient, files: list[bytes]) -> None:
    form = client.post("/v1/read", files=[("picture", files[0])] * 1000)
    assert "32" in refused(form, 413, "too_many_texts")
    texts = one(base64_of(files[0]))["texts"] * 1000
    refused(client.post("/v1/read", json={"texts": texts}), 413, "too_many_texts")


def test_more_views_than_the_model_has(client: TestClient, files: list[bytes]) -> None:
    form = client.post("/v1/read", files=[("picture", files[0])] * 2, data={"views": "true"})
    refused(form, 422, "too_many_views")
    body = {"texts": [{"views": [base64_of(files[0])] * 1000}]}
    refused(client.post("/v1/read", json=body), 422, "too_many_views")


def test_a_large_body_is_not_read_to_its_end(make_client: MakeClient, files: list[bytes]) -> None:
    client = make_client(most_bytes=20_000)
    refused(client.post("/v1/read", files={"picture": bytes(30_000)}), 413, "body_too_large")
    refused(client.post("/v1/read", json=one("A" * 30_000)), 413, "body_too_large")
    claimed = {"content-type": "application/json", "content-length": "1" + "0" * 40}
    refused(client.post("/v1/read", content=b"{}", headers=claimed), 413, "body_too_large")
    assert client.post("/v1/read", files={"picture": files[0]}).status_code == 200


def test_addresses_and_verbs_that_are_not_there(client: TestClient) -> None:
    refused(client.get("/v1/nothing"), 404, "not_found")
    refused(client.get("/page/../app.py"), 404, "not_found")
    refused(client.get("/page/%2e%2e/app.py"), 404, "not_found")
    assert "there is nothing at /v1/nothing: the page is at /" in client.get("/v1/nothing").json()["detail"]
    refused(client.get("/v1/read"), 405, "method_not_allowed")
    assert client.get("/v1/read").json()["detail"] == "/v1/read takes no GET: send POST"
    assert client.head("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-key": "wrong"}, {"x-api-key": "k" * 24 + "x"}, {"authorization": "Bearer "}, {"authorization": "kkk"},
     {"x-api-key": "é".encode("latin-1").decode("latin-1") * 30}],
)  # fmt: skip
def test_wrong_keys(make_client: MakeClient, headers: dict[str, str], files: list[bytes]) -> None:
    client = make_client(keys=("k" * 24, "l" * 24))
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    refused(client.post("/v1/read", files={"picture": files[0]}, headers=encoded), 401, "unauthorized")
    refused(client.get("/v1/models", headers=encoded), 401, "unauthorized")
    assert client.get("/healthz").status_code == 200


def test_right_keys(make_client: MakeClient, files: list[bytes]) -> None:
    client = make_client(keys=("k" * 24, "l" * 24))
    for headers in ({"x-api-key": "l" * 24}, {"authorization": "Bearer " + "k" * 24}):
        assert client.post("/v1/read", files={"picture": files[0]}, headers=headers).status_code == 200


class Slow:
    """A reader that waits to be let go on."""

    def __init__(self, reader: Reader) -> None:
        self.description, self.backend, self.reader = reader.description, reader.backend, reader
        self.tokenizer = reader.tokenizer
        self.began, self.go_on = threading.Event(), threading.Event()

    def prepare(self, sample: Sample) -> PreparedSample | Reading:
        return self.reader.prepare(sample)

    def read_prepared(self, prepared: list[PreparedSample], *, lexicon: Constraint | None = None) -> list[Reading]:
        self.began.set()
        assert self.go_on.wait(20)
        return self.reader.read_prepared(prepared, lexicon=lexicon)


def slow_client(slow: Slow, **settings: Any) -> TestClient:
    app = create_app(slow, ServeSettings(**settings))  # type: ignore[arg-type]
    return TestClient(app, raise_server_exceptions=False)


def test_a_full_queue_refuses_and_says_when_to_come_back(reader: Reader, files: list[bytes]) -> None:
    slow = Slow(reader)
    answers = []
    with slow_client(slow, most_waiting=2, most_texts=2, batch_size=1) as client:

        def ask() -> None:
            answers.append(client.post("/v1/read", files=[("picture", files[0])] * 2))

        threads = [threading.Thread(target=ask)]
        threads[0].start()
        assert slow.began.wait(20)
        full = client.post("/v1/read", files=[("picture", files[0])] * 2)  # one is being read, one waits
        refused(full, 429, "busy")
        assert int(full.headers["retry-after"]) >= 1
        slow.go_on.set()
        threads[0].join()
        assert client.post("/v1/read", files={"picture": files[0]}).status_code == 200
    assert [answer.status_code for answer in answers] == [200]


def test_too_many_requests_at_once(reader: Reader, files: list[bytes]) -> None:
    slow = Slow(reader)
    with slow_client(slow, most_requests=1) as client:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.post("/v1/read", files={"picture": files[0]})))
        thread.start()
        assert slow.began.wait(20)
        busy = client.post("/v1/read", files={"picture": files[0]})
        refused(busy, 429, "busy")
        slow.go_on.set()
        thread.join()
        assert answers[0].status_code == 200


def test_reading_that_takes_too_long(reader: Reader, files: list[bytes]) -> None:
    slow = Slow(reader)
    with slow_client(slow, read_seconds=0.05) as client:
        late = client.post("/v1/read", files={"picture": files[0]})
        refused(late, 503, "too_long")
        assert late.headers["retry-after"]
        slow.go_on.set()
        assert client.get("/readyz").status_code == 200


def test_a_client_that_sends_too_slowly(reader: Reader) -> None:
    """Its connection is all that it holds."""
    sent: list[Any] = []

    async def ask() -> None:
        app = create_app(reader, ServeSettings(receive_seconds=0.05))
        first = True

        async def receive() -> dict[str, Any]:
            nonlocal first
            if not first:
                await asyncio.sleep(3600)
            first = False
            return {"type": "http.request", "body": b'{"texts"', "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/read", "headers": headers, "query_string": b""}
        await app(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "too_slow"


def test_our_own_mistake_is_a_problem_too_and_ends_nothing(reader: Reader, files: list[bytes]) -> None:
    slow = Slow(reader)

    def read_prepared(prepared: list[PreparedSample]) -> list[Reading]:
        raise RuntimeError("secret")

    slow.read_prepared = read_prepared  # type: ignore[method-assign, assignment]
    with slow_client(slow) as client:
        detail = refused(client.post("/v1/read", files={"picture": files[0]}), 500, "internal_error")
        assert "secret" not in detail
        assert 'crnn_ocr_requests_total{path="/v1/read",status="500"} 1.0' in client.get("/metrics").text
        assert client.get("/readyz").status_code == 200
