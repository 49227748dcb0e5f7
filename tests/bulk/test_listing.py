"""Lists of what is to be read."""

import io
import itertools
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.bulk.listing import Entries, Listing, Names, listed_files, read_listing
from crnn_seq2seq_ocr.bulk.shard import Shard
from crnn_seq2seq_ocr.errors import DataError


def written(folder: Path, content: bytes) -> str:
    path = folder / "list.txt"
    path.write_bytes(content)
    return str(path)


def names(entries: Listing | Entries) -> list[str]:
    return [entry.name for entry in entries]


def test_one_text_a_line_with_its_views_relative_to_the_list(tmp_path: Path) -> None:
    name = written(tmp_path, b"\xef\xbb\xbfa b.png\r\n\n  \n/x/c.png | sub/d.png \n\xff.png")
    listing = read_listing(name)
    assert names(listing) == names(listing) == ["a b.png", "/x/c.png | sub/d.png", "\udcff.png"]
    files = [
        [str(tmp_path / "a b.png")], ["/x/c.png", str(tmp_path / "sub" / "d.png")], [str(tmp_path / "\udcff.png")],
    ]  # fmt: skip
    assert [entry.open() for entry in listing] == files
    assert list(listed_files(name)) == list(itertools.chain.from_iterable(files))


def test_standard_input_is_relative_to_the_working_folder_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a.png\nb.png|c.png\n\udcff\n"))
    listing = read_listing("-")
    for _ in range(2):
        assert [entry.open() for entry in listing] == [["a.png"], ["b.png", "c.png"], ["\udcff"]]
    assert [names(part) for part in listing.entries.split(2)] == [["a.png", "b.png|c.png"], ["\udcff"]]


def test_arguments_are_files_as_they_are() -> None:
    (entry,) = Names(["a|b.png"])
    assert (entry.name, entry.open()) == ("a|b.png", ["a|b.png"])


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


def test_a_shard_has_its_own_lines(tmp_path: Path) -> None:
    listing = read_listing(written(tmp_path, b"a\n\nb\nc\n"))
    (entry,) = listing.part(Shard(2, 2))
    assert entry.open() == [str(tmp_path / "b")]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_parts_of_a_list_are_one_after_the_other(tmp_path: Path, size: int) -> None:
    every = list("abcde")
    listed = read_listing(written(tmp_path, b"\xef\xbb\xbf\n a\n\n\nb\r\nc\n \nd\ne")).entries
    for entries in (listed, Names(every)):
        parts = [names(part) for part in entries.split(size)]
        assert list(itertools.chain.from_iterable(parts)) == every
        assert all(len(part) == size for part in parts[:-1])
        assert 1 <= len(parts[-1]) <= size


def test_a_list_is_known_by_what_it_says(tmp_path: Path) -> None:
    first, same, other = (
        read_listing(written(folder, content)).entries.identity()
        for folder, content in ((tmp_path, b"a\n"), (tmp_path, b"a\n"), (tmp_path, b"a\nb\n"))
    )
    assert first == same != other
