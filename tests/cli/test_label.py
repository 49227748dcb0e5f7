"""``crnn-ocr label``: the page in a real browser with the keyboard alone, and what is said of mistakes."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crnn_seq2seq_ocr.data.sources import open_source
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


@contextlib.contextmanager
def labelling(crops: Path, model: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command, and the address that it tells."""
    with python("-m", "crnn_seq2seq_ocr", "label", str(crops), "--model", str(model), "--port", str(port)) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, line
        yield found[0], child


class Person:
    """Somebody at a browser of their own, with the keyboard alone."""

    def __init__(self, browser: Browser, address: str, name: str) -> None:
        self.page = browser.new_context().new_page()
        self.page.goto(address)
        self.begin(name)

    def begin(self, name: str | None = None) -> None:
        """Type the name, which is known after a reload, and ask for a picture."""
        expect(self.page.locator("#name")).to_be_focused()
        if name is not None:
            self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#work[aria-busy=false]", state="attached")

    @property
    def file(self) -> str:
        expect(self.page.locator("#text")).to_be_focused()
        return str(self.page.locator("#file").text_content())

    def accept(self) -> None:
        """Enter, and wait for what comes of it."""
        before = self.page.locator("#progress").text_content()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#progress")).not_to_have_text(str(before))


@needs_chromium
def test_two_people_and_a_program_that_is_killed_lose_nothing(browser: Browser, trained: Path, tmp_path: Path) -> None:
    crops = write_folder(tmp_path / "crops", TEXTS[:8])
    (crops / "labels.tsv").unlink()
    with labelling(crops, trained) as (address, child):
        ann, bob = Person(browser, address, "Ann"), Person(browser, address, "Bob")
        assert ann.file != bob.file
        ann.accept()
        bob.accept()
        assert ann.file != bob.file
        child.kill()
        child.wait()
        typed = ann.file
        ann.page.keyboard.type("typed")
        ann.page.keyboard.press("Enter")
        expect(ann.page.locator("#problem")).to_contain_text("What you accepted before is saved")
        assert len((crops / "labels.tsv").read_text().splitlines()) == 3
    with labelling(crops, trained, port=int(address.rpartition(":")[2])) as (_, child):
        expect(ann.page.locator("#text")).to_have_value("typed")
        ann.accept()
        for each in (ann, bob):
            each.page.reload()
            each.begin()
        for _ in range(4):
            ann.accept()
        expect(ann.page.locator("#done-title")).to_have_text("The last picture is with others.")
        expect(ann.page.locator("#again")).to_be_focused()
        last = bob.file
        bob.accept()
        expect(bob.page.locator("#done-title")).to_have_text("All pictures are labelled.")
        bob.page.keyboard.press("Control+z")
        assert bob.file == last
        bob.page.keyboard.type("mended")
        bob.accept()
        ann.page.keyboard.press("Enter")
        expect(ann.page.locator("#done-title")).to_have_text("All pictures are labelled.")
        for each in (ann, bob):
            each.page.context.close()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
    rows = {file: (text, by) for file, text, by in map(str.split, (crops / "labels.tsv").read_text().splitlines()[1:])}
    assert rows[typed] == ("typed", "Ann")
    assert rows[last] == ("mended", "Bob")
    right = {f"{number:03d}.png": text for number, text in enumerate(TEXTS[:8])}
    assert {file: text for file, (text, _) in rows.items()} == right | {typed: "typed", last: "mended"}
    assert sorted(by for _, by in rows.values()) == ["Ann"] * 6 + ["Bob"] * 2


def test_labels_go_from_tool_to_tool_and_back(command: Command, tmp_path: Path) -> None:
    """Out of one folder into the file of each tool and into another folder, with all that a text may hold."""
    texts = {"000.png": 'a "quoted" | text', "001.png": "é ß", "002.png": "[1]", "003.png": "{}"}
    folders = [write_folder(tmp_path / name, TEXTS[:4]) for name in ("first", "second", "third")]
    listed = "".join(f"{file}\t{text}\tme\n" for file, text in texts.items())
    (folders[0] / "labels.tsv").write_text(f"file\ttext\tby\n{listed}", encoding="utf-8")
    for tool, source, target in zip(("ppocrlabel", "label-studio"), folders, folders[1:], strict=False):
        (target / "labels.tsv").unlink()
        file = tmp_path / f"{tool}.out"
        assert command("label", source, "--export", file, "--tool", tool).status == 0
        answer = command("label", target, "--import", file, "--export", tmp_path / "again", "--tool", tool)
        assert "4 labels taken over" in answer.out
        assert (tmp_path / "again").read_bytes() == file.read_bytes().replace(b'"me"', f'"{tool}"'.encode()).replace(
            b'"ppocrlabel"', f'"{tool}"'.encode()
        )
    read = open_source(str(folders[2]))
    assert {read[index].name: read[index].text for index in range(4)} == texts


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


def test_an_address_that_cannot_be_listened_at_ends_it_in_one_line(crops: Path, trained: Path) -> None:
    """Not while the model reads on, which would be the end of the interpreter."""
    with python("-m", "crnn_seq2seq_ocr", "label", str(crops), "--model", str(trained), "--host", "999.1.1.1") as child:
        _, told = child.communicate(timeout=60)
    assert child.returncode == 1
    assert told.startswith("crnn-ocr: 999.1.1.1:8010 cannot be listened at")
    assert told.count("\n") == 1
