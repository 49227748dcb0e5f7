"""POST /v1/pages, and whole photographs on the page; a detector that knows where the text is takes the place of one."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import page_reader
from crnn_seq2seq_ocr.serve import ServeSettings, create_app
from tests.conftest import TEXTS, picture_of
from tests.serve.test_page import browser, give, needs_chromium, opened

__all__ = ["browser"]

PLACES = {"abc": (40, 60), "ca": (40, 140), "b": (300, 195)}
"""Left and top of each text on the photograph."""


class Known:
    """Finds what was drawn, unless the picture is dark; `hold` keeps it waiting."""

    def __init__(self) -> None:
        self.hold: threading.Event | None = None
        self.searched = 0

    def find(self, picture: np.ndarray) -> np.ndarray:
        self.searched += 1
        if self.hold is not None:
            self.hold.wait(20)
        if picture.mean() < 50:
            return np.zeros((0, 4, 2), np.float32)
        corners = [[(x, y), (x + 32, y), (x + 32, y + 32), (x, y + 32)] for x, y in PLACES.values()]
        return np.array(corners, np.float32)


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A photograph of three texts, as a file."""
    picture = np.full((240, 400, 3), 235, np.uint8)
    for text, (x, y) in PLACES.items():
        picture[y : y + 32, x : x + 32] = picture_of(text)
    return bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


@pytest.fixture(scope="module")
def empty() -> bytes:
    """A photograph without text, as a file."""
    return bytes(cv2.imencode(".png", np.zeros((240, 400, 3), np.uint8))[1].tobytes())


@pytest.fixture
def detector() -> Known:
    return Known()


@pytest.fixture
def client(reader: Reader, detector: Known) -> Iterator[TestClient]:
    pages = PageReader(detector, reader, turn=False)
    settings = ServeSettings(most_pages=2, most_pages_waiting=4, read_seconds=2)
    with TestClient(create_app(reader, settings, pages=pages), raise_server_exceptions=False) as client:
        yield client


def test_a_photograph_is_searched_and_read(client: TestClient, photo: bytes) -> None:
    answer = client.post("/v1/pages", files={"picture": ("a photo.png", photo)})
    assert answer.status_code == 200, answer.text
    (page,) = answer.json()["pages"]
    assert (page["name"], page["width"], page["height"]) == ("a photo.png", 400, 240)
    lines = {line["text"]: line for block in page["blocks"] for line in block["lines"]}
    assert set(lines) == set(PLACES)
    for text, (x, y) in PLACES.items():
        left, top = lines[text]["quadrilateral"][0]
        assert (left, top) == pytest.approx((x, y), abs=4)
        assert 0 < lines[text]["confidence"] <= 1
    assert set(page["text"].split()) == set(PLACES)
    assert client.get("/v1/models").json()["models"][0]["pages"] is True
    metrics = client.get("/metrics").text
    assert 'crnn_ocr_requests_total{path="/v1/pages",status="200"} 1.0' in metrics
    assert "crnn_ocr_pages_waiting 0.0" in metrics


def test_single_texts_are_read_as_before(client: TestClient, files: list[bytes]) -> None:
    assert client.post("/v1/read", files={"picture": files[0]}).json()["readings"][0]["text"] == TEXTS[0]


def test_a_photograph_without_text_is_an_empty_page(client: TestClient, empty: bytes) -> None:
    (page,) = client.post("/v1/pages", files={"picture": empty}).json()["pages"]
    assert (page["text"], page["blocks"]) == ("", [])


@pytest.mark.parametrize(
    ("form", "kind", "holds"),
    [
        ("text", "text/plain", "abc"),
        ("alto", "application/xml", 'CONTENT="abc"'),
        ("page", "application/xml", "<Unicode>abc"),
        ("hocr", "text/html", "ocr_line"),
    ],
)
def test_other_forms(client: TestClient, photo: bytes, form: str, kind: str, holds: str) -> None:
    answer = client.post("/v1/pages", params={"form": form}, files={"picture": photo})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(kind)
    assert holds in answer.text


