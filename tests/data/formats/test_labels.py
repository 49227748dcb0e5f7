"""Lists of pictures and texts: the three kinds, headers, choices, encodings, and lines that are wrong."""

import json
from pathlib import Path

import numpy as np
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
    read = list(read_labels(listed(tmp_path, name, content)))
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
    for name, content in (("x.tsv", "\na.png\tA\n\n \nb\tB\n\n"), ("x.csv", "\na.png,A\n\n \nb,B\n\n"),
                          ("x.jsonl", '\n{"file":"a","text":"A"}\n\n \n{"file":"b","text":"B"}\n')):  # fmt: skip
        assert [label.line for label in read_labels(listed(tmp_path, name, content))] == [2, 5]


def test_a_text_of_several_lines_in_csv_keeps_the_count(tmp_path):
    labels = read_labels(listed(tmp_path, "x.csv", 'a.png,"A\nA"\nb,B\n'))
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
        read_labels(listed(tmp_path, "y.tsv", "a.png\tA\n"), text_column="text")


# --- encodings ------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_text(tmp_path):
    for name, content in (
        ("x.tsv", "file\ttext\na\tA"),
        ("x.csv", "file,text\na,A"),
        ("x.jsonl", '{"file":"a","text":"A"}'),
    ):
        assert read_labels(listed(tmp_path, name, b"\xef\xbb\xbf" + content.encode()))[0].files == ("a",)


def test_what_spreadsheets_save_is_recognised_and_said(tmp_path):
    content = "image;label\r\na.png;Rue Émile, 3 €\r\n"
    for encoding, said in (
        ("cp1252", ["taken for Windows-1252, for it is not UTF-8", "Windows line ends", "semicolons"]),
        ("utf-8-sig", ["a byte order mark", "Windows line ends", "semicolons"]),
        ("utf-16", ["UTF-16", "semicolons"]),
    ):
        labels = read_labels(listed(tmp_path, "x.csv", content.encode(encoding)))
        assert list(labels) == [Label(("a.png",), "Rue Émile, 3 €", 2)]
        assert labels.notes == said
    assert read_labels(listed(tmp_path, "x.csv", "a.png,A\n")).notes == []
    assert read_labels(listed(tmp_path, "x.csv", "a.png\tA,B\n"))[0].text == "A,B"


def test_other_encodings_name_line_and_byte(tmp_path):
    path = listed(tmp_path, "x.tsv", b"a.png\tA\nb\tRue \xe9mile\x81\n")
    with pytest.raises(DataError, match=r"x\.tsv:2: not UTF-8: byte 7 of the line is 0xE9; save the file as UTF-8"):
        read_labels(path)
    with pytest.raises(DataError, match=r"x\.tsv:2: not UTF-8: byte 7 of the line is 0xE9"):
        decode(path)
    with pytest.raises(DataError, match=r"x\.tsv is not whole UTF-16"):
        read_labels(listed(tmp_path, "x.tsv", "a\tA\n".encode("utf-16")[:-1]))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*absent\.tsv: No such file"):
        decode(tmp_path / "absent.tsv")


# --- lines that are wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", "a.png\tA\nb\n", r"x\.tsv:2: 1 column where there must be a file and a text"),
        ("x.tsv", "file\ttext\na\tA\tB\n", r"x\.tsv:2: 3 columns where the header has 2 \(file, text\)"),
        ("x.tsv", "file\tother\na\tA\n", r"x\.tsv:2: no text \(a column text, label"),
        ("x.tsv", "file\ttext\n\tA\n", r"x\.tsv:2: no file \(a column file, path"),
        ("x.tsv", "a.png||b.png\tA\n", r"x\.tsv:1: no file"),
        ("x.csv", 'a.png,A\nb,"B\n', r"x\.csv:2: not CSV: unexpected end"),
        ("x.csv", 'a.png,"A"B\n', r"x\.csv:1: not CSV"),
        ("x.jsonl", '{"file": "a", "text": "A"}\n{"file": ', r"x\.jsonl:2: not JSON: Expecting value"),
        ("x.jsonl", '["a", "A"]\n', r"x\.jsonl:1: not a JSON object"),
        ("x.jsonl", '{"file": "a", "text": 3}\n', r"x\.jsonl:1: no text"),
        ("x.jsonl", '{"file": ["a", 3], "text": "A"}\n', r"x\.jsonl:1: no file"),
        ("x.jsonl", '{"file": [], "text": "A"}\n', r"x\.jsonl:1: no file"),
        ("x.jsonl", '{"file": "a", "text": "\\ud83d"}\n', r"x\.jsonl:1: the file or the text holds half a character"),
        ("x.tsv", "file\ttext\tviews\na\tA\tmany\n", r"x\.tsv:2: views must be a whole number of 1 or more"),
        ("x.tsv", "", r"x\.tsv lists no pictures"),
        ("x.tsv", "file\ttext\n", r"x\.tsv lists no pictures"),
    ],
)
def test_wrong_lines_are_named(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_labels(listed(tmp_path, name, content))


def test_the_first_wrong_lines_are_listed_together(tmp_path):
    path = listed(tmp_path, "x.tsv", "good.png\tA\n" + "bad\n" * 8)
    with pytest.raises(DataError) as caught:
        read_labels(path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == [f"{path}:{line}" for line in range(2, 7)]
    assert lines[-1] == "and 3 more"


# --- lists of other tools -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [("rec_gt.txt", "a.png\tRue A\nb.png\tB\n"), ("gt.txt", "a.png Rue A\nb.png B\n"),
     ("gt.txt", 'a.png, "Rue A"\r\nb.png, "B"\r\n'), ("train.csv", "image_path,plate_text\na.png,Rue A\nb.png,B\n"),
     ("metadata.csv", "file_name,text\na.png,Rue A\nb.png,B\n"),
     ("labels.json", '{"a.png": "Rue A", "b.png": "B"}'),
     ("x.json", '[{"file": "a.png", "text": "Rue A"}, {"file": "b.png", "text": "B"}]')],
)  # fmt: skip
def test_lists_of_other_tools(tmp_path, name, content):
    read = read_labels(listed(tmp_path, name, content))
    assert [(label.files, label.text) for label in read] == [(("a.png",), "Rue A"), (("b.png",), "B")]


