"""Which backend reads: ONNX Runtime where it can do what is asked, PyTorch for the rest."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference import backends
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from tests.conftest import TEXTS


@pytest.fixture(scope="module")
def both(trained: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder for both backends."""
    folder = tmp_path_factory.mktemp("both") / "model"
    save_model(*load_model(trained), folder, onnx=exported.read_bytes())
    return folder


@pytest.fixture(autouse=True)
def _no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "ACCELERATORS", ())


def test_onnx_runtime_reads_what_has_a_file_for_it(both: Path, trained: Path, pictures: Path) -> None:
    files = sorted(pictures.glob("*.png"))
    for settings in ({}, {"device": "cpu"}, {"backend": "onnx"}):
        reader = Reader.load(both, **settings)
        assert isinstance(reader.backend, OnnxBackend)
        assert [reading.text for reading in reader.read(files)] == TEXTS
    assert isinstance(Reader.load(trained).backend, TorchBackend)


@pytest.mark.parametrize("settings", [{"backend": "torch"}, {"precision": "bf16"}])
def test_pytorch_reads_what_only_it_can(both: Path, settings: dict[str, str]) -> None:
    assert isinstance(Reader.load(both, **settings).backend, TorchBackend)


def test_pytorch_is_asked_where_there_is_an_accelerator(
    both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "driver"
    monkeypatch.setattr(backends, "ACCELERATORS", (str(driver),))
    assert isinstance(Reader.load(both).backend, OnnxBackend)
    driver.touch()
    assert isinstance(Reader.load(both).backend, TorchBackend)
    assert isinstance(Reader.load(both, device="cpu").backend, OnnxBackend)
    assert isinstance(Reader.load(both, backend="onnx").backend, OnnxBackend)
    monkeypatch.setattr(backends, "usable_devices", lambda: ["cuda", "cpu"])
    assert isinstance(Reader.load(both).backend, OnnxBackend)


def test_what_does_not_go_together_is_told(both: Path, trained: Path) -> None:
    with pytest.raises(CheckpointError, match="has the precision it was exported with: leave out bf16"):
        Reader.load(both, backend="onnx", precision="bf16")
    with pytest.raises(DeviceError, match="ONNX Runtime cannot use the device 'npu' here"):
        Reader.load(both, backend="onnx", device="npu")
    with pytest.raises(DeviceError, match="the device 'nothing' cannot be used here"):
        Reader.load(both, device="nothing")
    with pytest.raises(CheckpointError, match=r"has no model\.onnx: make one with `crnn-ocr export .*, or leave out"):
        Reader.load(trained, backend="onnx")


def test_a_file_of_another_model_is_not_read(both: Path, trained: Path, exported: Path, tmp_path: Path) -> None:
    recognizer, description = load_model(trained)
    told = replace(description, about="Changed.", name="new")
    save_model(recognizer, told, tmp_path / "a", onnx=exported.read_bytes())
    assert isinstance(Reader.load(tmp_path / "a").backend, OnnxBackend)
    shutil.copytree(both, tmp_path / "b")
    save_model(recognizer, replace(description, step=description.step + 1), tmp_path / "c")
    for name in ("model.json", "model.safetensors"):
        shutil.copy(tmp_path / "c" / name, tmp_path / "b")
    with pytest.raises(CheckpointError, match=r"model\.onnx was made of another model .*: export it again with"):
        Reader.load(tmp_path / "b")
    assert isinstance(Reader.load(tmp_path / "b", backend="torch").backend, TorchBackend)
