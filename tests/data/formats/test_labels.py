"""Lists of pictures and texts: the three kinds, headers, choices, encodings, and lines that are wrong."""

import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.formats.labels import Label, decode, read_labels
from crnn_seq2seq_ocr.errors import DataError


def listed(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


EXPECTED = [Label(("a.png",), "Rue d'Été, 3", 1), Label(("b/b.png", "c.png"), 'Allée "B"', 2)]


@pytest.mark.parametrize(
    ("name", "content", "shift"),
    [
        ("x.tsv", "a.png\tRue d'Été, 3\nb/b.png|c.png\tAllée \"B\"\n", 0),
        ("x.tsv", "a.png\tRue d'Été, 3\r\nb/b.png|c.png\tAllée \"B\"", 0),
        ("x.TSV", "file\ttext\na.png\tRue d'Été, 3\nb/b.png|c.png\tAllée \"B\"\n", 1),
        ("x.csv", 'a.png,"Rue d\'Été, 3"\nb/b.png|c.png,"Allée ""B"""\n', 0),
        ("x.csv", 'Label,Other,Image\r\n"Rue d\'Été, 3",,a.png\r\n"Allée ""B""",7,b/b.png|c.png\r\n', 1),
        ("x.jsonl", '{"file": "a.png", "text": "Rue d\'Été, 3", "n": 1}\n{"image": ["b/b.png", "c.png"], '
         '"label": "All\\u00e9e \\"B\\""}\n', 0),
    ],
)  # fmt: skip
def test_all_kinds_and_headers(tmp_path, name, content, shift):
    read = read_labels(listed(tmp_path, name, content))
    assert read == [label._replace(line=label.line + shift) for label in EXPECTED]


def test_texts_are_nfc_and_otherwise_untouched(tmp_path):
    content = 'a.png\t  Rue  E\N{COMBINING ACUTE ACCENT} "x" ‘ \nb.png\t\n'
    texts = [label.text for label in read_labels(listed(tmp_path, "x.tsv", content))]
    assert texts == ['  Rue  É "x" ‘ ', ""]


def test_characters_that_look_like_line_ends_are_text(tmp_path):
    text = "a\N{LINE SEPARATOR}b\x85c\x0bd"
    for name, content in (("x.tsv", f"a.png\t{text}\n"), ("x.csv", f"a.png,{text}\n"),
                          ("x.jsonl", json.dumps({"file": "a", "text": text}, ensure_ascii=False))):  # fmt: skip
        assert read_labels(listed(tmp_path, name, content))[0].text == text


def test_blank_lines_are_left_out_but_counted(tmp_path):
    for name, content in (("x.tsv", "\na\tA\n\n \nb\tB\n\n"), ("x.csv", "\na,A\n\n \nb,B\n\n"),
                          ("x.jsonl", '\n{"file":"a","text":"A"}\n\n \n{"file":"b","text":"B"}\n')):  # fmt: skip
        assert [label.line for label in read_labels(listed(tmp_path, name, content))] == [2, 5]


def test_a_text_of_several_lines_in_csv_keeps_the_count(tmp_path):
    labels = read_labels(listed(tmp_path, "x.csv", 'a,"A\nA"\nb,B\n'))
    assert [(label.text, label.line) for label in labels] == [("A\nA", 1), ("B", 3)]


# --- choices --------------------------------------------------------------------------------------

COLUMNS = "path\ttext\ttext_with_case\tpart\na\tA\tAa\ttrain\nb\tB\tBb\ttest\nc\tC\tCc\ttest\n"


def test_rows_and_the_column_of_the_text_can_be_chosen(tmp_path):
    path = listed(tmp_path, "x.tsv", COLUMNS)
    assert [label.files[0] for label in read_labels(path, only={"part": "test"})] == ["b", "c"]
    assert [label.text for label in read_labels(path, text_column="text_with_case")] == ["Aa", "Bb", "Cc"]
    assert [label.text for label in read_labels(path, only={"part": "test", "text": "C"})] == ["C"]


def test_choices_in_json(tmp_path):
    path = listed(tmp_path, "x.jsonl", '{"file":"a","text":"A","n":3}\n{"file":"b","text":"B"}\n')
    assert [label.text for label in read_labels(path, only={"n": "3"})] == ["A"]
    with pytest.raises(DataError, match=r"with n '4' \(that column holds '3', 'null'\)"):
        read_labels(path, only={"n": "4"})


def test_choices_that_cannot_be(tmp_path):
    path = listed(tmp_path, "x.tsv", COLUMNS)
    with pytest.raises(DataError, match=r"no column 'parts' \(did you mean 'part'\?\); it has path, text"):
        read_labels(path, only={"parts": "test"})
    with pytest.raises(DataError, match=r"with part 'tset' \(that column holds 'test', 'train'\)"):
        read_labels(path, only={"part": "tset"})
    with pytest.raises(DataError, match="no column 'case'"):
        read_labels(path, text_column="case")
    with pytest.raises(DataError, match="has no header line"):
        read_labels(listed(tmp_path, "y.tsv", "a\tA\n"), text_column="text")


# --- encodings ------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_text(tmp_path):
    for name, content in (("x.tsv", "file\ttext\na\tA"), ("x.csv", "a,A"), ("x.jsonl", '{"file":"a","text":"A"}')):
        assert read_labels(listed(tmp_path, name, b"\xef\xbb\xbf" + content.encode()))[0].files == ("a",)


def test_other_encodings_name_line_and_byte(tmp_path):
    path = listed(tmp_path, "x.tsv", b"a\tA\nb\tRue \xe9mile\n")
    with pytest.raises(DataError, match=r"x\.tsv:2: not UTF-8: byte 7 of the line is 0xE9; save the file as UTF-8"):
        read_labels(path)
    with pytest.raises(DataError, match=r"x\.tsv:1: not UTF-8: byte 1 of the line is 0xFF"):
        read_labels(listed(tmp_path, "x.tsv", "a\tA\n".encode("utf-16")))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*absent\.tsv: No such file"):
        decode(tmp_path / "absent.tsv")


# --- lines that are wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", "a\tA\nb\n", r"x\.tsv:2: 1 column where there must be a file and a text"),
        ("x.tsv", "file\ttext\na\tA\tB\n", r"x\.tsv:2: 3 columns where the header has 2 \(file, text\)"),
        ("x.tsv", "file\tother\na\tA\n", r"x\.tsv:2: no text \(a column text, label"),
        ("x.tsv", "file\ttext\n\tA\n", r"x\.tsv:2: no file \(a column file, path"),
        ("x.tsv", "a||b\tA\n", r"x\.tsv:1: no file"),
        ("x.csv", 'a,A\nb,"B\n', r"x\.csv:2: not CSV: unexpected end"),
        ("x.csv", 'a,"A"B\n', r"x\.csv:1: not CSV"),
        ("x.jsonl", '{"file": "a", "text": "A"}\n{"file": ', r"x\.jsonl:2: not JSON: Expecting value"),
        ("x.jsonl", '["a", "A"]\n', r"x\.jsonl:1: not a JSON object"),
        ("x.jsonl", '{"file": "a", "text": 3}\n', r"x\.jsonl:1: no text"),
        ("x.jsonl", '{"file": ["a", 3], "text": "A"}\n', r"x\.jsonl:1: no file"),
        ("x.jsonl", '{"file": [], "text": "A"}\n', r"x\.jsonl:1: no file"),
        ("x.jsonl", '{"file": "a", "text": "\\ud83d"}\n', r"x\.jsonl:1: the text holds half a character"),
        ("x.tsv", "file\ttext\tviews\na\tA\tmany\n", r"x\.tsv:2: views must be a whole number of 1 or more"),
        ("x.tsv", "", r"x\.tsv lists no pictures"),
        ("x.tsv", "file\ttext\n", r"x\.tsv lists no pictures"),
    ],
)
def test_wrong_lines_are_named(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_labels(listed(tmp_path, name, content))


def test_the_first_wrong_lines_are_listed_together(tmp_path):
    path = listed(tmp_path, "x.tsv", "good\tA\n" + "bad\n" * 8)
    with pytest.raises(DataError) as caught:
        read_labels(path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == [f"{path}:{line}" for line in range(2, 7)]
    assert lines[-1] == "and 3 more"
