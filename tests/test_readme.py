"""What the README and the pages tell people to type works as it stands there."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import numpy as np
import pytest
from PIL import Image

from crnn_seq2seq_ocr.checkpoint import pretrained
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, save_model
from crnn_seq2seq_ocr.cli import main
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.draw import draw
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.export.graph import Pieces, translate
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import FSNS_CHARSET, NAMED_CHARSETS
from tests.conftest import MakeRecipe, python, write_folder
from tests.model import original
from tests.model.checkpoint_file import training_checkpoint, write_checkpoint
from tests.model.original import SMALL

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
READING = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
TUNING = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")
DEPLOYING = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
SMALLER = [
    "model.width=8", "model.encoder.recurrent_size=4", "model.encoder.stages=[{channels: 4, pool: [8, 8]}]",
    "training.batch_size=2", "training.validation_samples=2", "training.precision=fp32", "data.workers=0",
    "model.encoder.cell_output=false", "training.loss.ctc=0", "training.loss.counts=0",
]  # fmt: skip
"""Settings that make a training of any recipe take a moment."""

QUICK = {
    "data": ["--repeats", "1", "--batches", "1", "--workers", "0", "--samples", "2"],
    "train": ["--repeats", "1", "--batches", "1", "--steps", "0", *SMALLER],
    "read": ["--repeats", "1"],
}
"""What makes a benchmark take a moment."""

QUICK_TUNING = ["--keep", "none", "training.steps=2", "training.evaluate_every=2", "data.workers=0"]
"""The same of a tuning."""


def blocks(language: str, text: str = README) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [content for name, content in fenced if name == language]


def commands(text: str = README) -> list[list[str]]:
    """The arguments of each ``crnn-ocr`` line, in order."""
    lines = "".join(blocks("", text)).replace("\\\n", " ").splitlines()
    parsed = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in parsed if words[:1] == ["crnn-ocr"]]


def save_small(name: str, folder: Path) -> None:
    """A model of a recipe that has learnt nothing."""
    recipe = load_recipe(name, SMALLER)
    charset = NAMED_CHARSETS[recipe.text.charset]
    description = Description(charset, recipe.text.max_length, recipe.preprocessing, recipe.model, name)
    save_model(build(description), description, folder)


@pytest.fixture
def place(tmp_path: Path, micro: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that has all the files that the README speaks of."""
    recipe = micro(preprocessing__views=4)
    description = Description(FSNS_CHARSET, 37, recipe.preprocessing, recipe.model)
    save_model(build(description), description, tmp_path / "demo" / "run")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "released")
    for name in ("fsns", "words"):
        save_small(name, tmp_path / "released" / name)
    for name in ("my-checks", "pictures", "photos", "more", "real-signs"):
        write_folder(tmp_path / name, ["abc", "cab", "b", "ca"])
    for name in ("my-signs", "my-labels", "newer-labels"):
        write_folder(tmp_path / name, ["".join(each) for each in product("abc", repeat=3)])
    for number, name in enumerate(("sign.png", "left.png", "right.png", "word.png")):
        shutil.copy(tmp_path / "photos" / f"{number:03d}.png", tmp_path / name)
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.zeros((60, 90, 3), np.uint8))
    (tmp_path / "scans").mkdir()
    for name in ("scan.pdf", "scans/first.pdf"):
        Image.new("RGB", (60, 90), "white").save(tmp_path / name)
    cv2.imwrite(str(tmp_path / "more" / "other.jpg"), np.zeros((30, 60, 3), np.uint8))
    (tmp_path / "names.txt").write_text("Rue Foch\nPlace de la Mairie\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("word.png\nphotos/000.png\n", encoding="utf-8")
    signs = open_source("synthetic:signs?count=4&difficulty=0")
    for split in ("fsns/train", "fsns/validation", "fsns/test"):
        draw(signs, tmp_path / "data" / split, split=split.partition("/")[2])
    for split in ("train", "validation"):
        draw(signs, tmp_path / "demo" / "data" / split, split=split)
    write_checkpoint(tmp_path / "original.ckpt", training_checkpoint(original.flat_layout(SMALL)))
    entries = ["_PAD", "_GO", "_EOS", "_UNK", *map(chr, range(0x41, 0x41 + 40))]
    (tmp_path / "general_chars.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> int:
    monkeypatch.setattr("sys.argv", ["crnn-ocr", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def serve_and_stop(arguments: list[str], *, requests: Sequence[str] = ()) -> None:
    """A server does not end by itself: once it says that it is ready, the requests are sent, and it is stopped."""
    place = arguments.index("--port") + 1
    free = [*arguments[:place], "0", *arguments[place + 1 :]]
    shelf = f"pretrained.FOLDER = pretrained.Path({str(pretrained.FOLDER)!r}); "
    code = f"from crnn_seq2seq_ocr import cli; from crnn_seq2seq_ocr.checkpoint import pretrained; {shelf}"
    with python("-c", code + "cli.main()", *free) as child:
        assert child.stdout is not None
        address = re.search(r"http://\S+", child.stdout.readline())
        assert address, child.communicate()[1]
        assert urlopen(f"{address[0]}/readyz").status == 200
        for line in requests:
            sent = shlex.split(line.replace("http://127.0.0.1:8000", address[0].rstrip("/")))
            answer = subprocess.run([*sent, "--silent", "--fail"], capture_output=True, check=True)
            assert json.loads(answer.stdout)["readings"], line
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=20)[1] == ""


PAGES = ["README.md", *(f"docs/tutorials/{name}.md" for name in ("read", "own-model", "serve", "benchmarks"))]
PAGES += ["docs/results.md", "docs/original.md", "docs/pages.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: Path(page).stem)
def test_every_command_of_a_page(page: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Any] = []

    def no_network(folder: Path, **settings: Any) -> list[Path]:
        fetched.append((folder, settings["split"], settings["shards"]))
        return []

    monkeypatch.setattr("crnn_seq2seq_ocr.data.download.download_fsns", no_network)
    # Translating a model takes long: `export` does it, releases are made without.
    monkeypatch.setattr("crnn_seq2seq_ocr.export.release.exactly_half", lambda *_, **__: (None, None))
    text = (ROOT / page).read_text(encoding="utf-8")
    listed = commands(text)
    assert listed
    for arguments in listed:
        words = [re.sub(r"count=\d+", "count=3", word) for word in arguments]
        if words[0] == "train":
            words += [*SMALLER, "training.steps=2" if "--resume" in words else "training.steps=1"]
        if words[0] == "tune" and "--resume" not in words:
            words += QUICK_TUNING
        if words[0] == "bench":
            words += QUICK[words[1]]
        if words[0] == "serve":
            curls = re.findall("^curl .*$", "".join(blocks("sh", text)), re.MULTILINE)
            serve_and_stop(words, requests=curls if shutil.which("curl") else ())
            continue
        if "--find" in words or words[:2] == ["data", "crop"]:
            pytest.importorskip("rapidocr", reason="needs the extra [find]")
        status = run(monkeypatch, words)
        # One step is not enough to learn a batch by heart: the self-check says so.
        assert status == ("--overfit" in words), arguments
    downloads = any(words[:2] == ["data", "download"] for words in listed)
    assert fetched == ([(Path("data/fsns"), "test", [0, 1, 2, 3])] if downloads else [])
    for written, option in (("looks", "--attention looks/"), ("report/report.html", "--out report/")):
        if any(option in " ".join(words) for words in listed):
            assert (place / written).exists()


def test_every_command_of_the_page_on_reading(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (finds,) = re.findall("^find .*$", "".join(blocks("", READING)), re.MULTILINE)
    subprocess.run(finds, shell=True, check=True)
    for kind, folder in (("webdataset", "shards"), ("parquet", "parquet")):
        assert run(monkeypatch, ["data", "convert", "photos", folder, "--to", kind]) == 0
    next(Path("parquet").glob("*.parquet")).rename("more.parquet")
    for arguments in commands(READING):
        if "readings.parquet" in arguments and find_spec("pyarrow") is None:
            continue
        assert run(monkeypatch, arguments) == 0, arguments
    names = [len((place / name).read_text("utf-8").splitlines()) for name in ("readings.jsonl", "readings.csv")]
    assert names == [4, 6]  # four listed; a header, four photos and one more


def test_every_command_of_the_page_on_tuning(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Translating a model takes long: the tutorial's `export` does it.
    monkeypatch.setattr("crnn_seq2seq_ocr.export.release.exactly_half", lambda *_, **__: (None, None))
    shutil.copy(place / "word.png", place / "photo.png")
    (place / "my-labels" / "labels.tsv").write_text(
        "file\ttext\tpart\n"
        + "".join(
            f"{number:03d}.png\t{''.join(each)}\t{'test' if number % 3 else 'train'}\n"
            for number, each in enumerate(product("abc", repeat=3))
        ),
        encoding="utf-8",
    )
    listed = commands(TUNING)
    assert [words[0] for words in listed] == ["data", "tune", "tune", "read", "serve", "tune"]
    inline = [shlex.split(found)[1:] for found in re.findall("`(crnn-ocr [^`]* [^`]*)`", TUNING)]
    assert len(inline) >= 4
    for words in [*listed, *inline]:
        if words[:2] == ["data", "check"] and len(words) == 2:
            continue  # named, not typed
        if words[0] == "serve":
            serve_and_stop(words)
        elif "--resume" in words:  # the tuning of that folder has ended: it says so
            assert run(monkeypatch, words) == 1
        else:
            fresh = [] if words[0] != "tune" else QUICK_TUNING
            fresh += ["--out", f"runs/{len(words)}"] if words[-1] == "training.steps=1000" else []
            changed = ["training.steps=2" if word == "training.steps=1000" else word for word in words]
            assert run(monkeypatch, [*changed, *fresh]) == 0, words
    assert (place / "runs" / "my-labels" / "card.md").is_file()


def test_the_examples_of_the_page_on_reading(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream, ray = blocks("python", READING)
    exec(compile(stream, "reading.md", "exec"), {})
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == ["word.png", "photos/000.png"]
    script = (ROOT / "examples" / "ray_data.py").read_text(encoding="utf-8")
    assert textwrap.indent(ray, " " * 4) in script


def test_every_command_and_the_example_of_the_page_on_deploying(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = commands(DEPLOYING)
    once: dict[str, Pieces] = {}  # by characters: most are exports of one model, whose translation takes long

    def translated(recognizer: Recognizer, description: Description) -> Pieces:
        if description.charset not in once:
            once[description.charset] = translate(recognizer, description)
        return once[description.charset]

    monkeypatch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", translated)
    for arguments in listed:
        words = [re.sub(r"count=\d+", "count=3", word) for word in arguments]
        if words[0] == "serve":
            serve_and_stop(words)
        else:
            assert run(monkeypatch, words) == 0, arguments
    sizes = [(place / f"{name}.onnx").stat().st_size for name in ("signs", "small", "smallest")]
    assert sizes[0] == max(sizes)
    capsys.readouterr()
    (example,) = blocks("python", DEPLOYING)
    exec(compile(example, "deploying.md", "exec"), {})
    text, _, confidence = capsys.readouterr().out.strip("\n").rpartition(" ")
    (reading,) = Reader.load(place / "signs.onnx").read([place / "sign.png"])
    assert text == reading.text
    assert float(confidence) == pytest.approx(reading.confidence, rel=0.1)


def test_the_examples_in_python(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, pages = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    text, _, confidence = capsys.readouterr().out.splitlines()[0].rpartition(" ")
    assert isinstance(text, str)
    assert 0 <= float(confidence) <= 1
    (tutorial,) = blocks("python", (ROOT / "docs" / "tutorials" / "read.md").read_text(encoding="utf-8"))
    exec(compile(tutorial, "read.md", "exec"), {})
    names = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert names == ["word.png", "photos/000.png"]
    if find_spec("rapidocr"):
        exec(compile(pages, "README.md", "exec"), {})
        given: dict[str, Any] = {"my_detector": lambda picture: np.zeros((0, 5))}
        for example in blocks("python", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")):
            exec(compile(example, "pages.md", "exec"), given)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("https://") or ((ROOT / page).parent / target.partition("#")[0]).exists(), target
    for target in re.findall(r"^make (\w+)|`make (\w+)", text, re.MULTILINE):
        assert f"\n{''.join(target)}: " in MAKEFILE, target
    for module in re.findall(r"`((?:model|data|recipes|cli)/[a-z_-]+\.(?:py|yaml))`", text):
        assert (ROOT / "src" / "crnn_seq2seq_ocr" / module).is_file(), module
