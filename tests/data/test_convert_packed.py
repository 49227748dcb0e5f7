"""Any source as LMDB, Parquet or WebDataset and back; several pictures; going on where it stopped."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from crnn_seq2seq_ocr.cli import app
from crnn_seq2seq_ocr.data.check import check_source
from crnn_seq2seq_ocr.data.convert_packed import convert_to_lmdb, convert_to_shards
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError


def picture(shade: int) -> bytes:
    return cv2.imencode(".png", np.full((8, 24, 3), shade, np.uint8))[1].tobytes()


@pytest.fixture
def mine(tmp_path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(40 * number))
    rows = ["0.png\tRue d'Été", "1.png\tB", "2.png|3.png\ttwo", "4.png\t ", "4.png\t5", "absent.png\t6"]
    (folder / "labels.tsv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def read(place: Path) -> list[tuple[str, tuple]]:
    source = open_source(str(place))
    return [(source[index].text, source[index].images) for index in range(len(source))]


@pytest.mark.parametrize("target", ["lmdb", "parquet", "webdataset", "tfrecord", "folder"])
def test_every_target_is_written_by_the_command_line_checked_and_read_again(mine, tmp_path, target):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["data", "convert", str(mine), str(out), "--to", target])
    assert done.exit_code == 1  # some were left out, each is named
    assert "left out: 4.png: the text is empty" in done.output
    assert "absent.png" in done.output
    several = target not in ("lmdb", "parquet")
    assert f"{out}: {4 if several else 3} of 6 samples" in done.output
    assert ("2.png: it has 2 pictures, this layout takes one" in done.output) != several
    back = read(out)
    assert [text for text, _ in back] == (["Rue d'Été", "B", "two", "5"] if several else ["Rue d'Été", "B", "5"])
    assert back[0][1] == (picture(0),)
    assert back[-1][1] == (picture(160),)
    report = check_source(open_source(str(out)))
    assert (report.samples, report.sound) == (len(back), True)


@pytest.mark.parametrize("to", ["parquet", "webdataset"])
def test_shards_and_processes(mine, tmp_path, to):
    (mine / "labels.tsv").write_text("\n".join(f"{number % 5}.png\tt{number}" for number in range(40)))
    for workers, out in ((0, tmp_path / "a"), (1, tmp_path / "b")):
        done = convert_to_shards(open_source(str(mine)), out, to=to, shards=3, split="test", workers=workers)
        assert [path.name.partition(".")[0] for path in done.paths] == [f"test-0000{n}-of-00003" for n in range(3)]
        assert [text for text, _ in read(out)] == [f"t{number}" for number in range(40)]
    assert read(tmp_path / "a") == read(tmp_path / "b")


class Breaking:
    """2,500 texts; past a number it stops the conversion."""

    description = "drawn for a test"
    faults: list[str] = []  # noqa: RUF012

    def __init__(self, breaks_at: int = 10_000) -> None:
        self.breaks_at = breaks_at

    def __len__(self) -> int:
        return 2500

    def __getitem__(self, index: int) -> Sample:
        if index >= self.breaks_at:
            raise KeyboardInterrupt
        if index % 1000 == 7:
            raise DataError("lost")
        return Sample(str(index), (picture(index % 256),), f"t{index}")

    def text(self, index: int) -> str:
        return f"t{index}"


def test_an_lmdb_goes_on_where_it_stopped_without_a_gap(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert_to_lmdb(Breaking(1500), tmp_path)
    done = convert_to_lmdb(Breaking(), tmp_path)
    assert (done.written, len(done.failures)) == (2497, 3)
    source = open_source(str(tmp_path))
    wanted = [f"t{index}" for index in range(2500) if index % 1000 != 7]
    assert [source.text(index) for index in range(len(source))] == wanted
    assert source[2000].images == (picture(int(wanted[2000][1:]) % 256),)


def test_an_lmdb_that_was_deleted_is_written_anew_and_another_is_refused(tmp_path):
    convert_to_lmdb(Breaking(), tmp_path)
    (tmp_path / "data.mdb").unlink()
    assert convert_to_lmdb(Breaking(), tmp_path).written == 2497
    with pytest.raises(DataError, match="holds a conversion of another source"):
        convert_to_lmdb(Breaking(), tmp_path, format="jpg")
