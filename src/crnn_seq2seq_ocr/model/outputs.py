"""What a network gives for some pictures, as arrays, whichever backend ran it."""

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
        allowed: (N, L) float32, log of the probability that the network gave to all tokens which a constraint allowed
            there, 0 after the end; None without a constraint, and not among the outputs of exported files.
    """

    tokens: np.ndarray
    log_probs: np.ndarray
    lengths: np.ndarray
    attention: np.ndarray
    likely: np.ndarray
    likely_log_probs: np.ndarray
    allowed: np.ndarray | None = None


FILE_OUTPUTS = Outputs._fields[:-1]
"""The outputs of exported files, by name."""


def attended_centres(attention: np.ndarray) -> np.ndarray:
    """Find the view that was attended most, and the centre of mass within it.

    Args:
        attention: (L, V, rows, columns).

    Returns:
        (L, 3): index of the view, x and y from 0 (left, top) to 1; the middle where nothing was attended.
    """
    attention = np.asarray(attention, dtype=np.float64)
    rows, columns = attention.shape[2:]
    views = attention.sum(axis=(2, 3)).argmax(axis=1)  # (L)
    weights = attention[np.arange(len(views)), views]  # (L, rows, columns)
    total = weights.sum(axis=(1, 2))
    weights = np.where(total[:, None, None] > 0, weights, 1)
    mass = weights.sum(axis=(1, 2))
    x = weights.sum(axis=1) @ ((np.arange(columns) + 0.5) / columns) / mass
    y = weights.sum(axis=2) @ ((np.arange(rows) + 0.5) / rows) / mass
    return np.stack([views, x, y], axis=1)
