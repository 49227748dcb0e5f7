"""Whatever lies in a folder of pictures: reading, evaluation and checking go on to the end."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_seq2seq_ocr.data.check import check_source
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.pictures import encode_picture


@pytest.mark.parametrize("format", ["AVIF", "DDS", "SPIDER", "PSD"])
def test_a_broken_file_of_another_format_is_one_bad_sample(tmp_path: Path, format: str) -> None:
    file = io.BytesIO()
    image = Image.new("RGB", (40, 30), "red")
    if format == "PSD":
        file.write(b"8BPS\0\1" + bytes(200))
    else:
        (image.convert("F") if format == "SPIDER" else image).save(file, format)
    (tmp_path / "broken.png").write_bytes(file.getvalue()[: len(file.getvalue()) * 2 // 3])
    (tmp_path / "whole.png").write_bytes(
        encode_picture(np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8))
    )
    (tmp_path / "labels.tsv").write_text("file\ttext\nbroken.png\tabc\nwhole.png\tabc\n")
    report = check_source(Folder(tmp_path), charset="abc", max_length=20)
    assert [(each.name, each.reason) for each in report.problems] == [("broken.png", "unreadable picture")]
