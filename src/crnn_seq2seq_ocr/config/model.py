"""Settings of the network."""

from typing import Any, Literal

from pydantic import field_validator

from crnn_seq2seq_ocr.config.base import Settings, Share, Size
from crnn_seq2seq_ocr.config.encoders import AnyEncoder
from crnn_seq2seq_ocr.config.inputs import Preprocessing


class DecoderSettings(Settings):
    """From memory to text."""

    attention: Literal["position", "content"] = "content"
    """``position``: weights from the last token and the state to a fixed number of columns (the original).
    ``content``: additive attention over the memory, the place of each cell known to it."""
    attention_size: Size = 128
    """Width of content attention's keys."""
    dropout: Share = 0.1
    """On the embedding of the last token."""


class ModelSettings(Settings):
    """The network."""

    width: Size = 128
    """D: size of memory cells, embeddings and the decoder's state."""
    encoder: AnyEncoder
    decoder: DecoderSettings = DecoderSettings()

    @field_validator("encoder", mode="before")
    @classmethod
    def _with_kind(cls, encoder: Any) -> Any:
        """Recipes and models of before there were several kinds name none."""
        return {"kind": "vgg_lstm"} | encoder if isinstance(encoder, dict) else encoder

    def check(self, preprocessing: Preprocessing) -> None:
        """Refuse settings that each are right but not together, or not with the size and number of views.

        Raises:
            ValueError: The message says which, and what they should be.
        """
        self.encoder.check(preprocessing, width=self.width)
        if self.decoder.attention == "position" and not self.encoder.mixes_views:
            raise ValueError("decoder.attention 'position' needs encoder.views 'channels'")
