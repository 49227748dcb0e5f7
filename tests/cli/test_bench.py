"""``crnn-ocr bench``: data, train, read, each at tiny size."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Command
from tests.conftest import MakeRecipe

TINY = ["--repeats", 2, "--batches", 1]


@pytest.fixture
def recipe(micro: MakeRecipe, tmp_path: Path) -> Path:
    """A recipe in a file."""
    path = tmp_path / "micro.yaml"
    path.write_text(yaml.safe_dump(micro().model_dump(mode="json")), encoding="utf-8")
    return path


def numbers(path: Path) -> dict[str, Any]:
    """What the file of a benchmark holds; every number has its two rounds, or is one of a kind."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert {"command", "commit", "package", "cpu", "cores", "threads", "load", "versions"} <= set(
        content["circumstances"]
    )
    for each in content["measurements"]:
        assert each["low"] <= each["median"] <= each["high"], each
        assert len(each["values"]) in (1, 2), each
    return content


def test_data(command: Command, recipe: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "data.json"
    answer = command("bench", "data", pictures, "text.max_length=3", "--recipe", recipe, "--workers", "0",
                     "--samples", 3, *TINY, "--json", out)  # fmt: skip
    assert answer.status == 0
    assert answer.err == ""
    for shown in (f"crnn-ocr bench data {pictures}", "commit", "decode its pictures", "samples/s"):
        assert shown in answer.out
    content = numbers(out)
    assert content["settings"]["recipe"]["text"]["max_length"] == 3
    assert content["circumstances"]["command"].endswith(f"--json {out}")


@pytest.mark.slow
def test_train(command: Command, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.json"
    answer = command("bench", "train", recipe, "training.batch_size=2", "--vary", "training.precision=fp32,bf16",
                     "--steps", 0, *TINY, "--json", out)  # fmt: skip
    assert answer.status == 0
    for shown in ("precision=bf16", "matrix product, bf16", "share of the matrix product", "TFLOP/s"):
        assert shown in answer.out
    content = numbers(out)
    assert list(content["settings"]["recipes"]) == ["precision=fp32", "precision=bf16"]
    steps = [each for each in content["measurements"] if each["what"] == "step"]
    assert [each["variant"] for each in steps] == ["precision=fp32", "precision=bf16"]
    ratios = [other / first for first, other in zip(steps[0]["values"], steps[1]["values"], strict=True)]
    assert steps[1]["ratio"]["values"] == pytest.approx(ratios)


@pytest.mark.slow
def test_a_real_training(command: Command, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.json"
    answer = command("bench", "train", recipe, "--steps", 1, *TINY, "--json", out)
    assert answer.status == 0
    shown = {each["what"]: each for each in numbers(out)["measurements"]}
    assert len(shown["training: pictures a second"]["values"]) == 2
    assert 0 <= shown["training: waiting for data"]["median"] <= 100
    assert shown["training: peak memory"]["median"] > 50  # MB


def test_read(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "read.json"
    answer = command("bench", "read", trained, pictures / "000.png", pictures / "00[1-3].png", "--batch-size", "1, 2",
                     "--beam", 2, "--threads", 1, "--device", "cpu", "--repeats", 2, "--json", out)  # fmt: skip
    assert answer.status == 0
    assert "batch 2, beam 2, threads 1" in answer.out
    content = numbers(out)
    assert content["settings"]["pictures"] == 4
    assert content["settings"]["device"] == "cpu"


def test_nothing_is_written_unasked(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    before = sorted(pictures.iterdir())
    assert command("bench", "read", trained, pictures, "--batch-size", 4, "--repeats", 1).status == 0
    assert sorted(pictures.iterdir()) == before


def test_what_was_measured_is_shown_though_it_cannot_be_written(
    command: Command, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "a.json"
    answer = command("bench", "read", trained, pictures, "--batch-size", 4, "--repeats", 1, "--json", out)
    assert answer.status == 1
    assert "read a picture" in answer.out
    assert "a.json could not be written" in answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "fsns-sead"], "there is no recipe 'fsns-sead' (did you mean 'fsns-seed'?)"),
        (["train", "tiny", "--vary", "training.precision"], "'training.precision' is no variation: write it as"),
        (["train", "tiny", "--vary", "training.precison=fp32,bf16"], "did you mean 'precision'"),
        (["train", "tiny", "data.train=HERE/none"], "there is no HERE/none; a source may be"),
        (["data", "HERE/none"], "there is no HERE/none; a source may be"),
        (["data", "HERE", "--recipe", "fnss"], "did you mean 'fsns'"),
        (["read", "HERE/none", "a.png"], "HERE/none does not exist: give a folder"),
        (["read", "MODEL", "HERE/none.png"], "HERE/none.png cannot be opened"),
        (["read", "MODEL", "HERE"], "HERE holds no pictures"),
    ],
)
def test_mistakes(command: Command, trained: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    words = [word.replace("HERE", str(tmp_path)).replace("MODEL", str(trained)) for word in arguments]
    answer = command("bench", *words)
    assert answer.status == 1
    assert message.replace("HERE", str(tmp_path)) in answer.err
    assert answer.err.startswith("crnn-ocr: ")
    assert answer.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "data"),
        (["train", "tiny", "--repeats", 0], "--repeats"),
        (["data", "x", "--repeats", 0], "--repeats"),
        (["data", "x", "--samples", 0], "--samples"),
        (["data", "x", "--workers", "0,x"], "'0,x' are not whole numbers from 0 such as 1,2"),
        (["read", "model", "a.png", "--batch-size", "0"], "'0' are not whole numbers from 1 such as 1,2"),
        (["read", "model", "a.png", "--threads", ""], "'' are not whole numbers from 1 such as 1,2"),
        (["read", "model"], "Missing argument"),
    ],
)
def test_wrong_use(command: Command, arguments: list[object], message: str) -> None:
    answer = command("bench", *arguments)
    assert answer.status == 2
    assert message in answer.out + answer.err
