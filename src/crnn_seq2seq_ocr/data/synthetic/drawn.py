"""What every drawn source is: a pure function of its settings and an index."""

from typing import Generic, TypeVar

import numpy as np

from crnn_seq2seq_ocr.data.synthetic.settings import DrawnSettings

Chosen = TypeVar("Chosen", bound=DrawnSettings)

TEXT_STREAM, PICTURE_STREAM = 1, 2
"""Of random numbers: texts are drawn without their pictures."""


class Drawn(Generic[Chosen]):
    """The indices of a drawn source, and its random numbers; a subclass draws.

    Args:
        settings: How many samples there are, and the seed.
    """

    def __init__(self, settings: Chosen) -> None:
        self.settings = settings

    @property
    def faults(self) -> list[str]:
        """Nothing: what is drawn is whole."""
        return []

    def __len__(self) -> int:
        return self.settings.count

    def __getstate__(self) -> dict[str, Chosen]:
        return {"settings": self.settings}

    def place(self, index: int) -> int:
        """Return the index from 0; negative ones count from the end.

        Raises:
            IndexError: There is no such sample.
        """
        count = self.settings.count
        if not -count <= index < count:
            raise IndexError(f"sample {index} of {count}")
        return index % count

    def name(self, index: int) -> str:
        """Return the name of a sample."""
        return f"{self.settings.source}#{self.place(index)}"

    def generator(self, index: int, stream: int) -> np.random.Generator:
        """Return the random numbers of a sample, those of its text or of its picture."""
        return np.random.default_rng([self.settings.seed, self.place(index), stream])
