"""Nothing that others wrote steers the terminal: texts read, names, labels, settings, metadata."""

import json
from pathlib import Path

import onnx
import pytest
from onnx import helper

from crnn_seq2seq_ocr.checkpoint.digests import ONNX_KEY
from crnn_seq2seq_ocr.cli.printing import make_console
from tests.cli.conftest import Answer, Command
from tests.conftest import write_folder

CLEAR = "\x1b[2J"
EIGHT_BIT = "\x9b2J"


def assert_shown(answer: Answer, *shown: str) -> None:
    """That a command printed no control character, but its escapes."""
    printed = answer.out + answer.err
    assert not [each for each in printed if not each.isprintable() and each not in "\n\t"], repr(printed)
    for text in shown:
        assert text in printed


@pytest.fixture
def steering(exported: Path, tmp_path: Path) -> Path:
    """The small model with the characters ESC, the eight-bit CSI and a line end in place of a, b and c."""
    model = onnx.load(str(exported))
    told = {each.key: each.value for each in model.metadata_props}
    description = json.loads(told["crnn-seq2seq-ocr"])
    description["charset"] = "\x1b\x9b\n"
    del told[ONNX_KEY], model.metadata_props[:]
    helper.set_model_props(model, told | {"crnn-seq2seq-ocr": json.dumps(description)})
    onnx.save(model, tmp_path / "steering.onnx")
    return tmp_path / "steering.onnx"


def test_texts_that_are_read(command: Command, steering: Path, pictures: Path) -> None:
    answer = command("read", steering, pictures / "005.png")
    assert answer.status == 0
    assert_shown(answer, "\t\\x1b\\x9b\\n\t")
    answer = command("read", steering, pictures / "005.png", "--json")
    assert json.loads(answer.out)["text"] == "\x1b\x9b\n"
    assert_shown(answer, r"\u001b\u009b\n")


def test_evaluation(command: Command, steering: Path, pictures: Path, tmp_path: Path) -> None:
    answer = command("evaluate", steering, pictures, "--out", tmp_path / "report")
    assert answer.status == 0
    assert_shown(answer)


@pytest.mark.parametrize("steer", [CLEAR, EIGHT_BIT, "\u202e"])
def test_names_of_files(command: Command, exported: Path, pictures: Path, tmp_path: Path, steer: str) -> None:
    (tmp_path / f"{steer}good.png").write_bytes((pictures / "000.png").read_bytes())
    (tmp_path / f"{steer}bad.png").write_bytes(b"none")
    answer = command("read", exported, tmp_path)
    assert answer.status == 1
    assert_shown(answer, "good.png", "bad.png: this is no picture")


def test_labels(command: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "data", ["a", "b"])
    labels = tmp_path / "data" / "labels.tsv"
    labels.write_text(f"000.png\t{CLEAR}a{EIGHT_BIT}\n{CLEAR}.png\tb\n001.png\t{'x' * 99}\u202e\n", encoding="utf-8")
    assert_shown(command("data", "check", tmp_path / "data", "--charset", "ab"), r"\x1b")
    assert_shown(command("data", "check", tmp_path / "data", "--json"))
    labels.write_text(f"{CLEAR}file\t{CLEAR}\t{EIGHT_BIT}\n", encoding="utf-8")
    assert_shown(command("data", "check", tmp_path / "data"), r"\x1b[2J")


def test_recipes(command: Command, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(f'name: a\n"\\e[2J{EIGHT_BIT[1:]}": 1\ntext: {{charset: "\\e\\e"}}\n')
    answer = command("train", tmp_path / "recipe.yaml", "--out", tmp_path / "run")
    assert answer.status == 1
    assert_shown(answer, r"\x1b")


def test_metadata_of_models(command: Command, steering: Path, pictures: Path) -> None:
    model = onnx.load(str(steering))
    helper.set_model_props(model, {"crnn-seq2seq-ocr": json.dumps({"format": f"{CLEAR}{EIGHT_BIT}"})})
    onnx.save(model, steering)
    answer = command("read", steering, pictures)
    assert answer.status == 1
    assert_shown(answer, r"has format \x1b[2J\x9b2J")


def test_tables_and_progress(capfd: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    table = Table(f"{CLEAR}name")
    table.add_row(f"{EIGHT_BIT}value")
    make_console().print(table)
    make_console(stderr=True).print(f"{CLEAR}line", markup=False)
    out, err = capfd.readouterr()
    assert_shown(Answer(0, out, err), r"\x1b[2J", r"\x9b2J", r"\x1b[2Jline")


@pytest.mark.parametrize("name", ["😀" * 60, "é" * 120])
def test_pictures_of_attention_have_names_that_fit(
    command: Command, exported: Path, pictures: Path, tmp_path: Path, name: str
) -> None:
    """File systems count bytes, not characters."""
    (tmp_path / f"{name}.png").write_bytes((pictures / "000.png").read_bytes())
    answer = command("read", exported, tmp_path / f"{name}.png", "--attention", tmp_path / "seen")
    assert answer.status == 0, answer.err
    (picture,) = (tmp_path / "seen").iterdir()
    assert picture.name.startswith(f"00000-{name[:40]}")
