"""Options after the ``?`` of a source's name, such as ``seed=1&count=1000``."""

from urllib.parse import unquote

from crnn_seq2seq_ocr.errors import DataError


def parse_options(text: str, source: str) -> dict[str, str]:
    """Split ``name=value&name=value``; percent-encoded characters are decoded, a ``+`` stays what it is.

    Args:
        text: The options; may be empty.
        source: Whose they are, for messages.

    Raises:
        DataError: An option has no value or no name, or is given twice.
    """
    options: dict[str, str] = {}
    for option in text.split("&") if text else []:
        name, equals, value = option.partition("=")
        if not name or not equals:
            raise DataError(f"options of {source}: the option {name!r} has no value: write name=value&name=value")
        if name in options:
            raise DataError(f"options of {source}: {name} is given more than once")
        options[name] = unquote(value)
    return options
