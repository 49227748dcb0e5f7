"""``crnn-ocr label``: the page in a real browser with the keyboard alone, and what is said of mistakes."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.cli.conftest import Command
from tests.conftest import TEXTS, python, write_folder
from tests.serve.test_page import browser, needs_chromium

__all__ = ["browser"]


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = write_folder(tmp_path / "crops", TEXTS[:4])
    (folder / "labels.tsv").unlink()
    return folder


@needs_chromium
def test_labelling_with_the_keyboard_alone(
    browser: Browser, trained: Path, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crops.parent)  # where the results of a training go
    command = ["-m", "crnn_seq2seq_ocr", "label", str(crops), "--model", str(trained), "--port", "0"]
    with python(*command) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, line
        page = browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(found[0])
        keys = page.keyboard

        def press(key: str) -> None:
            keys.press(key)
            page.wait_for_selector("#work[aria-busy=false]", state="attached")

        expect(page.locator("#name")).to_be_focused()
        keys.type("Ann")
        press("Enter")
        text = page.locator("#text")
        expect(text).to_be_focused()
        first = page.locator("#file").text_content()
        press("Tab")  # later
        expect(page.locator("#file")).not_to_have_text(str(first))
        press("Escape")  # unreadable
        expect(page.locator("#progress")).to_contain_text("1 unreadable")
        keys.type("typed")  # the reading is selected, so that typing replaces it
        press("Enter")
        expect(page.locator("#progress")).to_contain_text("1 labelled")
        press("Control+z")
        expect(page.locator("#progress")).to_contain_text("0 labelled")
        expect(text).to_have_value("typed")
        press("Tab")
        for _ in range(3):
            done = page.locator("#progress").text_content()
            expect(text).to_be_focused()
            press("Enter")
            expect(page.locator("#progress")).not_to_have_text(str(done))
        expect(page.locator("#done")).to_be_visible()
        expect(page.locator("#next")).to_have_text(f"crnn-ocr tune {trained} {crops}")
        expect(page.locator("#train")).to_be_focused()
        press("Enter")
        expect(page.locator("#said")).to_contain_text("10 are the fewest to learn from", timeout=120_000)
        expect(page.locator("#state")).to_contain_text("ended without a model")
        expect(page.locator("#train")).to_be_enabled()
        page.close()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
    assert not wrong
    rows = [line.split("\t") for line in (crops / "labels.tsv").read_text().splitlines()]
    assert rows[0] == ["file", "text", "by"]
    texts = {f"{number:03d}.png": text for number, text in enumerate(TEXTS[:4])}
    assert len(rows) == 4
    assert all(texts[file] == text and by == "Ann" for file, text, by in rows[1:])
    assert len((crops / "unreadable.tsv").read_text().splitlines()) == 2


def test_labels_of_another_tool_are_taken_over_and_written(command: Command, crops: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "rec_gt.txt"
    theirs.write_text("000.png\tone\n001.png\ttwo\n")
    out = tmp_path / "out.json"
    answer = command("label", crops, "--import", theirs, "--export", out)
    assert answer.status == 0
    assert "2 labels taken over" in answer.out
    assert out.read_text() == "000.png\tone\n001.png\ttwo\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "there is no folder none"),
        (["."], "holds no pictures"),
    ],
)
def test_mistakes(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("label", *arguments)
    assert answer.status == 1
    assert message in answer.err
