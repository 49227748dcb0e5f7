"""Packed files beside others."""

from pathlib import Path

from crnn_seq2seq_ocr.bulk.listing import Listing
from crnn_seq2seq_ocr.bulk.packed import Pictures
from crnn_seq2seq_ocr.data.formats.webdataset import write_tar


def test_a_packed_file_is_a_part(tmp_path: Path) -> None:
    tar = tmp_path / "x.tar"
    write_tar(tar, [(str(number), {"png": b"x"}) for number in range(5)])
    entries = Pictures(["a.png", "b.png", "c.png", str(tar), "d.png"])
    parts = [[entry.name for entry in part] for part in entries.split(2)]
    assert parts == [["a.png", "b.png"], ["c.png"], [f"{tar}#{number}" for number in range(5)], ["d.png"]]
    assert [entry.name for entry in Listing(entries)] == [name for part in parts for name in part]
