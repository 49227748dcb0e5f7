"""Tools that talk much, made to work in silence."""

import contextlib
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silence_warnings() -> Iterator[None]:
    """Without warnings, and without what is logged below an error: it is meant for those who work on the tools."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
