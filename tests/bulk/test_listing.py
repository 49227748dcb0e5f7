"""Lists of what is to be read."""

import io
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.bulk.listing import Listing, read_listing
from crnn_seq2seq_ocr.bulk.shard import Shard
from crnn_seq2seq_ocr.errors import DataError


def written(folder: Path, content: bytes) -> str:
    path = folder / "list.txt"
    path.write_bytes(content)
    return str(path)


def test_one_text_a_line_with_its_views_relative_to_the_list(tmp_path: Path) -> None:
    listing = read_listing(written(tmp_path, b"\xef\xbb\xbfa b.png\r\n\n  \n/x/c.png | sub/d.png \n\xff.png"))
    assert listing.entries == ["a b.png", "/x/c.png | sub/d.png", "\udcff.png"]
    assert [listing.files(entry) for entry in listing.entries] == [
        [str(tmp_path / "a b.png")], ["/x/c.png", str(tmp_path / "sub" / "d.png")], [str(tmp_path / "\udcff.png")],
    ]  # fmt: skip
    assert len(listing) == 3


def test_standard_input_is_relative_to_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a.png\nb.png|c.png\n"))
    listing = read_listing("-")
    assert [listing.files(entry) for entry in listing.entries] == [["a.png"], ["b.png", "c.png"]]


def test_arguments_are_files_as_they_are() -> None:
    assert Listing(["a|b.png"]).files("a|b.png") == ["a|b.png"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n \n", "lists no pictures: write one path a line"),
        (b"\x89PNG\r\n\x1a\n\0\0", r"list.txt:3: not a path: give a text file"),
        (b"a.png\na.png||b.png\n", r"list.txt:2: a path is missing beside '\|' in 'a.png\|\|b.png'"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_listing(written(tmp_path, content))


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the list .*none.txt: No such file"):
        read_listing(str(tmp_path / "none.txt"))


def test_parts_keep_the_folder() -> None:
    part = Listing(["a", "b", "c"], Path("x")).part(Shard(2, 2))
    assert (part.entries, part.folder) == (["b"], Path("x"))
