"""``crnn-ocr export``, and the file at the other commands."""

import json
from pathlib import Path

import onnxruntime
import pytest

from crnn_seq2seq_ocr.export import check
from crnn_seq2seq_ocr.export.graph import Pieces
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.cli.conftest import Command
from tests.conftest import TEXTS

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _translated(pieces: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", lambda *_, **__: pieces)


def test_a_file_that_reads_and_is_evaluated(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "abc.onnx"
    answer = command("export", trained, out)
    assert answer.status == 0, answer.err
    assert answer.out.startswith(f"{out}: 0.")
    assert "ids of PyTorch on drawn pictures, probabilities within" in answer.out
    assert answer.err == ""
    assert command("read", out, pictures / "000.png").out.startswith(f"{pictures / '000.png'}\t{TEXTS[0]}\t")
    assert "100.00%" in command("evaluate", out, pictures).out
    assert "reads greedily" in command("read", out, pictures / "000.png", "--beam", 2).err
    release = command("release", out, tmp_path / "new", pictures, "--about", "None.")
    assert (release.status, "is an ONNX file, which PyTorch cannot run" in release.err) == (1, True)


def test_what_a_smaller_file_costs(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "abc.onnx"
    answer = command("export", trained, out, "--fp16", "--data", pictures, "--limit", 5)
    assert answer.status == 0, answer.err
    assert "checked in fp32" in answer.out
    assert f"5 texts of {pictures}" in answer.out
    table = {line[:26].strip(): line[26:].split() for line in answer.out.splitlines()[2:]}
    assert table["what"] == ["fp32", "fp16"]
    assert table["strict"] == ["100.00%", "100.00%"]
    assert table["read as in fp32"] == ["100.00%", "100.00%"]
    assert {"size, MB", "CER", "ms a picture, one by one", "times as fast", "times as fast, together"} <= set(table)


def test_a_failed_check(command: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    answer = command("export", trained, tmp_path / "abc.onnx")
    assert answer.status == 1
    assert answer.err.startswith("crnn-ocr: what was exported reads otherwise than the model in PyTorch. First")
    assert not (tmp_path / "abc.onnx").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--quantize", "int8", "--fp16"], "take either --quantize int8 or --fp16"),
        (["--format", "torch", "--fp16"], "--quantize and --fp16 are for ONNX files"),
        (["--format", "torch", "--data", "absent"], "--data, --calibration and --limit are for --quantize and --fp16"),
        (["--limit", "3"], "--data, --calibration and --limit are for --quantize and --fp16"),
        (["--fp16", "--calibration", "absent"], "--calibration is for --quantize int8"),
        (["--format", "tflite"], "'tflite' is not one of 'onnx', 'torch'"),
        (["--quantize", "int8"], "name data to measure by how much (--data)"),
        (["--quantize", "int8", "--data", "absent"], "absent"),
        (["--format", "torch"], "give it a name that ends with .pt2"),
    ],
)
def test_options_that_do_not_go(command: Command, trained: Path, tmp_path: Path, options: list[str], said: str) -> None:
    answer = command("export", trained, tmp_path / "abc.onnx", *options)
    assert answer.status in (1, 2)
    assert said in " ".join(answer.err.split())
    assert not list(tmp_path.iterdir())


def test_a_file_that_reads_within_a_pattern_only(
    command: Command, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "abc.onnx"
    answer = command("export", trained, out, "--pattern", "c[ab]", "--allow", "abc")
    assert answer.status == 0, answer.err
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["within"] == "the pattern c[ab] of the characters abc"
    assert "constraint" in json.loads(metadata["usage"])["allowed"]
    assert [each.name for each in session.get_inputs()] == ["images", "view_mask"]
    for reading in Reader.load(out).read([pictures / "000.png", pictures / "005.png"]):
        assert reading.text in {"ca", "cb"}
        assert reading.allowed is not None
        assert reading.allowed < 1
    assert "has a constraint of its own" in command("read", out, pictures / "000.png", "--pattern", "a").err


def test_a_file_that_reads_texts_of_a_lexicon_only(
    command: Command, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out, names = tmp_path / "abc.onnx", tmp_path / "names.txt"
    names.write_text("cab\nab\n")
    answer = command("export", trained, out, "--lexicon", names)
    assert answer.status == 0, answer.err
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["within"] == "a lexicon of 2 texts"
    assert [each.name for each in session.get_inputs()] == ["images", "view_mask"]
    assert {each.text for each in Reader.load(out).read([pictures / f"{n:03d}.png" for n in range(6)])} <= {"cab", "ab"}
    names.write_text("abcab\n")
    too_long = command("export", trained, tmp_path / "b.onnx", "--lexicon", names)
    assert "no text of a lexicon of 1 texts has 4 characters or fewer" in too_long.err
    both = command("export", trained, tmp_path / "b.onnx", "--lexicon", names, "--allow", "a")
    assert "a lexicon says all that is allowed" in both.err


def test_a_pattern_that_cannot_be_read_is_told_before_the_work(command: Command, trained: Path, tmp_path: Path) -> None:
    answer = command("export", trained, tmp_path / "abc.onnx", "--pattern", r"\d{4}")
    assert (answer.status, "no text of the model's characters is within the pattern" in answer.err) == (1, True)
    answer = command("export", trained, tmp_path / "abc.pt2", "--format", "torch", "--allow", "a")
    assert "--allow, --pattern and --lexicon are for ONNX files" in " ".join(answer.err.split())
    assert not list(tmp_path.iterdir())
