"""JSON and YAML that somebody else wrote: whatever is wrong with it is one kind of error."""

import json
from typing import Any


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

    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except Exception as error:  # what it makes values with raises anything: 0x_, 2001-99-99, !!int abc, !!bool abc
        raise ValueError(str(error)) from None
