"""Devices of ONNX Runtime by name: what is installed is used, what is not is told with its package."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import onnxruntime
import pytest

from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference import providers
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.providers import ONLY_ONNX, PROVIDERS, automatic_device, choose, usable_devices
from crnn_seq2seq_ocr.inference.reader import Reader


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let ONNX Runtime say that it has these providers."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*names, "CPUExecutionProvider"])


@pytest.mark.parametrize("device", sorted(set(PROVIDERS) - {"cpu"}))
def test_an_installed_provider_is_used_and_the_cpu_does_the_rest(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "2")
    name = PROVIDERS[device].name
    install(monkeypatch, name)
    settings = {"device_id": 2} if PROVIDERS[device].numbered else {}
    expected = [(name, settings), ("CPUExecutionProvider", {})]
    assert choose(onnxruntime.SessionOptions(), device) == (name, expected)
    assert usable_devices() == [device, "cpu"]
    assert automatic_device() == ("cuda" if device == "cuda" else "cpu")


@pytest.mark.parametrize("device", sorted(ONLY_ONNX))
def test_the_package_of_one_that_is_not_installed_is_told(device: str, exported: Path) -> None:
    with pytest.raises(DeviceError, match=rf"device '{device}' here: install onnxruntime.* take auto or .*cpu"):
        Reader.load(exported, device=device)


def test_providers_without_a_name_here_are_known_by_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "AzureExecutionProvider", "XnnpackExecutionProvider")
    assert usable_devices() == ["cpu", "xnnpack"]
    assert choose(onnxruntime.SessionOptions(), "xnnpack")[0] == "XnnpackExecutionProvider"
    with pytest.raises(DeviceError, match="cannot use the device 'azure' here: take auto or cpu or xnnpack"):
        choose(onnxruntime.SessionOptions(), "azure")


def test_a_plug_in_is_registered_once_and_its_device_added(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("onnxruntime_ep_openvino")
    module.get_library_path = lambda: "library.so"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(providers, "find_spec", lambda name: name == module.__name__)
    found = SimpleNamespace(ep_name="OpenVINOExecutionProvider")
    registered: list[tuple[str, str]] = []
    monkeypatch.setattr(
        onnxruntime, "register_execution_provider_library", lambda *given: registered.append(given), raising=False
    )
    devices: list[SimpleNamespace] = [found]
    monkeypatch.setattr(onnxruntime, "get_ep_devices", lambda: devices, raising=False)
    providers._register.cache_clear()
    added: list[object] = []
    options = SimpleNamespace(add_provider_for_devices=lambda devices, settings: added.extend(devices))
    assert usable_devices() == ["openvino", "cpu"]
    assert choose(options, "openvino") == ("OpenVINOExecutionProvider", None)  # type: ignore[arg-type]
    assert added == [found]
    assert registered == [("onnxruntime_ep_openvino", "library.so")]
    devices.clear()
    with pytest.raises(DeviceError, match="'openvino': onnxruntime_ep_openvino finds none on this machine, take auto"):
        choose(options, "openvino")  # type: ignore[arg-type]
    providers._register.cache_clear()


def test_one_that_does_not_start_is_told(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = PROVIDERS["openvino"].name
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [name, "CPUExecutionProvider"])
    with pytest.raises(DeviceError, match=r"OpenVINOExecutionProvider|openvino"):
        OnnxBackend.load(exported, device="openvino")


def test_such_a_device_needs_a_file(trained: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no model\.onnx: make one .*, or leave out the device openvino"):
        Reader.load(trained, device="openvino")
