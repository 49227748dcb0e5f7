"""The page as people use it, in a real browser; Debian's Chromium, skipped where there is none."""

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from crnn_seq2seq_ocr.serve.page import page_files
from tests.conftest import TEXTS
from tests.serve.conftest import service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")

DROP = """([names, contents, kind]) => {
  const transfer = new DataTransfer();
  names.forEach((name, n) => {
    const bytes = Uint8Array.from(atob(contents[n]), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/png" }));
  });
  const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.getElementById("drop").dispatchEvent(event);
}"""


def give(page: Page, files: dict[str, bytes], kind: str = "drop") -> None:
    """Drop files on the page, or paste them."""
    import base64

    page.evaluate(DROP, [list(files), [base64.b64encode(each).decode() for each in files.values()], kind])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=30_000)  # a busy machine is slow, which is no mistake
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(trained: Path) -> Iterator[str]:
    with service(trained) as (address, child):
        yield address
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, ready; whatever it loads from elsewhere, and any error in its script, fails the test."""
    yield from opened(browser, address)


def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**options)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if not is_own(request.url, address) else None)
    page.on("filechooser", lambda _chooser: None)  # from now on, so that none opens unseen
    page.goto(address)
    expect(page.locator("#examples img").first).to_be_visible()
    yield page
    context.close()
    assert not wrong


def is_own(url: str, address: str) -> bool:
    return url.startswith((address, "blob:", "data:"))


def text_of(card: Locator) -> str:
    return "".join(card.locator(".character").all_text_contents())


def lit(card: Locator) -> list[int]:
    """The opacity of the layer over the picture at the middle of each of its four columns; all 0: nothing shown."""
    found: list[int] = card.locator("canvas").evaluate(
        """(canvas) => {
          if (!canvas.closest(".looking")) return [0, 0, 0, 0];
          const { width, height } = canvas;
          const context = canvas.getContext("2d");
          const places = [1, 3, 5, 7].map((eighth) => Math.round((eighth * width) / 8));
          return places.map((x) => context.getImageData(x, height / 2, 1, 1).data[3]);
        }"""
    )
    return found


@needs_chromium
def test_drop_a_file_see_the_text_and_where_the_model_looked(page: Page, files: list[bytes]) -> None:
    give(page, {"sign.png": files[TEXTS.index("abc")]})
    card = page.locator(".card")
    expect(card.locator(".character")).to_have_count(3)
    assert text_of(card) == "abc"
    expect(card.locator(".character").first).to_have_class("character sure")
    expect(page.locator("#status")).to_contain_text("sign.png: abc, ")
    expect(card.locator("header")).to_contain_text("% sure")
    assert lit(card) == [0, 0, 0, 0]
    card.locator(".character").nth(0).hover()
    first = lit(card)
    expect(card.locator(".told p")).to_contain_text("a ")
    card.locator(".character").nth(2).hover()
    last = lit(card)
    expect(card.locator(".told p")).to_contain_text("c ")
    assert first != last
    assert first.index(min(first)) < last.index(min(last))  # bright is where little lies over the picture
    page.locator("h1").hover()
    assert lit(card) == [0, 0, 0, 0]


@needs_chromium
def test_keyboard_only(page: Page, files: list[bytes], tmp_path: Path) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("#choose")).to_be_focused()
    (tmp_path / "sign.png").write_bytes(files[TEXTS.index("cab")])
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "sign.png")
    characters = page.locator(".character")
    expect(characters).to_have_count(3)
    for _ in range(20):
        page.keyboard.press("Tab")
        if characters.nth(0).evaluate("(node) => node === document.activeElement"):
            break
    expect(characters.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(characters.nth(1)).to_be_focused()
    expect(page.locator(".told p")).to_contain_text("a ")
    page.keyboard.press("End")
    expect(characters.nth(2)).to_be_focused()
    assert any(lit(page.locator(".card")))
    page.keyboard.press("Tab")  # all characters are one stop
    expect(page.get_by_role("button", name="Watch it read")).to_be_focused()
    assert lit(page.locator(".card")) == [0, 0, 0, 0]


@needs_chromium
def test_what_those_hear_who_do_not_see(page: Page, files: list[bytes]) -> None:
    give(page, {"sign.png": files[TEXTS.index("cab")]})
    expect(page.get_by_role("button", name="c, ")).to_be_visible()
    expect(page.get_by_role("group", name="cab: its characters")).to_be_visible()
    expect(page.get_by_role("img", name="Picture: sign.png")).to_be_visible()
    expect(page.get_by_role("region", name="Readings")).to_be_visible()
    nameless = page.locator("button, input:not([type=file]):not([type=text]), img").evaluate_all(
        "(nodes) => nodes.filter((node) => !(node.ariaLabel || node.alt || node.textContent.trim()"
        " || node.labels?.length || node.querySelector?.('img[alt]'))).map((node) => node.outerHTML)"
    )
    assert nameless == []


@needs_chromium
def test_what_else_a_character_may_be(page: Page, doubtful: bytes) -> None:
    give(page, {"doubtful.png": doubtful})
    characters = page.locator(".character")
    expect(characters.first).to_be_visible()
    told = []
    for character in characters.all():
        character.hover()
        told.append(page.locator(".told p").inner_text())
        if "; or " in told[-1]:
            expect(character).to_have_attribute("aria-label", re.compile(r"; or (a|b|c|the end) [0-9.]+%"))
            return
    raise AssertionError(f"no alternatives were told: {told}")


@needs_chromium
def test_an_error_is_shown_kindly_and_the_rest_goes_on(page: Page, files: list[bytes]) -> None:
    give(page, {"notes.txt": b"Rue Foch", "sign.png": files[0]})
    bad, good = page.locator(".card").nth(0), page.locator(".card").nth(1)
    expect(bad.locator(".problem")).to_contain_text(
        "notes.txt is no picture that can be read (it is of no known format): send PNG, JPEG"
    )
    expect(bad.locator("img")).to_have_count(0)
    expect(good.locator(".character")).to_have_count(len(TEXTS[0]))


@needs_chromium
def test_a_service_that_is_gone_can_be_tried_again(page: Page, files: list[bytes]) -> None:
    page.route("**/v1/read", lambda route: route.abort())
    give(page, {"sign.png": files[0]})
    expect(page.locator(".problem")).to_contain_text("cannot be reached")
    page.unroute("**/v1/read")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".character")).to_have_count(len(TEXTS[0]))


@needs_chromium
def test_a_service_that_does_not_answer_at_first_is_told_of(page: Page, files: list[bytes]) -> None:
    page.route("**/v1/models", lambda route: route.abort())
    page.reload()
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    page.unroute("**/v1/models")
    give(page, {"sign.png": files[0]})
    expect(page.locator(".character")).to_have_count(len(TEXTS[0]))
    expect(page.locator("#notice")).to_be_hidden()


@needs_chromium
def test_a_busy_service_is_asked_again(page: Page, files: list[bytes]) -> None:
    asked = []

    def busy_at_first(route: Any) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=429, headers={"Retry-After": "0.01"}, json={"code": "busy", "detail": "busy"})

    page.route("**/v1/read", busy_at_first)
    give(page, {"sign.png": files[0]})
    expect(page.locator(".character")).to_have_count(len(TEXTS[0]))
    assert len(asked) == 2


@needs_chromium
def test_several_pasted_pictures_as_a_table(page: Page, files: list[bytes], tmp_path: Path) -> None:
    give(page, {"=1,2.png": files[0], "b.png": files[1]}, kind="paste")
    expect(page.locator(".card .text")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "readings.csv")
    lines = (tmp_path / "readings.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "file,text,confidence,complete"
    assert lines[1].startswith(f'"\'=1,2.png",{TEXTS[0]},0.')
    assert lines[2].startswith(f"b.png,{TEXTS[1]},0.")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".card")).to_have_count(0)


@needs_chromium
def test_an_example_and_watching_it_read(page: Page) -> None:
    page.locator("#examples button").first.click()
    expect(page.locator(".card .text")).to_have_count(1)
    page.get_by_role("button", name="Watch it read").click()
    expect(page.locator(".character.chosen")).to_have_count(1)


@needs_chromium
def test_a_phone(browser: Browser, address: str, files: list[bytes]) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    for page in opened(browser, address, **phone):
        expect(page.get_by_role("button", name="Take a photo")).to_be_visible()
        give(page, {"a photograph with a very long name of its own, as phones give them.png": files[0]})
        page.locator(".character").first.tap()
        assert any(lit(page.locator(".card")))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        small = page.locator("button:visible:not(.character)").evaluate_all(
            "(nodes) => nodes.filter((node) => node.offsetHeight < 36).map((node) => node.textContent)"
        )
        assert small == []


@needs_chromium
def test_a_page_behind_a_proxy_that_takes_a_path_off(browser: Browser, address: str, files: list[bytes]) -> None:
    inside, outside = f"{address}/ocr/", []

    def proxied(route: Any) -> None:
        url = route.request.url
        if url.startswith(inside):
            route.continue_(url=url.replace(inside, f"{address}/"))
        else:
            outside.append(url)
            route.abort()

    page = browser.new_page()
    page.route(f"{address}/**", proxied)
    page.goto(inside)
    expect(page.locator("#examples img").first).to_be_visible()
    give(page, {"sign.png": files[0]})
    expect(page.locator(".character")).to_have_count(len(TEXTS[0]))
    page.close()
    assert outside == []


@needs_chromium
def test_a_page_that_needs_a_key(browser: Browser, trained: Path, files: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k" * 20)
    with service(trained, "--keys", str(tmp_path / "keys")) as (address, child):
        page = browser.new_page()
        page.goto(address)
        field = page.get_by_label("This service asks for an API key")
        expect(field).to_be_focused()
        for key in ("wrong", "k" * 20):
            field.fill(key)
            page.keyboard.press("Enter")
            expect(page.locator("#key-wrong" if key == "wrong" else "#examples img").first).to_be_visible()
        expect(field).to_be_hidden()
        give(page, {"sign.png": files[0]})
        expect(page.locator(".character")).to_have_count(len(TEXTS[0]))
        page.close()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for path, (content, _) in page_files().items():
        served = client.get(path)
        assert served.content == content
        assert served.headers["x-content-type-options"] == "nosniff"
        if not path.endswith((".jpg", ".svg")):
            shown = re.sub(rb"https?://(127\.0\.0\.1:8000|that\.origin)[\w/]*", b"", content)  # in the examples
            assert b"://" not in shown, path
            assert b"innerHTML" not in content, path
            assert not re.search(rb"""["'`(]/\w""", shown), f"{path} has an address that is not relative to the page"
    assert client.get("/page/app.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/page/icon.svg").headers["content-type"] == "image/svg+xml"
