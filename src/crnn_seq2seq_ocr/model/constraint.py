"""What may be read: which tokens may follow which beginning. A `Lexicon` or a `Pattern`."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_seq2seq_ocr.errors import DataError


def check_length(constraint: "Constraint", max_length: int) -> None:
    """Refuse a constraint none of whose texts can be read.

    Raises:
        DataError: Its shortest text has more characters than the model reads.
    """
    if constraint.shortest > max_length:
        raise DataError(
            f"no text of {constraint.description} has {max_length} characters or fewer (the shortest has "
            f"{constraint.shortest}), which is the most that the model reads: give it other texts"
        )


class Constraint(Protocol):
    """Allowed texts. A state, one row for each beginning, says where in them each beginning is."""

    @property
    def shortest(self) -> int:
        """Characters of the shortest allowed text."""

    @property
    def fingerprint(self) -> str:
        """Tells constraints apart."""

    @property
    def description(self) -> str:
        """What is allowed, for people, after the word "within"."""

    def start(self, rows: int) -> NDArray[Any]:
        """Return the state (R, ...) of so many empty beginnings."""

    def allowed(self, state: NDArray[Any], room: int) -> NDArray[np.bool_]:
        """Return which tokens may follow each beginning, (R, classes).

        Only tokens from which some text can still be ended with `room` further tokens are allowed.
        """

    def after(self, state: NDArray[Any], tokens: NDArray[np.int64]) -> NDArray[Any]:
        """Return the state after a further token (R,) of each beginning."""
