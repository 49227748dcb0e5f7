"""Samples with rare characters more often, so that a model sees enough of each.

A character that is in the share f of all samples asks for sqrt(RARE / f) times each of them, at least once; a sample
comes as often as the rarest of its characters asks. Source: repeat factor sampling of A. Gupta, P. Dollár and R.
Girshick, LVIS, CVPR 2019, there for categories of objects.
"""

from collections import Counter

import numpy as np

from crnn_seq2seq_ocr.data.combined import Subset
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError

RARE = 0.01
"""Characters in a smaller share of the samples are rare."""


def rare_oftener(source: Source, most: int) -> Subset:
    """Return a source in which samples with rare characters come several times.

    Which they are follows from the texts alone, so a training that goes on sees the same samples.

    Args:
        source: Where the samples come from; all its texts are read once.
        most: So often a sample comes at most.
    """
    characters = [_characters(source, index) for index in range(len(source))]
    counts = Counter(character for each in characters for character in each)
    times = {
        character: min(most, max(1, round((RARE * len(source) / count) ** 0.5))) for character, count in counts.items()
    }
    repeats = [max((times[character] for character in each), default=1) for each in characters]
    return Subset(source, np.repeat(np.arange(len(source)), repeats))  # type: ignore[arg-type]


def _characters(source: Source, index: int) -> set[str]:
    try:
        return set(source.text(index))
    except DataError:  # whoever uses the sample is told
        return set()
