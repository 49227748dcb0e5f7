"""JSON and YAML that somebody else wrote: whatever is wrong with it is one kind of error."""

import itertools
import json
import re
from typing import Any

DEEPEST = 100
"""So many lists within each other are no settings of anything."""

_DEEP = re.compile(r"(?m)^[ \t]*(?:[-?:][ \t]+){100}")


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        ValueError: It is no JSON, no UTF-8, nested too deeply, or has numbers of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_yaml(text: str) -> Any:
    """Return what a YAML text says.

    Raises:
        ValueError: It is no YAML, or nested too deeply.
    """
    import yaml

    if _DEEP.search(text) or _depth(text) > DEEPEST:  # its parser's time grows with the square of the depth
        raise ValueError("it is nested too deeply")
    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except Exception as error:  # what it makes values with raises anything: 0x_, 2001-99-99, !!int abc, !!bool abc
        raise ValueError(str(error)) from None


def _depth(text: str) -> int:
    """How deep brackets lie within each other at most."""
    steps = (1 if character in "[{" else -1 for character in text if character in "[]{}")
    return max(itertools.accumulate(steps, initial=0))