def test_what_is_refused(client: TestClient, photo: bytes) -> None:
    three = [("picture", photo)] * 3
    assert client.post("/v1/pages", files=three).status_code == 413
    assert client.post("/v1/pages", params={"form": "alto"}, files=three[:2]).status_code == 422
    assert client.post("/v1/pages", params={"form": "docx"}, files=three[:1]).status_code == 422
    assert client.post("/v1/pages", files={"picture": b"no picture"}).json()["code"] == "picture_unreadable"
    assert client.post("/v1/pages", files={"picture": photo[: len(photo) // 2]}).status_code == 422


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7 ...", "scan.bin is a PDF: crnn-ocr read words FILE --find reads it"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "scan.bin is a HEIC photograph: send it as JPEG"),
    ],
)
def test_documents_are_called_what_they_are(client: TestClient, data: bytes, said: str) -> None:
    for path in ("/v1/pages", "/v1/read"):
        answer = client.post(path, files={"picture": ("scan.bin", data)})
        assert (answer.status_code, answer.json()["code"]) == (422, "picture_unreadable")
        assert answer.json()["detail"].startswith(said)


def test_a_service_without_a_detector_says_so(reader: Reader, photo: bytes) -> None:
    with TestClient(create_app(reader)) as client:
        answer = client.post("/v1/pages", files={"picture": photo})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_pages")
        assert client.get("/v1/models").json()["models"][0]["pages"] is False


def test_too_many_at_once_are_refused_and_what_nobody_waits_for_is_left_out(
    client: TestClient, detector: Known, photo: bytes
) -> None:
    detector.hold = threading.Event()
    answers: list[int] = []

    def ask() -> None:
        answers.append(client.post("/v1/pages", files=[("picture", photo)] * 2).status_code)

    first = threading.Thread(target=ask)
    first.start()
    while not detector.searched:
        time.sleep(0.01)
    busy = client.post("/v1/pages", files=[("picture", photo)] * 2)
    assert (busy.status_code, busy.json()["code"]) == (429, "busy")
    assert "Retry-After" in busy.headers
    first.join()
    assert answers == [503]  # it took longer than read_seconds
    detector.hold.set()
    detector.hold = None
    assert client.post("/v1/pages", files={"picture": photo}).status_code == 200
    assert detector.searched == 2  # the second picture of the request that was given up was not searched


@pytest.fixture(scope="module")
def address(trained: Path) -> Iterator[str]:
    """A service over HTTP, with the detector that knows."""
    reader = Reader.load(trained, device="cpu")
    with running(create_app(reader, pages=PageReader(Known(), reader, turn=False))) as address:
        yield address


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """An application over HTTP, by its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


async def plain_page(scope: Any, receive: Any, send: Any) -> None:
    """A page of somebody else."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<!doctype html><title>Another page</title>"})


ASK_ELSEWHERE = """async ([address, bytes]) => {
  const form = new FormData();
  form.append("picture", new File([Uint8Array.from(bytes)], "photo.png"));
  try {
    const answer = await fetch(address, { method: "POST", body: form, headers: { "X-API-Key": "any" } });
    return (await answer.json()).pages[0].text;
  } catch (error) {
    return "refused";
  }
}"""


