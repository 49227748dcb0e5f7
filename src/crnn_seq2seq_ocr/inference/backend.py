"""What runs a network, as the reader sees it."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.model.outputs import Outputs

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.model.constraint import Constraint
    from crnn_seq2seq_ocr.model.recognizer import Recognizer


class Backend(Protocol):
    """Run one network: `OnnxBackend`, `TorchBackend`, or one of your own, given to `Reader`."""

    @property
    def description(self) -> Description:
        """What the model says of itself."""

    @property
    def device(self) -> str:
        """Where the network runs, such as ``cpu`` or ``cuda:0``."""

    @property
    def concurrency(self) -> int:
        """From how many threads `read` may be called at the same time, 1 or more."""

    @property
    def can_search(self) -> bool:
        """Whether `read` takes a beam of more than 1; where it does not, `Reader` gives none."""

    @property
    def recognizer(self) -> "Recognizer | None":
        """The network in PyTorch; None where something else runs it."""

    def read(
        self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: "Constraint | None" = None
    ) -> Outputs:
        """Read the texts of pictures.

        Args:
            images: RGB uint8 (N, V, H, W, 3).
            view_mask: bool (N, V), false where a view is missing.
            beam: Width of the search; 1 takes the likeliest token at each step.
            lexicon: The only allowed texts.
        """
