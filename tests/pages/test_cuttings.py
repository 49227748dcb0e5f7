from pathlib import Path

import cv2
import pytest

from crnn_seq2seq_ocr import DataError, PageReader, Reader, open_source
from crnn_seq2seq_ocr.pages.cuttings import prepare_folder, write_crops
from crnn_seq2seq_ocr.pages.values import failed_page
from tests.pages.conftest import draw, turned


def test_lines_become_a_data_set(words: Reader, tmp_path: Path) -> None:
    drawn = turned(draw([("Open every day", 40, 40), ("closed on Sunday", 40, 90)]), 1)
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), drawn.pixels)
    folder = tmp_path / "crops"
    prepare_folder(folder)
    pages = [*PageReader(drawn, words).read([photo]), failed_page("x.png", DataError("it is broken"))]
    done = write_crops(pages, folder)
    assert (done.pages, done.crops, done.failed) == (1, 2, ["it is broken"])
    header, *rows = [line.split("\t") for line in (folder / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    assert header == ["file", "text", "confidence", "page"]
    assert [float(row[2]) for row in rows] == sorted(float(row[2]) for row in rows)
    source = open_source(str(folder))
    assert sorted(source[number].text for number in range(len(source))) == ["Open every day", "closed on Sunday"]
    assert {reading.text for reading in words.read(sorted(folder.glob("*.jpg")))} == {
        "Open every day", "closed on Sunday"
    }  # fmt: skip


def test_labels_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("corrected")
    with pytest.raises(DataError, match="is there already"):
        prepare_folder(tmp_path)
