"""The templates of HTML pages; whatever a text or a name may hold, it stays a text."""

import functools
import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from crnn_seq2seq_ocr.report.attention import confidence_level
from crnn_seq2seq_ocr.report.cards import shown
from crnn_seq2seq_ocr.report.content import own_score


@functools.cache
def templates() -> Environment:
    """Return the templates of `report/page`, in which all that is put in is escaped."""
    environment = Environment(
        loader=PackageLoader("crnn_seq2seq_ocr.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        cache_size=-1,
    )
    environment.filters |= {
        "anchor": anchor,
        "level": confidence_level,
        "number": number,
        "own_score": own_score,
        "percent": percent,
        "shown": shown,
        "visible": visible,
    }
    return environment


def anchor(heading: str) -> str:
    """Return where links to a section lead."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower())


def percent(value: float | None) -> str:
    """Show a share."""
    return "–" if value is None else f"{value:.2%}"


def number(value: float | None) -> str:
    """Show a score that is no share."""
    return "–" if value is None else f"{value:.4f}"


def visible(character: str) -> str:
    """Show a character, white space too."""
    return "␣" if character.isspace() else character
