"""Tar and Parquet files as what is to be read."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.formats.arrow import write_parquet
from crnn_seq2seq_ocr.data.formats.webdataset import write_tar
from tests.cli.conftest import Command
from tests.cli.test_read_many import rows
from tests.conftest import TEXTS


@pytest.fixture
def tar(pictures: Path, tmp_path: Path) -> Path:
    """The twelve pictures without texts, and a sample without a picture."""
    path = tmp_path / "in" / "x.tar"
    path.parent.mkdir()
    files = sorted(pictures.glob("*.png"))
    write_tar(path, [*((file.stem, {"png": file.read_bytes()}) for file in files), ("none", {"txt": b"ab"})])
    return path


def test_a_tar_is_the_pictures_in_it(command: Command, trained: Path, tar: Path, tmp_path: Path) -> None:
    output = tmp_path / "readings.jsonl"
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"no tar")
    arguments = ("read", trained, tar, broken, tmp_path / "absent.tar", "--output", output)
    answer = command(*arguments)
    assert answer.status == 1
    assert answer.out.startswith(f"{output}: 15 of 15 texts, 15 of them now, 3 of them failed")
    found = rows(output)
    assert [row["name"] for row in found[:12]] == [f"{tar}#{number:03d}" for number in range(12)]
    assert [row["text"] for row in found[:12]] == TEXTS
    assert [row["name"] for row in found[12:]] == [f"{tar}#none", str(broken), str(tmp_path / "absent.tar")]
    assert "the sample has no picture" in found[12]["error"]
    assert "is no tar file" in found[13]["error"]
    assert "check the path" in found[14]["error"]
    assert "15 of 15 texts, 0 of them now" in command(*arguments).out


def test_a_parquet_file_without_texts_is_printed(
    command: Command,
    trained: Path,
    pictures: Path,
    tmp_path: Path,
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet files need PyArrow")
    path = tmp_path / "x.parquet"
    files = sorted(pictures.glob("*.png"))
    write_parquet(path, [(file.read_bytes(), file.name, "never read", None) for file in files])
    parquet.write_table(parquet.read_table(path).select(["image"]), path)
    answer = command("read", trained, path, files[0])
    assert answer.status == 0
    names = [*(f"{path}#{number}" for number in range(12)), str(files[0])]
    assert [line.split("\t")[:2] for line in answer.out.splitlines()] == [
        [name, text] for name, text in zip(names, [*TEXTS, TEXTS[0]], strict=True)
    ]
