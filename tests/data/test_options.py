"""Options after the name of a source."""

import pytest

from crnn_seq2seq_ocr.data.options import parse_options
from crnn_seq2seq_ocr.errors import DataError


def test_options_by_name() -> None:
    assert parse_options("", "mine") == {}
    assert parse_options("part=test&text=with%20case&corpus=/a/b+c,d=e&empty=", "mine") == {
        "part": "test", "text": "with case", "corpus": "/a/b+c,d=e", "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limit", "options of mine: the option 'limit' has no value: write name=value&name=value"),
        ("limit=1&", "the option '' has no value"),
        ("=1", "the option '' has no value"),
        ("limit=1&limit=2", "options of mine: limit is given more than once"),
    ],
)
def test_malformed_options_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_options(text, "mine")
