"""Sessions of ONNX Runtime: what runs the network of a file, on a device."""

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference.providers import choose


class Session(Protocol):
    """Run a network: a `LocalSession` in this process, an `IsolatedSession` in others."""

    @property
    def outputs(self) -> frozenset[str]:
        """Names of what the network gives."""

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs of these names.

        Raises:
            CheckpointError: The network cannot read this.
        """


class LocalSession:
    """A session in this process, whose network may take any time and memory.

    Args:
        content: Of the file.
        where: Its name, for messages.
        device: Where to run it.
        threads: How many it runs on; 0 is one for each core.

    Raises:
        CheckpointError: It is no network that can be run.
        DeviceError: The device cannot be used.
    """

    def __init__(self, content: bytes, where: str, *, device: str, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors: what it warns of is its own business
        options.intra_op_num_threads = threads
        # Where it looks for numbers kept in other files; by default in the working folder.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
        provider, chosen = choose(options, device)
        try:
            session = onnxruntime.InferenceSession(content, options, providers=chosen)
        except Exception as error:  # it raises a class of its own for each kind of failure
            if device != "cpu":
                raise DeviceError(f"ONNX Runtime cannot read {where} with {device} ({_why(error)}): take cpu") from None
            raise CheckpointError(
                f"{where} cannot be used by ONNX Runtime ({_why(error)}): give a file that `crnn-ocr export` wrote, "
                "whole"
            ) from None
        if provider not in session.get_providers():  # it goes on with the next one, and warns in its log
            raise DeviceError(
                f"ONNX Runtime has {provider} but cannot start it here, libraries may be missing: take cpu"
            )
        self._session = session
        self._where = where
        self.outputs = frozenset(each.name for each in session.get_outputs())
        self.threads: int = options.intra_op_num_threads

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """See `Session`."""
        try:
            return [np.asarray(each) for each in self._session.run(list(outputs), dict(inputs))]
        except Exception as error:  # as above
            raise CheckpointError(f"{self._where} cannot be read with ({_why(error)}): export it again") from None


def _why(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
