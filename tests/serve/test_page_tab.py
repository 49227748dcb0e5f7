"""What the page does beyond a first reading: cutting by hand, copying, keeping until the tab is closed, `/docs`."""

import base64
import html
import re
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from tests.conftest import TEXTS, eventually, picture_of
from tests.serve.conftest import service
from tests.serve.test_page import address, browser, give, needs_chromium, opened, page, text_of

__all__ = ["address", "browser", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def wall() -> bytes:
    """A picture of 320 x 140 with "abc" between (160, 40) and (224, 104), as a file."""
    picture = np.full((140, 320, 3), 235, np.uint8)
    picture[40:104, 160:224] = cv2.resize(picture_of("abc"), (64, 64))
    return bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


@needs_chromium
def test_a_part_cut_out_with_the_mouse_is_read(page: Page, wall: bytes) -> None:
    give(page, {"wall.png": wall})
    card = page.locator(".card")
    expect(card.locator(".told")).to_be_visible()
    card.get_by_role("button", name="Cut out a part").click()
    layer = card.locator(".cutting").bounding_box()
    assert layer is not None
    share = layer["width"] / 320
    page.mouse.move(layer["x"] + 160 * share, layer["y"] + 40 * share)
    page.mouse.down()
    page.mouse.move(layer["x"] + 224 * share, layer["y"] + 104 * share, steps=3)
    page.mouse.up()
    expect(page.locator(".card")).to_have_count(2)
    first = page.locator(".card").first
    expect(first.locator("header b")).to_have_text("part of wall.png")
    expect(first.locator(".character").first).to_be_visible()
    assert text_of(first) == "abc"
    expect(page.locator(".cutting")).to_have_count(0)


@needs_chromium
def test_a_part_cut_out_with_the_keyboard(page: Page, wall: bytes) -> None:
    give(page, {"wall.png": wall})
    page.get_by_role("button", name="Cut out a part").press("Enter")
    expect(page.locator(".cutting")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".cutting")).to_have_count(0)
    page.get_by_role("button", name="Cut out a part").press("Enter")
    before = page.locator(".frame").bounding_box()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = page.locator(".frame").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    assert after["height"] > before["height"]
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(2)


@needs_chromium
def test_readings_are_kept_until_they_are_cleared(page: Page, files: list[bytes]) -> None:
    give(page, {"a.png": files[0], "b.png": files[1]})
    expect(page.locator(".card .text")).to_have_count(2)
    eventually(lambda: "b.png" in (page.evaluate("sessionStorage.getItem('crnn-ocr readings')") or ""))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/v1/read") else None)
    page.reload()
    expect(page.locator(".card .text")).to_have_count(2)
    assert [text_of(card) for card in page.locator(".card").all()] == TEXTS[:2]
    page.locator(".card").nth(1).locator(".character").first.hover()
    expect(page.locator(".card").nth(1).locator(".told p")).to_contain_text("% sure")
    with page.expect_download():
        page.get_by_role("button", name="Download CSV").click()
    assert asked == []
    page.get_by_role("button", name="Clear").click()
    page.reload()
    expect(page.locator("#examples img").first).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


@needs_chromium
def test_a_key_is_kept_for_the_tab(browser: Browser, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k" * 20)
    with service(trained, "--keys", str(tmp_path / "keys")) as (address, child):
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(address)
        tab.get_by_label("This service asks for an API key").fill("k" * 20)
        tab.keyboard.press("Enter")
        expect(tab.locator("#examples img").first).to_be_visible()
        tab.reload()
        expect(tab.locator("#examples img").first).to_be_visible()
        expect(tab.locator("#key-form")).to_be_hidden()
        other = context.new_page()
        other.goto(address)
        expect(other.locator("#key-form")).to_be_visible()
        context.close()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


@needs_chromium
def test_a_text_is_copied_and_the_hint_is_given_once(browser: Browser, address: str, files: list[bytes]) -> None:
    for shown in opened(browser, address, permissions=["clipboard-read", "clipboard-write"]):
        give(shown, {"a.png": files[0], "b.png": files[1]})
        expect(shown.locator(".card .text")).to_have_count(2)
        expect(shown.get_by_text("Point at a character")).to_have_count(1)
        shown.locator(".card").nth(1).get_by_role("button", name="Copy").click()
        assert shown.evaluate("navigator.clipboard.readText()") == TEXTS[1]


@needs_chromium
def test_a_large_picture_is_made_smaller_before_it_is_sent(page: Page) -> None:
    large = cv2.imencode(".png", np.full((500, 30_000, 3), 235, np.uint8))[1].tobytes()  # a strip: one text
    give(page, {"strip.png": large})
    expect(page.locator(".card .told")).to_be_visible()
    pixels = page.locator(".picture img").evaluate("(image) => image.naturalWidth * image.naturalHeight")
    assert pixels == pytest.approx(12e6, rel=0.01)


def examples(client: TestClient) -> dict[str, str]:
    """The examples of `/docs` by language."""
    found = re.findall(r'<code id="(\w+)">(.*?)</code>', client.get("/docs").text, re.DOTALL)
    return {name: html.unescape(code) for name, code in found}


def test_the_page_for_programs_loads_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert set(examples(client)) == {"curl", "python", "javascript", "keys"}
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert loaded
    assert not [each for each in loaded if "//" in each]
    for each in loaded:
        assert client.get(f"/{each.removeprefix('./')}").status_code == 200


@needs_chromium
def test_the_examples_for_programs_work(
    browser: Browser, address: str, client: TestClient, files: list[bytes], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code = examples(client)
    (tmp_path / "word.png").write_bytes(files[0])
    monkeypatch.chdir(tmp_path)
    exec(compile(code["python"].replace("http://127.0.0.1:8000", address), "docs", "exec"), {})
    assert capsys.readouterr().out.startswith(f"{TEXTS[0]} 0.")
    described = browser.new_page()
    described.goto(f"{address}/docs")
    expect(described.locator("#javascript")).to_contain_text(f"{address}/v1/read")
    expect(described.get_by_role("button", name="Copy the curl example")).to_be_visible()
    run = """async ([code, letters]) => {
      const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
      return await (await import("data:text/javascript," + encodeURIComponent(code + "; export default read;")))
        .default(new File([bytes], "word.png"));
    }"""
    context = browser.new_context(bypass_csp=True)  # the page itself forbids scripts from elsewhere
    free = context.new_page()
    free.goto(f"{address}/docs")
    shown = free.locator("#javascript").inner_text()
    assert free.evaluate(run, [shown, base64.b64encode(files[0]).decode()]) == TEXTS[0]
    context.close()
    described.close()
