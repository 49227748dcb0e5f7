"""The static page: exported files in a real browser give what Python gives; skipped without Chromium or its runtime."""

import base64
import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.conftest import TEXTS
from tests.serve.test_page import browser, give, needs_chromium, opened, text_of

WEB = Path(__file__).parents[2] / "web"
RUNTIME = WEB / "node_modules" / "onnxruntime-web"
needs_runtime = pytest.mark.skipif(not RUNTIME.is_dir(), reason="no ONNX Runtime for browsers: npm ci --prefix web")
pytestmark = [needs_chromium, needs_runtime, pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser"]

READ = """async (texts) => {
  const { read } = await import("./page/service.js");
  const file = (text) => new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], "picture");
  const readings = [];
  for (const views of texts) readings.push(await read(views.map(file)));
  return readings;
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def build(model: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(WEB / "build.py"), str(model), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def site(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a model."""
    servers: list[http.server.ThreadingHTTPServer] = []
    pages: list[Iterator[Page]] = []

    def open_page(model: Path) -> Page:
        built = build(model, tmp_path / "site")
        assert built.returncode == 0, built.stderr
        handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        pages.append(opened(browser, f"http://127.0.0.1:{servers[-1].server_port}"))
        return next(pages[-1])

    yield open_page
    for page in pages:
        assert next(page, None) is None
    for server in servers:
        server.shutdown()
        server.server_close()


def test_drop_a_file_see_the_text(site: Any, exported: Path, pictures: Path) -> None:
    files = [(pictures / f"{number:03d}.png").read_bytes() for number in range(len(TEXTS))]
    page = site(exported)
    expect(page.locator("footer")).to_contain_text("Pictures do not leave this browser.")
    expect(page.locator("#interface")).to_be_hidden()
    give(page, {f"{n}.png": file for n, file in enumerate(files)})
    expect(page.locator(".card")).to_have_count(len(TEXTS))
    for card, text in zip(page.locator(".card").all(), TEXTS, strict=True):
        expect(card.locator(".character")).to_have_count(len(text))
        assert text_of(card) == text
    page.locator(".card").first.locator(".character").first.hover()
    expect(page.locator(".card").first).to_have_class("card looking")
    give(page, {"no.png": b"no picture"})
    expect(page.locator(".problem")).to_contain_text("no.png is no picture that this browser can read.")


@pytest.mark.parametrize(("missing", "said"), [("model.onnx", "model.onnx is missing"), ("network.js", "cannot be")])
def test_a_part_that_is_missing_is_told_of(site: Any, exported: Path, tmp_path: Path, missing: str, said: str) -> None:
    page = site(exported)
    (tmp_path / "site" / "page" / missing).unlink()
    page.reload()
    expect(page.locator("#notice")).to_contain_text(said)


@pytest.mark.parametrize("kind", ["content", "fit", "position"])
def test_the_same_readings_as_in_python(site: Any, models: Path, kind: str) -> None:
    given = given_to(kind)
    expected = Reader.load(models / f"{kind}.onnx").read([[*views] for views in given])
    page = site(models / f"{kind}.onnx")
    found = page.evaluate(READ, [[base64.b64encode(view).decode() for view in views] for views in given])
    assert len({reading.text for reading in expected}) > 1, "readings that are all the same would show little"
    for mine, its in zip(expected, found, strict=True):
        assert its["text"] == mine.text
        assert its["complete"] == mine.complete
        assert its["confidence"] == pytest.approx(mine.confidence, rel=0.02)
        content = json.loads(json.dumps(mine.to_dict()))["characters"]
        assert [each.get("view") for each in its["characters"]] == [each["view"] for each in content]
        for one, other in zip(content, its["characters"], strict=True):
            assert (other["x"], other["y"]) == pytest.approx((one["x"], one["y"]), abs=0.01)
            assert other["confidence"] == pytest.approx(one["confidence"], abs=0.01)


def given_to(kind: str) -> list[list[bytes]]:
    """Strips of four views and of fewer, single views and several, large and small ones; or lines of any width."""
    source = open_source("synthetic:words?count=4&seed=3" if kind == "fit" else "synthetic:signs?count=6&seed=3")
    drawn = [decode_picture(source[place].images[0], name=kind) for place in range(len(source))]
    if kind == "fit":
        return [[encode_picture(each)] for each in drawn]
    noise = drawn[0].copy()
    noise[:, 300:] = np.random.default_rng(0).integers(0, 256, noise[:, 300:].shape, dtype=np.uint8)
    strips = [drawn[1], noise, cv2.resize(drawn[2], (1201, 300)), drawn[3][:, :150], cv2.resize(drawn[4], (90, 60))]
    several = [encode_picture(np.ascontiguousarray(drawn[5][:, left : left + 150])) for left in (0, 150)]
    return [*([encode_picture(np.ascontiguousarray(each))] for each in strips), several]


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    built = build(tmp_path / "none", tmp_path / "site")
    assert built.returncode == 1
    assert built.stderr.startswith("web/build.py: ")
    assert "Traceback" not in built.stderr
