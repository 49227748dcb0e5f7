"""What a network gives for some pictures, as arrays, whichever engine ran it."""

from typing import NamedTuple

import numpy as np

LIKELY = 4
"""So many tokens are told of each place."""


class Outputs(NamedTuple):
    """Texts as the network's numbers: N pictures, L tokens of the longest, A tokens told of each place.

    Attributes:
        tokens: (N, L) int64, padding after the end.
        log_probs: (N, L) float32 of each token, 0 after the end.
        lengths: (N,) int64, tokens with the end; L where a text was cut before its end.
        attention: (N, L, views, rows, columns) float32 when each token was chosen, 0 after the end.
        likely: (N, L, A) int64, the tokens that were likeliest there, padding after the end; A is `LIKELY`, or as
            many as the network has.
        likely_log_probs: (N, L, A) float32 of these, falling, 0 after the end.
    """

    tokens: np.ndarray
    log_probs: np.ndarray
    lengths: np.ndarray
    attention: np.ndarray
    likely: np.ndarray
    likely_log_probs: np.ndarray
