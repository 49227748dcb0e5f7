"""Importing the original's checkpoints."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.mindspore.weights import Imported, import_checkpoint, import_state
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from tests.model import original
from tests.model.checkpoint_file import training_checkpoint, write_checkpoint
from tests.model.original import FULL, SMALL, Array, Sizes

LAYOUTS = [original.flat_layout, original.ascend_layout]


def encoder_output(imported: Imported) -> Array:
    recognizer = Recognizer(imported.model, imported.preprocessing, imported.classes)
    recognizer.load_state_dict(imported.state)
    recognizer.eval()
    images = torch.stack(torch.from_numpy(original.strips(SMALL)).chunk(4, 3), 1)
    with torch.no_grad():
        cells = recognizer.encode(images, torch.ones(2, 4, dtype=torch.bool)).cells
    return cells.transpose(0, 1).numpy()


@pytest.mark.parametrize(("layout", "training"), [(original.flat_layout, False), (original.ascend_layout, True)])
def test_a_checkpoint_gives_the_originals_outputs(
    tmp_path: Path, layout: Callable[[Sizes], dict[str, Array]], training: bool
) -> None:
    parameters = layout(SMALL)
    tensors = training_checkpoint(parameters) if training else parameters
    imported = import_checkpoint(write_checkpoint(tmp_path / "model.ckpt", tensors))
    np.testing.assert_allclose(encoder_output(imported), SMALL.load()["encoder"], rtol=0, atol=5e-5)
    assert (imported.classes, imported.max_length) == (50, 14)


def test_flat_lstm_without_the_unused_tail() -> None:
    tensors = original.flat_layout(SMALL)
    for lstm in ("lstm1", "lstm2"):
        tensors[f"encoder.{lstm}.rnn.weight"] = tensors[f"encoder.{lstm}.rnn.weight"][: -8 * SMALL.hidden]
    np.testing.assert_allclose(encoder_output(import_state(tensors)), SMALL.load()["encoder"], rtol=0, atol=5e-5)


def test_both_layouts_hold_the_same_weights() -> None:
    flat, ascend = (import_state(layout(SMALL)).state for layout in LAYOUTS)
    assert flat.keys() == ascend.keys()
    assert all(torch.equal(flat[name], ascend[name]) for name in flat)


def test_older_names_of_the_gru() -> None:
    tensors = original.flat_layout(SMALL)
    wanted = import_state(dict(tensors)).state
    for new, old in (("weight_ih_l0", "weight_i"), ("weight_hh_l0", "weight_h"), ("bias_ih_l0", "bias_i"),
                     ("bias_hh_l0", "bias_h")):  # fmt: skip
        tensors[f"decoder.decoder.gru.{old}"] = tensors.pop(f"decoder.decoder.gru.{new}").T
    found = import_state(tensors).state
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_full_size_is_the_recipe() -> None:
    imported = import_state(original.ascend_layout(FULL))
    recipe = load_recipe("fsns-seed")
    assert imported.model == recipe.model
    assert imported.preprocessing == recipe.preprocessing
    assert imported.classes == recipe.text.classes
    assert imported.max_length == recipe.text.max_length


def test_float16_tensors_become_float32() -> None:
    tensors = {name: tensor.astype(np.float16) for name, tensor in original.flat_layout(SMALL).items()}
    assert {value.dtype for value in import_state(tensors).state.values()} == {torch.float32, torch.int64}


def test_the_given_tensors_stay_as_they_are() -> None:
    tensors = original.flat_layout(SMALL)
    names = list(tensors)
    import_state(tensors).state["decoder.output.bias"].zero_()
    assert list(tensors) == names
    assert tensors["decoder.decoder.out.bias"].all()


def test_all_that_does_not_fit_is_listed() -> None:
    tensors = original.ascend_layout(SMALL)
    del tensors["encoder.lstm2.rnn.bias_bw0"], tensors["encoder.cnn.convBNRelu3.bn.gamma"]
    tensors["decoder.decoder.out.bias"] = np.zeros(49, np.float32)
    tensors["encoder.lstm1.rnn.weight_fw0"] = np.zeros((3, 3), np.float32)
    tensors["head.weight"] = np.zeros(3, np.float32)
    with pytest.raises(CheckpointError) as caught:
        import_state(tensors)
    for problem in (
        "5 tensors do not fit",
        "encoder.lstm2.rnn.bias_bw0: missing",
        "encoder.cnn.convBNRelu3.bn.gamma: missing",
        "decoder.output.bias: shape (49,), needed (50,)",
        "encoder.lstm1.rnn.weight_fw0: shapes (3, 3)",
        "head.weight: not a parameter of the original",
    ):
        assert problem in str(caught.value)


def test_another_networks_checkpoint_is_named(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "other.ckpt", {"conv.weight": np.ones((2, 2), np.float32)})
    with pytest.raises(CheckpointError, match=r"other\.ckpt: this is not a checkpoint of the original.*is missing"):
        import_checkpoint(path)
