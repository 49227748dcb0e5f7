"""The exported network gives what PyTorch gives, whatever the sizes."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.outputs import Outputs
from tests.export.conftest import KINDS

pytestmark = pytest.mark.slow

SIZES = {
    "content": [(1, 1, 32), (1, 3, 32), (2, 1, 32), (5, 4, 32)],
    "fit": [(1, 1, 32), (1, 1, 128), (4, 1, 64), (3, 1, 96)],
    "position": [(1, 4, 32), (5, 4, 32)],
    "transformer": [(1, 1, 32), (1, 1, 128), (4, 1, 64), (3, 1, 96)],
}
"""Batch, views and width."""


def pictures(samples: int, views: int, width: int, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (samples, views, 4, width // 4, 3), dtype=np.uint8)
    return coarse.repeat(4, 2).repeat(4, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_parity(models: Path, kind: str) -> None:
    torch_backend = TorchBackend.load(models / kind, device="cpu", precision="fp32")
    onnx_backend = OnnxBackend.load(models / f"{kind}.onnx", device="cpu")
    lengths = set()
    for seed, (samples, views, width) in enumerate(SIZES[kind]):
        images, view_mask = pictures(samples, views, width, seed), np.ones((samples, views), bool)
        view_mask[-1, 1:] = kind == "position"
        expected, found = torch_backend.read(images, view_mask), onnx_backend.read(images, view_mask)
        for name, one, other in zip(Outputs._fields, expected, found, strict=True):
            if name == "allowed":  # of constraints alone
                assert one is other is None
                continue
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            np.testing.assert_allclose(other, one, atol=1e-4, err_msg=f"{name} of {samples, views, width}")
        np.testing.assert_array_equal(found.tokens, expected.tokens)
        lengths |= set(expected.lengths.tolist())
    assert len(lengths) > 1, "texts of one length would show little"
    assert max(lengths) > 3


def test_a_text_does_not_depend_on_its_neighbours(models: Path) -> None:
    backend = OnnxBackend.load(models / "content.onnx")
    images, view_mask = pictures(6, 4, 32, 7), np.ones((6, 4), bool)
    together = backend.read(images, view_mask)
    assert len(set(together.lengths.tolist())) > 1
    for row, length in enumerate(together.lengths):
        alone = backend.read(images[row : row + 1], view_mask[row : row + 1])
        assert alone.lengths[0] == alone.tokens.shape[1] == length  # the loop ends with the text
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row, :length])
        np.testing.assert_allclose(alone.log_probs[0], together.log_probs[row, :length], atol=1e-4)
        assert not together.tokens[row, length:].any()
        assert not together.log_probs[row, length:].any()
        assert not together.attention[row, length:].any()


def test_a_missing_view_is_not_looked_at(models: Path) -> None:
    backend = OnnxBackend.load(models / "content.onnx")
    images = pictures(1, 3, 32, 2)
    mask = np.array([[True, True, False]])
    other = images.copy()
    other[:, 2] = 255 - other[:, 2]
    first, second = backend.read(images, mask), backend.read(other, mask)
    np.testing.assert_array_equal(first.tokens, second.tokens)
    assert not first.attention[:, :, 2].any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_says_all_that_is_needed(models: Path, kind: str) -> None:
    model = onnx.load(models / f"{kind}.onnx")
    onnx.checker.check_model(model, full_check=True)
    told = {each.key: each.value for each in model.metadata_props}
    assert Description.from_dict(json.loads(told["crnn-seq2seq-ocr"]), "the file") == KINDS[kind]
    assert told["precision"] == "fp32"
    assert set(json.loads(told["versions"])) == {"crnn-seq2seq-ocr", "python", "torch", "onnx", "onnxruntime"}
    usage = json.loads(told["usage"])
    for value in (*model.graph.input, *model.graph.output):
        assert value.doc_string == usage[value.name]
    assert [each.op_type for each in model.graph.node].count("Loop") == 1


def test_the_check_is_in_the_file(models: Path) -> None:
    found = {}
    for kind in KINDS:
        told = {each.key: each.value for each in onnx.load(models / f"{kind}.onnx").metadata_props}
        checked = json.loads(told["checked"])
        assert checked["tokens"] > 0
        assert 0 <= checked["largest difference of a probability"] <= 1e-4
        assert 0 <= checked["largest difference of an attention weight"] <= 1e-4
        found[kind] = [(case["samples"], case["views"], case["width"]) for case in checked["cases"]]
    assert found == {
        "content": [(1, 1, 32), (1, 4, 32), (3, 1, 32), (3, 4, 32)],
        "fit": [(1, 1, 32), (1, 1, 128), (3, 1, 32), (3, 1, 128)],
        "position": [(1, 4, 32), (3, 4, 32)],
        "transformer": [(1, 1, 32), (1, 1, 128), (3, 1, 32), (3, 1, 128)],
    }


def sizes(model: onnx.ModelProto) -> dict[str, list[int | str]]:
    return {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }


def test_sizes_that_vary_have_names(models: Path) -> None:
    content, fit, position, transformer = (sizes(onnx.load(models / f"{kind}.onnx")) for kind in KINDS)
    assert content["images"] == ["batch", "views", 3, 16, 32]
    assert content["attention"] == ["batch", "length", "views", 2, 8]
    assert fit["images"] == ["batch", 1, 3, 16, "width"]
    assert fit["attention"] == ["batch", "length", 1, 1, "columns"]
    assert position["images"] == ["batch", 4, 3, 16, 32]
    assert position["attention"] == ["batch", "length", 1, 1, 16]
    assert transformer["attention"] == ["batch", "length", 1, 2, "columns"]
    for found in (content, fit, position, transformer):
        assert found["tokens"] == found["log_probs"] == ["batch", "length"]
        assert found["lengths"] == ["batch"]
