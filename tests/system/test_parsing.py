"""Whatever is wrong with JSON or YAML is a ValueError."""

import pytest

from crnn_seq2seq_ocr.system.parsing import parse_json, parse_yaml


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "{", "", '{"a": [' * 50_000, b"\xff\xfe\xfa"])
def test_json_that_cannot_be_parsed(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any message)
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    ["0x_", "2001-99-99", "!!int abc", "!!bool abc", "!!timestamp x", "!!float x", "[" * 50_000, "a: b: c", "\0"],
)
def test_yaml_that_cannot_be_parsed(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any message)
        parse_yaml(text)