def test_several_pictures_of_one_text_are_rows_of_their_own(tmp_path):
    path = listed(tmp_path, "x.txt", '["a.png", "b.png"]\tA\nc.png\tC\n["d.png"\tD\n')
    with pytest.raises(DataError, match=r"x\.txt:3: not a JSON array of files"):
        read_labels(path)
    path.write_text('["a.png", "b.png"]\tA\nc.png\tC\n')
    assert [(label.files, label.text, label.line) for label in read_labels(path)] == [
        (("a.png",), "A", 1), (("b.png",), "A", 1), (("c.png",), "C", 2),
    ]  # fmt: skip


def test_the_pictures_of_doctr_are_in_a_folder_beside(tmp_path):
    (tmp_path / "images").mkdir()
    assert read_labels(listed(tmp_path, "labels.json", '{"a.png": "A"}'))[0].files == ("images/a.png",)
    with pytest.raises(DataError, match=r"the entry 'a\.png' is no text: labels for text detection"):
        read_labels(listed(tmp_path, "labels.json", '{"a.png": {"polygons": []}}'))
    with pytest.raises(DataError, match=r"labels\.json is not JSON"):
        read_labels(listed(tmp_path, "labels.json", '{"a.png"'))


def test_a_list_for_detection_is_told(tmp_path):
    path = listed(tmp_path, "Label.txt", 'a.png\t[{"transcription": "A", "points": [[0, 0]]}]\n')
    with pytest.raises(DataError, match=r"Label\.txt:1: this is a list for text detection"):
        read_labels(path)


def test_a_header_that_is_not_known_is_shown_and_can_be_said(tmp_path):
    path = listed(tmp_path, "x.csv", "crop,number plate\na,A\n")
    with pytest.raises(DataError, match=r"begins with crop, number plate: .*'.*x\.csv\?file=COLUMN&text=COLUMN'"):
        read_labels(path)
    assert list(read_labels(path, file_column="crop", text_column="number plate")) == [Label(("a",), "A", 2)]
    with pytest.raises(DataError, match=r"no column 'crops' \(did you mean 'crop'\?\); it has crop, number plate"):
        read_labels(path, file_column="crops")
    (tmp_path / "crop").write_bytes(b"")  # names of files need no suffix
    assert [label.files for label in read_labels(path)] == [("crop",), ("a",)]


def test_a_long_list_is_kept_in_columns_that_follow_its_changes(tmp_path, monkeypatch):
    monkeypatch.setattr("crnn_seq2seq_ocr.data.formats.labels.KEPT_FROM", 3)
    path = listed(tmp_path, "x.tsv", "".join(f"{n % 2}.png|v.png\tÉ{n}\n" for n in range(5)))
    first = read_labels(path)
    assert len(list(tmp_path.glob(".x.tsv.*.index"))) == 1
    kept = read_labels(path)
    assert isinstance(kept.arrays["texts"], np.memmap)
    assert list(kept) == list(first)
    assert [kept.name(index) for index in range(5)] == ["0.png", "1.png", "0.png:3", "1.png:4", "0.png:5"]
    path.write_text("a.png\tA\n" * 3)
    assert [label.text for label in read_labels(path)] == ["A"] * 3
