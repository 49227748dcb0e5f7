"""Files that are cut short while they are mapped into memory: an error that names them, not the end of the process."""

import os
import shutil
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.convert import convert_to_tfrecord
from crnn_seq2seq_ocr.data.convert_packed import convert_to_shards
from crnn_seq2seq_ocr.data.mapped import MappedFile
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import RecordError
from tests.conftest import TEXTS, write_folder

MINDRECORD = Path(__file__).parent.parent / "fixtures" / "mindrecord_small" / "train"


@pytest.fixture(params=["tfrecord", "webdataset", "mindrecord"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data set of one kind."""
    out = tmp_path / "packed"
    if request.param == "mindrecord":
        shutil.copytree(MINDRECORD, out)
        return out
    source = open_source(str(write_folder(tmp_path / "data", TEXTS)))
    if request.param == "tfrecord":
        convert_to_tfrecord(source, out, charset="abc")
    else:
        convert_to_shards(source, out, to="webdataset")
    return out


def test_a_shard_that_is_cut_short_is_named(packed: Path) -> None:
    source = open_source(str(packed))
    source[0], source.text(0)  # mapped now
    for shard in packed.iterdir():
        if shard.suffix != ".db" and not shard.name.startswith("."):
            os.truncate(shard, 4096 if shard.stat().st_size > 8192 else 10)
    for read in (source.__getitem__, source.text):
        with pytest.raises(
            RecordError, match=r"was cut short since it was opened, from [\d,]+ to [\d,]+ bytes: fetch or"
        ):
            read(0)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    file = MappedFile(tmp_path / "a")
    assert (len(file), bytes(file.view(0, 5))) == (0, b"")
