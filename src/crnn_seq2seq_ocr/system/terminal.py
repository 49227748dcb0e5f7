"""Text of others shown on a terminal or in a log: what would steer the terminal is shown as an escape."""

import json
import logging
import re
from typing import Any

# Control characters (C0 but tab and line feed, DEL, C1), those that turn the direction of writing, and those that end
# lines. Marks of direction, which texts have, only touch their neighbours.
_STEERING = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    r"""Write control characters as escapes such as ``\x1b``; tabs and line ends stay."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def escaped_line(text: str) -> str:
    r"""Write control characters as escapes, tabs (``\t``) and line ends (``\n``) too."""
    return escaped(text).replace("\t", "\\t").replace("\n", "\\n")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Write JSON in readable Unicode, whose control characters are escapes of JSON."""
    return escaped_json(json.dumps(value, ensure_ascii=False, indent=indent))


def escaped_json(text: str) -> str:
    """Write the control characters of a JSON text, which are within strings, as escapes of JSON."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escaped_xml(text: str) -> str:
    """Write the control characters of an XML text as references."""
    return _STEERING.sub(lambda found: f"&#{ord(found[0])};", text)


class EscapingFormatter(logging.Formatter):
    """Formats records of a log with control characters as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; see `logging.Formatter`."""
        return escaped(super().format(record))
