"""What may be read: which tokens may follow which beginning. A `Lexicon` or a `Pattern`."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Constraint(Protocol):
    """Allowed texts as a graph: nodes stand for beginnings, the root is node 0 and never comes again."""

    @property
    def shortest(self) -> int:
        """Characters of the shortest allowed text."""

    @property
    def fingerprint(self) -> str:
        """Tells constraints apart."""

    @property
    def description(self) -> str:
        """What is allowed, for people, after the word "within"."""

    def children(self, nodes: NDArray[np.int64], room: int) -> NDArray[np.int64]:
        """(R, classes) nodes that each token leads to from nodes (R,), 0 where it is not allowed.

        Only tokens from which some text can still be ended with `room` further tokens are allowed.
        """
