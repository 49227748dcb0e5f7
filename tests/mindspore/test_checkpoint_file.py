"""Reading MindSpore's checkpoint files."""

from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.mindspore.checkpoint_file import read_mindspore
from tests.model.checkpoint_file import checkpoint, value, write_checkpoint
from tests.model.original import Array

TENSORS: dict[str, Array] = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 5,
    "half": np.array([1.5, -2], np.float16),
    "step": np.array([-3], np.int64),
    "count": np.array(7, np.int32),
    "flags": np.array([True, False]),
}


def write(folder: Path, content: bytes) -> Path:
    path = folder / "model.ckpt"
    path.write_bytes(content)
    return path


def assert_same(found: dict[str, Array], wanted: dict[str, Array]) -> None:
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype


def test_tensors_of_all_kinds(tmp_path: Path) -> None:
    assert_same(read_mindspore(write_checkpoint(tmp_path / "model.ckpt", TENSORS)), TENSORS)


def test_tensors_split_over_several_values(tmp_path: Path) -> None:
    assert_same(read_mindspore(write(tmp_path, checkpoint(TENSORS, most_bytes=20))), TENSORS)


def test_prefix_of_training_is_left_out(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "model.ckpt", {f"network.{name}": tensor for name, tensor in TENSORS.items()})
    assert_same(read_mindspore(path), TENSORS)


def test_trailing_check_sum_is_tolerated(tmp_path: Path) -> None:
    content = checkpoint(TENSORS) + b"crc_num" + bytes(range(10))
    assert_same(read_mindspore(write(tmp_path, content)), TENSORS)


def test_scalars_of_older_versions(tmp_path: Path) -> None:
    content = value("rate", "Float32", (0,), np.float32(0.25).tobytes())
    found = read_mindspore(write(tmp_path, content))["rate"]
    assert found.shape == ()
    assert found == 0.25


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    numbers = np.array([1.5, -2.0, 3.0e20], np.float32)
    halves = (numbers.view(np.uint32) >> 16).astype("<u2")
    found = read_mindspore(write(tmp_path, value("weight", "BFloat16", (3,), halves.tobytes())))["weight"]
    np.testing.assert_allclose(found, numbers, rtol=0.01)


def test_entries_of_no_number_type_are_left_out(tmp_path: Path) -> None:
    content = value("random_op", "str", (), b"{}") + checkpoint(TENSORS)
    assert_same(read_mindspore(write(tmp_path, content)), TENSORS)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_truncated_file(tmp_path: Path, kept: float) -> None:
    content = checkpoint({"weight": TENSORS["weight"]})
    path = write(tmp_path, content[: int(len(content) * kept)])
    with pytest.raises(CheckpointError, match=r"model\.ckpt is truncated or corrupt.*copy it again"):
        read_mindspore(path)


def test_content_that_does_not_fill_the_shape(tmp_path: Path) -> None:
    path = write(tmp_path, value("weight", "Float32", (5,), bytes(16)))
    with pytest.raises(CheckpointError, match=r"model\.ckpt.*weight has 16 bytes for Float32 of shape \(5,\)"):
        read_mindspore(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x0a\x80", id="half a size"),
        pytest.param(b"\x0a" + b"\xff" * 12, id="endless size"),
        pytest.param(b"\x0a\x00", id="empty value"),
        pytest.param(b"\x0a\x02\x12\x00", id="no name"),
        pytest.param(b"\x0a\x02\x08\x01", id="name is a number"),
        pytest.param(b"\x0a\x03\x0a\x01\xff", id="name is not UTF-8"),
        pytest.param(b"\x0a\x02\x0b\x00", id="unknown kind of field"),
    ],
)
def test_corrupt_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"model\.ckpt is truncated or corrupt"):
        read_mindspore(write(tmp_path, content))


def test_encrypted_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model\.ckpt is encrypted.*enc_key"):
        read_mindspore(write(tmp_path, b"\xd8\x5e\x3a\x7f" + bytes(60)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip file", b"\x80\x02 a pickle"])
def test_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"model\.ckpt is not a MindSpore checkpoint"):
        read_mindspore(write(tmp_path, content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.ckpt cannot be read"):
        read_mindspore(tmp_path / "none.ckpt")
