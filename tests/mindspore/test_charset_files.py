"""Files that list characters: of FSNS' kind, and the original's."""

import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import CharsetError
from crnn_seq2seq_ocr.mindspore.charset_files import read_charset_file, read_general_chars
from crnn_seq2seq_ocr.text import FSNS_CHARSET, UNASSIGNED, Tokenizer

GOLDEN_METRICS = Path(__file__).parents[1] / "fixtures" / "golden_metrics.json"


@pytest.fixture
def fsns_file(tmp_path) -> Path:
    """The set's own file made anew: the variants in its order, the filling second."""
    lines = ["0\t ", "133\t<nul>"]
    for number, character in enumerate(FSNS_CHARSET[1:], 1):
        for shown in {"'": "’'‘", '"': '"“”', "-": "-—"}.get(character, character):
            lines.append(f"{number}\t{shown}")
    path = tmp_path / "charset_size=134.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_fsns_charset_with_its_shared_ids(fsns_file):
    assert read_charset_file(fsns_file) == FSNS_CHARSET


def test_order_and_line_ends_do_not_matter(fsns_file):
    lines = fsns_file.read_text(encoding="utf-8").splitlines()
    fsns_file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(reversed(lines)).encode())
    assert read_charset_file(fsns_file) == FSNS_CHARSET


def test_an_id_that_is_left_out_is_unassigned(tmp_path):
    (tmp_path / "charset").write_text("3\td\n0\ta\n1\t<nul>\n")
    assert read_charset_file(tmp_path / "charset") == f"a{UNASSIGNED}{UNASSIGNED}d"


@pytest.mark.parametrize(
    ("content", "message"),
    [("0\ta\nb\n", "charset:2: 'b' is not an id, a tab and a character"), ("x\ta\n", "charset:1: "),
     ("0\ta\n\n0\tb\n", r"charset:3: id 0 stands for 'a' \(U\+0061 .* and for 'b'"),
     ("0\tab\n", "charset:1: 'ab' is not one"),
     ("0\ta\n1\ta\n", r"charset: the charset holds 'a' .* more than once"),
     ("0\t<nul>\n", "holds no characters"), ("", "holds no characters"), ("99999999999\ta", "charset:1")],
)  # fmt: skip
def test_charset_files_that_are_wrong(tmp_path, content, message):
    (tmp_path / "charset").write_text(content)
    with pytest.raises(CharsetError, match=message):
        read_charset_file(tmp_path / "charset")


def test_charset_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CharsetError, match=r"cannot read the charset .*absent"):
        read_charset_file(tmp_path / "absent")
    (tmp_path / "latin").write_bytes(b"0\t\xe9\n")
    with pytest.raises(CharsetError, match=r"not UTF-8 \(byte 2\)"):
        read_charset_file(tmp_path / "latin")


@pytest.fixture(scope="module")
def vocabulary() -> dict:
    return json.loads(GOLDEN_METRICS.read_text(encoding="utf-8"))["vocabulary"]


def general_chars(vocabulary: dict, tmp_path: Path) -> Path:
    """A list with the original's number of entries and the entries that are known of it in their places."""
    known = {number: entry for entry, number in vocabulary["ids"].items() if number is not None and entry != " "}
    others = (chr(code) for code in range(0xAC00, 0xD7A4))
    entries = [known.get(number) or next(others) for number in range(vocabulary["file_entries"])]
    path = tmp_path / "general_chars.txt"
    path.write_text("\n".join(entries) + "\n", encoding="utf-8")
    return path


def test_ids_of_the_originals_list(vocabulary, tmp_path):
    tokenizer = Tokenizer(read_general_chars(general_chars(vocabulary, tmp_path)))
    assert len(tokenizer) == vocabulary["len_rev"] == 10_000
    for entry, number in vocabulary["ids"].items():
        if len(entry) > 1:
            continue  # the special ids are the tokenizer's own
        if number is None:
            assert tokenizer.unknown(entry) == [entry]
        else:
            assert tokenizer.encode(entry)[0] == number
            assert tokenizer.character(number) == entry
    empty = [number for number in range(4, len(tokenizer)) if not tokenizer.character(number)]
    assert len(empty) == vocabulary["n_empty"]
    assert set(vocabulary["empty_ids"]) <= set(empty)


@pytest.mark.parametrize(
    ("entries", "message"),
    [(["a", "b"], "must begin with the lines _PAD, _GO, _EOS, _UNK"),
     (["_PAD", "_GO", "_EOS", "_UNK", "ab"], ":5: 'ab'"),
     (["_PAD", "_GO", "_EOS", "_UNK", *map(chr, range(0xAC00, 0xAC00 + 9996))],
      "10,000 entries, 10,000 classes leave room for 9,999: give the list"),
     (["_PAD", "_GO", "_EOS", "_UNK", "b", "b"], r"list\.txt: the charset holds 'b' .* more than once")],
)  # fmt: skip
def test_lists_that_are_not_the_originals(tmp_path, entries, message):
    (tmp_path / "list.txt").write_text("\n".join(entries))
    with pytest.raises(CharsetError, match=message):
        read_general_chars(tmp_path / "list.txt")


def test_a_blank_line_of_the_list_keeps_its_id(tmp_path):
    (tmp_path / "list.txt").write_text("_PAD\n_GO\n_EOS\n_UNK\na\n\nb\n")
    tokenizer = Tokenizer(read_general_chars(tmp_path / "list.txt"))
    assert [tokenizer.character(number) for number in (4, 5, 6, 9999)] == ["a", "", "b", " "]


def test_a_list_for_another_number_of_classes(tmp_path):
    """As a checkpoint has that was trained with another list: the space is the last id."""
    (tmp_path / "list.txt").write_bytes("\ufeff_PAD\r\n_GO\r\n_EOS\r\n_UNK\r\n0\r\nÉ\r\nz\r\n".encode())
    tokenizer = Tokenizer(read_general_chars(tmp_path / "list.txt", classes=50))
    assert len(tokenizer) == 50
    assert tokenizer.encode("É 0z") == [5, 49, 4, 6, 2]
    assert tokenizer.decode([5, 7, 48, 49, 2]) == "É "
    read_general_chars(tmp_path / "list.txt", classes=8)
    with pytest.raises(CharsetError, match=r"list\.txt has 7 entries, 7 classes leave room for 6"):
        read_general_chars(tmp_path / "list.txt", classes=7)
