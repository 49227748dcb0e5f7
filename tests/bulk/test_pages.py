from crnn_seq2seq_ocr.bulk.pages import PageCsv, rows_of

PAGE = {
    "name": "a\nb.png",
    "blocks": [
        {"lines": [{"text": "one", "confidence": 0.5, "quadrilateral": [[1, 2], [30, 4], [29, 14], [0, 12]]}]},
        {"lines": [{"text": 'two, "three"', "confidence": 0.25, "quadrilateral": [[1, 4], [30, 4], [30, 5], [1, 5]]}]},
    ],
}


def test_each_line_is_a_row_with_its_upright_box() -> None:
    first, second = rows_of(PAGE)
    assert (first["line"], first["lines"], first["left"], first["top"], first["right"], first["bottom"]) == (
        1, 2, 0, 2, 30, 14
    )  # fmt: skip
    assert second["text"] == 'two, "three"'


def test_pages_without_lines_have_a_row() -> None:
    assert list(rows_of({"name": "x", "blocks": []})) == [{"name": "x", "line": 0, "lines": 0, "text": ""}]
    assert list(rows_of({"name": "x", "error": "no"})) == [{"name": "x", "line": 0, "lines": 0, "error": "no"}]


def test_rows_are_written_and_only_the_last_of_a_page_is_its_end() -> None:
    form = PageCsv("\t", excel=True)
    lines = form.encode(PAGE).decode().splitlines(keepends=True)
    rows = [form.decode(line) for line in lines]
    assert [(row.name, row.failed, row.last) for row in rows] == [
        ("a\\nb.png", False, False),
        ("a\\nb.png", False, True),
    ]
    assert "0.2500" in lines[1]
    (failed,) = form.encode({"name": "x", "error": "no"}).decode().splitlines(keepends=True)
    assert form.decode(failed) == ("x", True, True)
