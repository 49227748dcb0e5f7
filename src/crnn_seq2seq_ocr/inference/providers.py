"""ONNX Runtime's execution providers: which device each is for, which package brings it, which are installed."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from crnn_seq2seq_ocr.errors import DeviceError
from crnn_seq2seq_ocr.system.processes import local_process

if TYPE_CHECKING:
    import onnxruntime


class Provider(NamedTuple):
    """One execution provider.

    Attributes:
        name: ONNX Runtime's.
        package: That brings it, in place of ``onnxruntime``.
        plugin: The module of a package that brings it beside ``onnxruntime``.
        numbered: Whether a machine may have several of its devices, numbered from 0.
    """

    name: str
    package: str
    plugin: str | None = None
    numbered: bool = False


PROVIDERS = {
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu", numbered=True),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu", numbered=True),
    "migraphx": Provider("MIGraphXExecutionProvider", "onnxruntime-migraphx", numbered=True),
    "rocm": Provider("ROCMExecutionProvider", "onnxruntime-rocm", numbered=True),
    "cann": Provider("CANNExecutionProvider", "onnxruntime-cann", numbered=True),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml", numbered=True),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino", plugin="onnxruntime_ep_openvino"),
    "webgpu": Provider("WebGpuExecutionProvider", "onnxruntime-webgpu", plugin="onnxruntime_ep_webgpu"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime (on macOS)"),
    "qnn": Provider("QNNExecutionProvider", "onnxruntime-qnn"),
    "cpu": Provider("CPUExecutionProvider", "onnxruntime"),
}
"""By the name of the device."""

ONLY_ONNX = frozenset(PROVIDERS) - {"cuda", "cpu"}
"""Devices that PyTorch does not know by these names."""

_AUTOMATIC = ("cuda", "cpu")
_NO_DEVICES = {"AzureExecutionProvider"}  # calls a service on the network


def usable_devices() -> list[str]:
    """Return the devices that the installed ONNX Runtime and its plug-ins can use, the known ones first."""
    import onnxruntime

    built_in = onnxruntime.get_available_providers()
    known = [name for name, each in PROVIDERS.items() if each.name in built_in or _plugin_devices(each)]
    names = {each.name for each in PROVIDERS.values()} | _NO_DEVICES
    return known + [_device_of(each) for each in built_in if each not in names]


def automatic_device() -> str:
    """Return what ``auto`` means: CUDA where it is installed, else the CPU; others are only used where named."""
    usable = usable_devices()
    return next(each for each in _AUTOMATIC if each in usable)


def check_device(device: str) -> None:
    """Refuse a device that cannot be used here.

    Raises:
        DeviceError: It cannot.
    """
    import onnxruntime

    choose(onnxruntime.SessionOptions(), device)


def choose(options: "onnxruntime.SessionOptions", device: str) -> tuple[str, list[tuple[str, dict[str, int]]] | None]:
    """Make a session run on a device.

    Args:
        options: Of the session; a plug-in is added to them.
        device: Its name.

    Returns:
        The provider's name, and the session's list of providers with the CPU as the last; None where the options
        have them.

    Raises:
        DeviceError: The device cannot be used here.
    """
    import onnxruntime

    known = PROVIDERS.get(device)
    built_in = onnxruntime.get_available_providers()
    name = known.name if known else next((each for each in built_in if _device_of(each) == device), None)
    if name is not None and name in built_in and name not in _NO_DEVICES:
        chosen = [(name, {"device_id": local_process()} if known and known.numbered else {})]
        return name, chosen if device == "cpu" else [*chosen, (PROVIDERS["cpu"].name, {})]
    devices = _plugin_devices(known) if known else []
    if known is None or not devices:
        raise DeviceError(_refusal(device))
    options.add_provider_for_devices(devices[:1], {})
    return known.name, None


def _refusal(device: str) -> str:
    known = PROVIDERS.get(device)
    others = f"take auto or {' or '.join(usable_devices())}"
    if known is None:
        return f"ONNX Runtime cannot use the device {device!r} here: {others}"
    if known.plugin and find_spec(known.plugin):
        return f"ONNX Runtime cannot use the device {device!r}: {known.plugin} finds none on this machine, {others}"
    beside = f", or {known.plugin.replace('_', '-')} beside it" if known.plugin else ""
    return (
        f"ONNX Runtime cannot use the device {device!r} here: install {known.package} in place of onnxruntime{beside}, "
        f"or {others}"
    )


def _device_of(provider: str) -> str:
    return provider.removesuffix("ExecutionProvider").lower()


def _plugin_devices(provider: Provider) -> "list[onnxruntime.OrtEpDevice]":
    """Return what an installed plug-in finds on this machine."""
    if provider.plugin is None or not find_spec(provider.plugin):
        return []
    import onnxruntime

    _register(provider.plugin)
    return [each for each in onnxruntime.get_ep_devices() if each.ep_name == provider.name]


@cache
def _register(plugin: str) -> None:
    import onnxruntime

    onnxruntime.register_execution_provider_library(plugin, import_module(plugin).get_library_path())