@needs_chromium
def test_a_photograph_on_the_page(browser: Browser, address: str, photo: bytes, files: list[bytes]) -> None:
    for page in opened(browser, address, permissions=["clipboard-read", "clipboard-write"]):
        give(page, {"photo.png": photo, "word.png": files[0]})
        card = page.locator(".card").nth(0)
        expect(card.locator(".line")).to_have_count(3)
        expect(page.locator(".card").nth(1).locator(".character")).to_have_count(len(TEXTS[0]))
        # A line of the text and its place on the picture light up together.
        line = card.locator(".line", has_text="abc")
        line.hover()
        box = card.locator(".over.chosen")
        expect(box).to_have_count(1)
        expect(box).to_have_text("abc")
        picture, place = card.locator(".photo img").bounding_box(), box.bounding_box()
        assert picture is not None
        assert place is not None
        share = picture["width"] / 400
        assert place["x"] - picture["x"] == pytest.approx(40 * share, abs=4)
        assert place["y"] - picture["y"] == pytest.approx(60 * share, abs=4)
        line.click()
        expect(card.locator("[role=status]")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "abc"
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        assert page.evaluate("navigator.clipboard.readText()") == card.locator(".line").nth(2).inner_text()
        card.get_by_role("button", name="Copy all").click()
        assert set(page.evaluate("navigator.clipboard.readText()").split()) == set(PLACES)
        # The text over the picture can be selected as text.
        assert page.evaluate("getSelection().selectAllChildren(document.querySelector('.layer')); `${getSelection()}`")
        with page.expect_download() as download:
            card.get_by_role("button", name="Download ALTO").click()
        assert download.value.suggested_filename == "photo.xml"
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(rows) == 1 + 3 + 1


@needs_chromium
def test_what_a_picture_is_can_be_said_by_hand(browser: Browser, address: str, photo: bytes, empty: bytes) -> None:
    for page in opened(browser, address):
        page.locator("#find").select_option("crop")
        give(page, {"photo.png": photo})
        expect(page.locator(".card .told")).to_be_visible()
        page.locator("#find").select_option("auto")
        give(page, {"empty.png": empty})
        expect(page.locator(".card").nth(0).locator(".blank")).to_have_text("No text found")


@needs_chromium
def test_a_photograph_on_a_phone(browser: Browser, address: str, photo: bytes) -> None:
    for page in opened(browser, address, viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True):
        give(page, {"photo.png": photo})
        expect(page.locator(".line")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth <= 360")


@needs_chromium
def test_a_pdf_and_a_heic_photograph_on_the_page_are_told_from_damaged_pictures(browser: Browser, address: str) -> None:
    for page in opened(browser, address):
        give(page, {"scan.pdf": b"%PDF-1.7", "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0"})
        expect(page.locator(".card .problem").nth(0)).to_contain_text("is a PDF")
        expect(page.locator(".card .problem").nth(1)).to_contain_text("is a HEIC photograph")


@needs_chromium
@pytest.mark.parametrize("allowed", [True, False])
def test_a_page_of_another_origin_reads_where_it_is_let(
    browser: Browser, trained: Path, photo: bytes, allowed: bool
) -> None:
    reader = Reader.load(trained, device="cpu")
    with running(plain_page) as elsewhere:
        settings = ServeSettings(origins=(elsewhere if allowed else "https://another.example",))
        with running(create_app(reader, settings, pages=PageReader(Known(), reader, turn=False))) as service:
            page = browser.new_page()
            page.goto(elsewhere)
            text = page.evaluate(ASK_ELSEWHERE, [f"{service}/v1/pages", list(photo)])
            page.close()
    assert set(text.split()) == (set(PLACES) if allowed else {"refused"})


def test_a_reader_of_signs_finds_plates(tmp_path: Path) -> None:
    class Letters:
        """Knows where the two lines of the plate are."""

        def find(self, picture: np.ndarray) -> np.ndarray:
            edges = [(250, 115, 350, 165), (190, 178, 410, 228)]
            return np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in edges], np.float32)

    street = np.full((400, 600, 3), (214, 204, 184), np.uint8)
    cv2.rectangle(street, (150, 80), (450, 264), (20, 50, 140), -1)
    for text, place in (("RUE", (245, 160)), ("PASTEUR", (185, 222))):
        cv2.putText(street, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, (240, 240, 240), 5, cv2.LINE_AA)
    photo = cv2.imencode(".png", street[..., ::-1])[1].tobytes()
    app = create_app(signs := Reader.load("fsns", backend="onnx"), pages=page_reader(Letters(), signs))
    with TestClient(app) as client:
        answer = client.post("/v1/pages", files={"picture": photo})
        assert client.get("/v1/models").json()["models"][0]["pages"] is True
    metrics = client.get("/metrics").text
    assert 'crnn_ocr_requests_total{path="/v1/pages",status="200"} 1.0' in metrics
    assert "crnn_ocr_pages_waiting 0.0" in metrics
    assert answer.status_code == 200, answer.text
    assert answer.json()["pages"][0]["text"] == "Rue Pasteur"
