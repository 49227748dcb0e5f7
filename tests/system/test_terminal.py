"""What would steer a terminal is shown as an escape."""

import json
import logging

import pytest

from crnn_seq2seq_ocr.system.terminal import EscapingFormatter, escaped, escaped_line, escaped_xml, to_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Été n° 3\tœ\nשלום", "Été n° 3\tœ\nשלום"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x9b2J\x7f\0\r", r"\x9b2J\x7f\x00\r"),
        ("a\u202eb\u2066c\u2028", r"a\u202eb\u2066c\u2028"),
    ],
)
def test_control_characters_are_escapes(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped(shown) == shown


def test_a_line_stays_one() -> None:
    assert escaped_line("a\tb\nc") == r"a\tb\nc"


def test_json_and_xml_say_the_same_as_before() -> None:
    value = {"\x1b": ["\x9b\u202e", "é\n\t"]}
    assert json.loads(to_json(value)) == value
    assert to_json(value).isprintable()
    assert escaped_xml("<a>\x9b</a>") == "<a>&#155;</a>"


def test_logs() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "read %s", ("\x1b]0;title\a",), None)
    assert EscapingFormatter("%(message)s").format(record) == r"read \x1b]0;title\x07"
