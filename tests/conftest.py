"""A recipe that trains in seconds, and pictures of texts for it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import torch
from filelock import FileLock

from crnn_seq2seq_ocr.checkpoint import pretrained
from crnn_seq2seq_ocr.checkpoint.metadata import Result
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.export.graph import Pieces, translate
from crnn_seq2seq_ocr.export.onnx_file import export_onnx
from crnn_seq2seq_ocr.training.overfit import overfit_recipe
from crnn_seq2seq_ocr.training.train import train

TEXTS = ["ab", "ba", "aab", "bb", "cab", "abc", "c", "bca", "acb", "cc", "bab", "ca"]
COLOURS = {"a": (220, 30, 30), "b": (30, 200, 40), "c": (40, 60, 230)}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small work is quicker on one thread, and gives the same bits each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _small_products() -> Iterator[None]:
    """A benchmark's product of large matrices takes half a minute in bf16 on a processor that does not have it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crnn_seq2seq_ocr.bench.flops.CPU_ROWS", 64)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that use a browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
            item.add_marker("slow")


def picture_of(text: str) -> np.ndarray:
    """RGB uint8 (32, 32, 3): a column of 8 pixels for each character, in its colour, on grey."""
    picture = np.full((32, 32, 3), 128, np.uint8)
    for place, character in enumerate(text):
        picture[4:28, place * 8 + 1 : place * 8 + 7] = COLOURS[character]
    return picture


def write_folder(folder: Path, texts: list[str]) -> Path:
    """A folder of PNG files with labels.tsv."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, text in enumerate(texts):
        drawn = picture_of("".join(character for character in text if character in COLOURS)[:4])
        cv2.imwrite(str(folder / f"{number:03d}.png"), drawn[..., ::-1])
        lines.append(f"{number:03d}.png\t{text}\n")
    (folder / "labels.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve PNG files of one to three characters a, b, c."""
    return write_folder(tmp_path_factory.mktemp("pictures"), TEXTS)


def eventually(happened: Callable[[], bool]) -> None:
    """Wait until something is true, two minutes at most."""
    for _ in range(2400):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


@contextlib.contextmanager
def silent_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that takes connections and says nothing: its address, and the connections so far."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", taken
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in taken:
                each.close()


@contextlib.contextmanager
def python(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Python in a process group of its own, as a terminal would start it; what is still there at the end is killed."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


MakeRecipe = Callable[..., Recipe]


@pytest.fixture(scope="session")
def micro(pictures: Path) -> MakeRecipe:
    """Makes recipes of a very small network on `pictures`: arguments are ``section__setting=value``."""

    def make(**changes: Any) -> Recipe:
        raw: dict[str, Any] = {
            "name": "micro",
            "text": {"charset": "abc", "max_length": 4},
            "preprocessing": {"height": 32, "width": 32, "views": 1},
            "augmentation": None,
            "model": {
                "width": 16,
                "encoder": {
                    "stages": [{"channels": 8, "pool": [4, 2]}, {"channels": 8, "pool": [4, 2]}],
                    "recurrent_size": 8,
                },
                "decoder": {"attention_size": 16, "dropout": 0.0},
            },
            "data": {"train": str(pictures), "workers": 0},
            "training": {"steps": 6, "batch_size": 4, "log_every": 1, "optimizer": {"learning_rate": 0.01}},
        }
        for path, value in changes.items():
            *sections, last = path.split("__")
            place = raw
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value
        return Recipe.model_validate(raw)

    return make


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process of a test run makes; the others, if there are any, wait for it and share it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "made").exists():
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def trained(micro: MakeRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training run that reads all of `pictures` right."""

    def make(folder: Path) -> None:
        recipe = overfit_recipe(micro(model__width=32, training__steps=900, training__batch_size=6), 2)
        assert train(recipe, folder=folder / "run").best == 1.0

    return made_once(tmp_path_factory, "trained", make) / "run"


@pytest.fixture(scope="session")
def pieces(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Pieces:
    """The model of `trained` translated to ONNX, which takes ten seconds."""
    names = [field.name for field in fields(Pieces)]

    def make(folder: Path) -> None:
        translated = translate(*load_model(trained))
        for name in names:
            onnx.save(getattr(translated, name), folder / f"{name}.onnx")

    folder = made_once(tmp_path_factory, "pieces", make)
    return Pieces(*(onnx.load(folder / f"{name}.onnx") for name in names))


@pytest.fixture(scope="session")
def exported(trained: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of the model of `trained`."""

    def make(folder: Path) -> None:
        pieces = request.getfixturevalue("pieces")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", lambda *_, **__: pieces)
            export_onnx(trained, folder / "abc.onnx")

    return made_once(tmp_path_factory, "exported", make) / "abc.onnx"


@pytest.fixture
def shelf(tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of released models: small ones under the names of the real ones."""
    folder = tmp_path / "shelf"
    monkeypatch.setattr(pretrained, "FOLDER", folder)
    monkeypatch.chdir(tmp_path)
    recognizer, description = load_model(trained)
    results = (Result("synthetic:signs?count=7", 7, 0.857, 0.9, 0.05, 0.01),)
    for name, about in (("fsns", "Street [signs]."), ("words", "Words.")):
        told = replace(description, name=name, about=about, results=results)
        save_model(recognizer, told, folder / name, half=True)
    (folder / "half-copied").mkdir()
    return folder
