"""How commands print: names, texts and messages of others cannot steer the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from crnn_seq2seq_ocr.system.terminal import escaped

if TYPE_CHECKING:
    from rich.console import Console


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, with control characters as escapes.

    Args:
        text: One or several lines.
        err: On standard error.
        nl: End the line.
    """
    typer.echo(escaped(text), err=err, nl=nl)


def make_console(
    *, stderr: bool = False, soft_wrap: bool = False, highlight: bool = True, width: int | None = None
) -> "Console":
    """Make a console of Rich that shows control characters as escapes, but for its own; arguments are Rich's."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Escaping(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for each in super().render(renderable, options):
                yield each if each.control else Segment(escaped(each.text), each.style)

    return Escaping(stderr=stderr, soft_wrap=soft_wrap, highlight=highlight, width=width)
