"""``crnn-ocr models``, ``crnn-ocr release``, and the names of released models."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from crnn_seq2seq_ocr.checkpoint import pretrained
from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.cli.conftest import Command
from tests.conftest import TEXTS

pytestmark = pytest.mark.slow


def test_every_command_that_takes_a_model_takes_the_name(shelf: Path, pictures: Path, command: Command) -> None:
    picture = pictures / "000.png"
    answer = command("read", "words", picture)
    assert answer.out.startswith(f"{picture}\t{TEXTS[0]}\t")
    assert "100.00%" in command("evaluate", "fsns", pictures).out
    assert command("bench", "read", "words", picture, "--repeats", "1").status == 0


def test_the_list(shelf: Path, command: Command) -> None:
    out = command("models").out
    assert "fsns (0.0 MB): Street [signs].\n1 view, 3 characters, texts of up to 4, 0.01 million parameters" in out
    assert "words (0.0 MB): Words." in out
    assert out.count("synthetic:signs?count=7") == 2
    assert "85.7%" in out


def test_an_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "none")
    assert command("models") == (0, "this installation has no trained models\n", "")


def test_half_the_size_the_same_texts_and_its_results(
    command: Command, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "abc"
    answer = command("release", trained, out, pictures, pictures, "--about", "Three colours.", "--limit", 5)
    assert answer.status == 0, answer.err
    assert answer.out.splitlines()[0] == f"{pictures}: 100.00% of 5 right (strict), CER 0.00%"
    assert answer.out.splitlines()[-1].startswith(f"{out}: 0.")
    assert sorted(path.name for path in out.iterdir()) == ["model.json", "model.onnx", "model.safetensors"]
    kinds = {str(tensor.dtype) for tensor in load_file(out / "model.safetensors").values() if tensor.ndim > 1}
    assert kinds == {"torch.float16"}
    recognizer, description = load_model(out)
    assert {str(parameter.dtype) for parameter in recognizer.parameters()} == {"torch.float32"}
    assert (description.name, description.about) == ("abc", "Three colours.")
    assert len(description.results) == 2
    assert (description.results[0].samples, description.results[0].sequence_accuracy) == (5, 1.0)
    assert description.step == load_model(trained)[1].step
    for backend in ("onnx", "torch"):
        reader = Reader.load(out, backend=backend)
        assert reader.description == description
        assert [reading.text for reading in reader.read(sorted(pictures.glob("*.png")))] == TEXTS
