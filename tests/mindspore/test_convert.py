"""Models of the original become model folders that read."""

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.errors import CharsetError, CheckpointError, StorageError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.mindspore.convert import import_mindspore
from tests.model import original
from tests.model.checkpoint_file import training_checkpoint, write_checkpoint
from tests.model.original import SMALL


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network of 50 classes, as the original's training saves it."""
    tensors = training_checkpoint(original.ascend_layout(SMALL))
    return write_checkpoint(tmp_path_factory.mktemp("original") / "crnn-3_12.ckpt", tensors)


def write_characters(path: Path, count: int) -> Path:
    characters = "".join(map(chr, range(0x41, 0x41 + count)))
    path.write_text("".join(f"{entry}\n" for entry in ["_PAD", "_GO", "_EOS", "_UNK", *characters]), encoding="utf-8")
    return path


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    return write_characters(tmp_path / "general_chars.txt", 40)


def test_the_model_folder_reads(checkpoint: Path, characters: Path, tmp_path: Path) -> None:
    import_mindspore(checkpoint, charset=characters, out=tmp_path / "out")
    strip = (original.strips(SMALL)[0].transpose(1, 2, 0) * 127.5 + 127.5).round().astype(np.uint8)
    reading = Reader.load(tmp_path / "out").read([strip])[0]
    assert reading.error is None
    assert reading.attention is not None
    assert reading.attention.shape[1:] == (1, 1, 16)
    possible = {*map(chr, range(0x41, 0x41 + 40)), " ", "", "\N{REPLACEMENT CHARACTER}"}
    assert {each.text for each in reading.characters} <= possible


def test_the_weights_are_the_originals(checkpoint: Path, characters: Path, tmp_path: Path) -> None:
    description = import_mindspore(checkpoint, charset=characters, out=tmp_path / "out")
    recognizer, loaded = load_model(tmp_path / "out")
    assert loaded == description
    assert (loaded.name, loaded.max_length, len(loaded.charset), loaded.charset[-1]) == ("crnn-3_12", 14, 46, " ")
    images = torch.stack(torch.from_numpy(original.strips(SMALL)).chunk(4, 3), 1)
    with torch.no_grad():
        cells = recognizer.encode(images, torch.ones(2, 4, dtype=torch.bool)).cells
    np.testing.assert_allclose(cells.transpose(0, 1).numpy(), SMALL.load()["encoder"], rtol=0, atol=5e-5)


@pytest.mark.parametrize("kept", [0, 1, 1000, -1])
def test_a_truncated_checkpoint(checkpoint: Path, characters: Path, tmp_path: Path, kept: int) -> None:
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(checkpoint.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"cut\.ckpt"):
        import_mindspore(cut, charset=characters, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_list_of_characters(checkpoint: Path, tmp_path: Path) -> None:
    longer = write_characters(tmp_path / "chars.txt", 46)
    with pytest.raises(CharsetError, match=r"chars\.txt has 50 entries, 50 classes leave room for 49"):
        import_mindspore(checkpoint, charset=longer, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_stays(checkpoint: Path, characters: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    out.mkdir() if kind == "folder" else out.touch()
    with pytest.raises(StorageError, match="out is there already: name a new folder"):
        import_mindspore(checkpoint, charset=characters, out=out)
