"""The original's checkpoints (MindSpore model zoo, research/cv/crnn_seq2seq_ocr) turned into our weights.

Order of the gates in Ascend's LSTM: i, j, f, o ("ijfo" of CANN's operator DynamicRNN, j the candidate).
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import DecoderSettings, ModelSettings, Preprocessing, Stage, VggLstmSettings
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.mindspore.checkpoint_file import read_mindspore
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.vgg_lstm import VggLstm

VIEWS = 4
CNN = "encoder.cnn."
DECODER = "decoder.decoder."
LAYERS = (
    "convRelu1", "convRelu2", "convBNRelu1", "convRelu3", "convBNRelu2", "convRelu4",
    "convBNRelu3", "convRelu5", "convBNRelu4", "convRelu6", "convBNRelu5",
)  # fmt: skip
POOLS = ((2, 2), (2, 1), (2, 1), (2, 1), (2, 1), (2, 1))
NORM_PARTS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
DECODER_PARTS = {
    "embedding.weight": "embedding.embedding_table",
    "attention.score.weight": "attn.weight",
    "attention.score.bias": "attn.bias",
    "combine.weight": "attn_combine.weight",
    "combine.bias": "attn_combine.bias",
    "gru.weight_ih": "gru.weight_ih_l0",
    "gru.weight_hh": "gru.weight_hh_l0",
    "gru.bias_ih": "gru.bias_ih_l0",
    "gru.bias_hh": "gru.bias_hh_l0",
    "output.weight": "out.weight",
    "output.bias": "out.bias",
}
TRAINING_ONLY = ("moment1.", "moment2.", "beta1_power", "beta2_power", "learning_rate", "global_step", "epoch_num",
                 "step_num", "scale_sense", "current_iterator_step", "last_overflow_iterator_step")  # fmt: skip


class Imported(NamedTuple):
    """A checkpoint of the original as ours.

    Attributes:
        state: For `Recognizer.load_state_dict`.
        model: The settings that its shapes tell.
        preprocessing: The same; the height of a view follows from the number of poolings.
        classes: K, the number of token ids.
        max_length: Most characters of a text: the columns less begin and end.
    """

    state: dict[str, Tensor]
    model: ModelSettings
    preprocessing: Preprocessing
    classes: int
    max_length: int


def import_checkpoint(path: Path | str) -> Imported:
    """Load the recogniser in a checkpoint file of the original.

    Raises:
        CheckpointError: The file cannot be read, or it holds something else; it is named.
    """
    try:
        return import_state(read_mindspore(path))
    except CheckpointError as error:
        raise CheckpointError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def import_state(tensors: dict[str, NDArray[np.generic]]) -> Imported:
    """Our weights and settings of the original's tensors.

    Both layouts of its LSTMs are known: Ascend's (``weight_fw0`` ...) and the flat one. The flat one is read
    as MindSpore's CPU kernel lays it out; a checkpoint trained on a GPU has the same name and size in cuDNN's
    order, cannot be told apart, and would read nonsense (the original was published for Ascend alone).

    Args:
        tensors: As `read_mindspore` gives them. What only training needs (moments, steps) is skipped.

    Raises:
        CheckpointError: Names are missing or unknown, or shapes do not fit together; all are listed.
    """
    source = {name: value for name, value in tensors.items() if not name.startswith(TRAINING_ONLY)}
    layout = _Layout(source)
    model, preprocessing, classes = layout.settings()
    with torch.device("meta"):
        recognizer = Recognizer(model, preprocessing, classes)
    state = layout.state(recognizer, model)
    if layout.problems or source.keys() - layout.used:
        unknown = [f"{name}: not a parameter of the original" for name in sorted(source.keys() - layout.used)]
        problems = layout.problems + unknown
        raise CheckpointError(
            f"this is not a whole checkpoint of the original CRNN-Seq2Seq-OCR, {len(problems)} tensors do not fit\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    return Imported(state, model, preprocessing, classes, max(1, preprocessing.width // 2 - 2))


class _Layout:
    """The original's parameters: what was used of them, and what does not fit."""

    def __init__(self, tensors: dict[str, NDArray[np.generic]]) -> None:
        self.tensors = tensors
        self.used: set[str] = set()
        self.problems: list[str] = []

    def settings(self) -> tuple[ModelSettings, Preprocessing, int]:
        """Read the settings that the shapes tell; raise where the needed tensors are missing."""
        channels = [self._sizes(f"{CNN}{layer}.conv.weight", 4)[0] for layer in LAYERS]
        width = self._sizes("encoder.lstm1.embedding.weight", 2)[0]
        hidden = self._sizes("encoder.lstm1.embedding.weight", 2)[1] // 2
        columns = self._sizes(f"{DECODER}attn.weight", 2)[0]
        classes = self._sizes(f"{DECODER}embedding.embedding_table", 2)[0]
        stages = [Stage(channels=channels[0], norm="none", pool=POOLS[0]),
                  Stage(channels=channels[1], norm="none", pool=POOLS[1])]  # fmt: skip
        stages += [Stage(channels=size, convolutions=2, norm="first", pool=pool)
                   for size, pool in zip(channels[2:10:2], POOLS[2:], strict=True)]  # fmt: skip
        encoder = VggLstmSettings(stages=stages, views="channels", features=VIEWS * channels[-1], dropout=0.5,
                                  recurrent_layers=2, recurrent_size=hidden)  # fmt: skip
        model = ModelSettings(width=width, encoder=encoder, decoder=DecoderSettings(attention="position", dropout=0.1))
        rows, _ = (math.prod(sizes) for sizes in zip(*POOLS, strict=True))
        return model, Preprocessing(height=2 * rows, width=2 * columns, views=VIEWS), classes

    def state(self, recognizer: Recognizer, model: ModelSettings) -> dict[str, Tensor]:
        """Make the state dict; what does not fit is noted in `problems`."""
        settings, network = model.encoder, recognizer.encoder
        assert isinstance(settings, VggLstmSettings)
        assert isinstance(network, VggLstm)
        found: dict[str, NDArray[np.generic] | None] = self._convolutions(network)
        for place, size_in in enumerate((settings.features or model.width, model.width)):
            old, new = f"encoder.lstm{place + 1}.", f"encoder.recurrent.{place}."
            for part in ("weight", "bias"):
                found[f"{new}projection.{part}"] = self._take(f"{old}embedding.{part}")
            for part, value in self._lstm(f"{old}rnn.", size_in, settings.recurrent_size).items():
                found[f"{new}lstm.{part}"] = value
        self._rename_old_gru()
        for ours, theirs in DECODER_PARTS.items():
            found[f"decoder.{ours}"] = self._take(DECODER + theirs)
        return self._checked(found, recognizer)

    def _convolutions(self, network: VggLstm) -> dict[str, NDArray[np.generic] | None]:
        found: dict[str, NDArray[np.generic] | None] = {}
        layers = iter(LAYERS)
        for number, module in enumerate(network.convolutions):
            ours = f"encoder.convolutions.{number}."
            if isinstance(module, nn.Conv2d):
                layer = next(layers)
                found[f"{ours}weight"] = self._take(f"{CNN}{layer}.conv.weight")
            elif isinstance(module, nn.BatchNorm2d):
                for part, theirs in NORM_PARTS.items():
                    found[ours + part] = self._take(f"{CNN}{layer}.bn.{theirs}")
                found[f"{ours}num_batches_tracked"] = np.array(0)
        return found

    def _lstm(self, prefix: str, size_in: int, hidden: int) -> dict[str, NDArray[np.generic]]:
        """Torch's parameters of both directions from either layout."""
        flat = f"{prefix}weight" in self.tensors
        parts = self._flat_lstm(prefix, size_in, hidden) if flat else self._ascend_lstm(prefix, size_in, hidden)
        for suffix in ("", "_reverse"):
            parts[f"bias_hh_l0{suffix}"] = np.zeros(4 * hidden, np.float32)
        return parts

    def _flat_lstm(self, prefix: str, size_in: int, hidden: int) -> dict[str, NDArray[np.generic]]:
        """All matrices, then one bias for each direction; a second one is allocated and never read."""
        gates = 4 * hidden
        sizes = {"weight_ih_l0": (gates, size_in), "weight_hh_l0": (gates, hidden), "bias_ih_l0": (gates,)}
        needed = 2 * sum(math.prod(size) for size in sizes.values())
        whole = self._take(f"{prefix}weight")
        if whole is None or whole.size not in (needed, needed + 8 * hidden):
            self.problems.append(f"{prefix}weight: it needs {needed} or {needed + 8 * hidden} values")
            return {}
        parts, place = {}, 0
        for name, size in sizes.items():
            for suffix in ("", "_reverse"):
                parts[name + suffix] = whole.ravel()[place : place + math.prod(size)].reshape(size)
                place += math.prod(size)
        return parts

    def _ascend_lstm(self, prefix: str, size_in: int, hidden: int) -> dict[str, NDArray[np.generic]]:
        """(in + hidden, 4 * hidden) and bias for each direction, gates i, j, f, o; Torch's are i, f, j, o."""
        parts = {}
        for direction, suffix in (("fw", ""), ("bw", "_reverse")):
            weight, bias = self._take(f"{prefix}weight_{direction}0"), self._take(f"{prefix}bias_{direction}0")
            if weight is None or bias is None:
                continue
            if weight.shape != (size_in + hidden, 4 * hidden) or bias.shape != (4 * hidden,):
                self.problems.append(f"{prefix}weight_{direction}0: shapes {weight.shape} and bias {bias.shape}, "
                                     f"needed {(size_in + hidden, 4 * hidden)} and {(4 * hidden,)}")  # fmt: skip
                continue
            gates = np.concatenate([weight.T, bias[:, None]], 1).reshape(4, hidden, -1)[[0, 2, 1, 3]]
            gates = gates.reshape(4 * hidden, -1)  # (4H, in + H + 1)
            parts[f"weight_ih_l0{suffix}"] = gates[:, :size_in]
            parts[f"weight_hh_l0{suffix}"] = gates[:, size_in:-1]
            parts[f"bias_ih_l0{suffix}"] = gates[:, -1]
        return parts

    def _rename_old_gru(self) -> None:
        """Rename the GRU of older checkpoints (modelarts/gru.py): other names, matrices transposed."""
        for old, new in (("weight_i", "weight_ih_l0"), ("weight_h", "weight_hh_l0"), ("bias_i", "bias_ih_l0"),
                         ("bias_h", "bias_hh_l0")):  # fmt: skip
            value = self.tensors.get(f"{DECODER}gru.{old}")
            if value is not None:
                self.used.add(f"{DECODER}gru.{old}")
                self.tensors[f"{DECODER}gru.{new}"] = value.T

    def _checked(self, found: dict[str, NDArray[np.generic] | None], recognizer: Recognizer) -> dict[str, Tensor]:
        state = {}
        for name, wanted in recognizer.state_dict().items():
            value = found.get(name)
            if value is None:
                continue  # noted when it was looked for
            if value.shape != tuple(wanted.shape):
                self.problems.append(f"our {name}: shape {value.shape}, needed {tuple(wanted.shape)}")
            state[name] = torch.from_numpy(np.array(value)).to(wanted.dtype)  # a copy of its own
        return state

    def _take(self, name: str) -> NDArray[np.generic] | None:
        if name not in self.tensors:
            self.problems.append(f"{name}: missing")
            return None
        self.used.add(name)
        return self.tensors[name]

    def _sizes(self, name: str, dimensions: int) -> tuple[int, ...]:
        shape = self.tensors[name].shape if name in self.tensors else None
        if shape is None or len(shape) != dimensions or 0 in shape:
            raise CheckpointError(
                f"this is not a checkpoint of the original CRNN-Seq2Seq-OCR: its {name} "
                + ("is missing" if shape is None else f"has the shape {shape}, {dimensions} sizes are needed")
            )
        return shape
