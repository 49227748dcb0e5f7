"""Networks run by PyTorch: on any of its devices, greedily, with a beam, or within a lexicon."""

import contextlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.errors import DeviceError
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.model.recognizer import Recognizer, normalise
from crnn_seq2seq_ocr.model.search import search
from crnn_seq2seq_ocr.system.processes import local_process

Precision = Literal["fp32", "bf16"]


class TorchBackend:
    """A network, where its weights are.

    Args:
        recognizer: The network, in evaluation.
        description: What it says of itself.
        precision: See `Reader.load`.
    """

    can_search = True
    concurrency = 1  # PyTorch uses all cores for each batch

    def __init__(self, recognizer: Recognizer, description: Description, *, precision: Precision = "fp32") -> None:
        self.recognizer = recognizer
        self.description = description
        self.precision = precision

    @property
    def device(self) -> str:
        """Where the weights are."""
        return str(next(self.recognizer.parameters()).device)

    @classmethod
    def load(cls, path: Path, *, device: str, precision: Precision) -> "TorchBackend":
        """Load the network of what `checkpoint.folders.find_model` finds on a device; arguments as in `Reader.load`.

        Raises:
            CheckpointError: There is none, it is damaged, or of another version.
            DeviceError: The device cannot be used.
        """
        recognizer, description = load_model(path)
        # In this layout the pictures are decoded and the convolutions are fastest.
        recognizer = recognizer.to(_device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(recognizer.eval(), description, precision=precision)

    @torch.inference_mode()
    def read(
        self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: Constraint | None = None
    ) -> Outputs:
        """Read the texts of images uint8 (N, V, H, W, 3) with view_mask (N, V) bool.

        Raises:
            DataError: No text of the lexicon is as short as the model's longest.
        """
        device = next(self.recognizer.parameters()).device
        pixels = normalise(torch.from_numpy(images).to(device).permute(0, 1, 4, 2, 3))
        mask = torch.from_numpy(view_mask).to(device)
        # Where fp32 is asked for, an autocast around the call still counts: validation reads as training does.
        half = torch.autocast(device.type, torch.bfloat16) if self.precision == "bf16" else contextlib.nullcontext()
        with half:
            memory = self.recognizer.encode(pixels, mask)
            result = search(self.recognizer, memory, max_length=self.description.max_length, beam=beam, lexicon=lexicon)
        attention = result.attention.view(*result.tokens.shape, *memory.grid)  # (N, L, views, rows, columns)
        result = result._replace(attention=attention)
        return Outputs(**{name: each.cpu().numpy() for name, each in result._asdict().items() if each is not None})


def _device(name: str) -> torch.device:
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        if accelerator is None:
            return torch.device("cpu")
        return torch.device(accelerator.type, local_process() % torch.accelerator.device_count())
    try:
        number = torch.ones((), device=name)
        number.item()  # a device that holds no numbers, such as meta, is of no use
        return number.device
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(f"the device {name!r} cannot be used here ({reason}): take auto or cpu") from None
