"""The whole network: encoder and decoder, and how they are run in training.

N batch, V views, L target length, D width of the model, K tokens.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from crnn_seq2seq_ocr.config import (
    ConvTransformerSettings,
    EncoderSettings,
    ModelSettings,
    Preprocessing,
    VggLstmSettings,
)
from crnn_seq2seq_ocr.model.conv_transformer import ConvTransformer
from crnn_seq2seq_ocr.model.decoder import Decoder
from crnn_seq2seq_ocr.model.encoder import Encoder, Memory
from crnn_seq2seq_ocr.model.vgg_lstm import VggLstm

ENCODERS: dict[type[EncoderSettings], Callable[..., Encoder]] = {
    VggLstmSettings: VggLstm,
    ConvTransformerSettings: ConvTransformer,
}
"""The network of each encoder's settings, made of them, the preprocessing, the width and the number of classes."""

CELL_OUTPUT = frozenset({"encoder.cell_output.weight", "encoder.cell_output.bias"})
"""The weights that only training uses."""

ROW_PLACES, COLUMN_PLACES = "encoder.row_places", "encoder.column_places"
"""The weights that have a row for each row and for each column of cells of a view."""

TOKEN_ROWS = CELL_OUTPUT | {"decoder.embedding.weight", "decoder.output.weight", "decoder.output.bias"}
"""The weights that have a row for each token."""


class Logits(NamedTuple):
    """What training learns from.

    Attributes:
        steps: (N, L, K) of the decoder's steps; None where only the second output was asked for.
        cells: (N, T, K) of the encoder's second output, or (N, V*U, K) where it looks at columns; None where there
            is none.
        mask: (N, T) bool, False where a cell belongs to a missing view.
    """

    steps: Tensor | None
    cells: Tensor | None
    mask: Tensor


class Recognizer(nn.Module):
    """Images to logits.

    Args:
        settings: The network's sizes.
        preprocessing: Size and number of views.
        classes: K, the number of tokens.
    """

    def __init__(self, settings: ModelSettings, preprocessing: Preprocessing, classes: int) -> None:
        super().__init__()
        _, columns = settings.encoder.cells(preprocessing)
        make_encoder = ENCODERS[type(settings.encoder)]
        self.encoder = make_encoder(settings.encoder, preprocessing, width=settings.width, classes=classes)
        self.decoder = Decoder(settings.decoder, width=settings.width, classes=classes, columns=columns)

    def encode(self, images: Tensor, view_mask: Tensor) -> Memory:
        """Memory of images (N, V, 3, H, W) in [-1, 1] with view_mask (N, V) bool."""
        memory: Memory = self.encoder(images, view_mask)
        return memory

    def forward(
        self,
        images: Tensor,
        view_mask: Tensor,
        inputs: Tensor,
        forced: Tensor | None = None,
        *,
        letters_only: bool = False,
    ) -> Logits:
        """Logits for training.

        Args:
            images: (N, V, 3, H, W) in [-1, 1].
            view_mask: (N, V) bool, False for missing views.
            inputs: (N, L) ids: begin, then the targets without their last.
            forced: (N, L) bool: whether step i is fed inputs[:, i] or what step i - 1 found most likely;
                None where all are fed, which is faster.
            letters_only: Leave out the decoder.
        """
        memory = self.encode(images, view_mask)
        steps = None if letters_only else self.decoder.unroll(inputs, forced, memory)
        return Logits(steps, memory.cell_logits, memory.mask)


def normalise(images: Tensor) -> Tensor:
    """uint8 to float32 in [-1, 1]: 2 * (u / 255) - 1 rounded once, as the original's float64 arithmetic gives."""
    return (images.float() * 2 - 255) / 255
