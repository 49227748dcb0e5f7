"""Settings of the encoders, each with the geometry of the memory that it makes."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from crnn_seq2seq_ocr.config.base import Settings, Share, Size
from crnn_seq2seq_ocr.config.inputs import Preprocessing


class Stage(Settings):
    """Some convolutions with ReLU; the last is followed by a max pooling."""

    channels: Size
    """Channels of every convolution of the stage."""
    convolutions: Size = 1
    """How many."""
    kernel: Literal[3, 5, 7] = 3
    """Side of the first convolution's kernel; the others are 3x3."""
    stride: tuple[Size, Size] = (1, 1)
    """(height, width) of the first convolution's stride; 2 at the first stage saves most of the time."""
    norm: Literal["none", "first", "all"] = "all"
    """Which of them have a batch normalisation."""
    pool: tuple[Size, Size] = (1, 1)
    """(height, width) of the pooling window and its stride."""


class EncoderSettings(Settings):
    """What every encoder has. A new one is a subclass with a `kind`, named in `AnyEncoder`."""

    dropout: Share = 0.0
    """On the convolutional features, and in the layers of a transformer."""
    cell_output: bool = False
    """A second output that names the character in each cell of the memory, trained beside the decoder by
    ``training.loss.ctc`` or ``training.loss.counts`` and not used to read: the encoder learns letters sooner."""
    cell_rows: Literal["each", "mean", "max"] = "each"
    """What the second output looks at where cells are in several rows: ``each`` cell, or one for each column, the
    ``mean`` or the ``max`` of its rows, as ``training.loss.ctc`` needs."""

    @property
    def mixes_views(self) -> bool:
        """Whether a cell is made of all views together: all of them are needed, and none can be told apart."""
        return False

    def cells(self, preprocessing: Preprocessing) -> tuple[int, int]:
        """Return the rows and columns of cells that one view gives, all views together where they are mixed."""
        raise NotImplementedError

    def check(self, preprocessing: Preprocessing, *, width: int) -> None:
        """Refuse settings that each are right but do not fit the pictures, or the width D of the model.

        Raises:
            ValueError: The message says which, and what they should be.
        """
        rows, columns = self.cells(preprocessing)
        if min(rows, columns) < 1:
            raise ValueError(
                f"the stages' pooling leaves {rows} x {columns} cells of a view of "
                f"{preprocessing.height} x {preprocessing.width} pixels: pool less or enlarge the view"
            )


class VggLstmSettings(EncoderSettings):
    """Convolutional stages, then bidirectional LSTMs along the width: what is trained where no kind is named."""

    # Not written: files of before there were others have no kind, and one that is written can be read where they can.
    kind: Literal["vgg_lstm"] = Field(default="vgg_lstm", exclude=True)
    """Which encoder it is."""
    stages: list[Stage] = Field(min_length=1)
    """The convolutional stages, in order."""
    views: Literal["channels", "memory"] = "memory"
    """How views meet: ``channels`` (the original: features of all views side by side in channels, height
    collapsed by a 2x2 convolution) or ``memory`` (a two-dimensional memory of all views, missing ones masked)."""
    features: Size | None = None
    """Where views meet in channels: channels of all views together; null is the model's width."""
    recurrent_layers: Annotated[int, Field(ge=0)] = 1
    """Bidirectional LSTM layers along the width."""
    recurrent_size: Size = 128
    """Hidden size of each direction."""

    @property
    def mixes_views(self) -> bool:
        """Whether views meet in channels."""
        return self.views == "channels"

    def cells(self, preprocessing: Preprocessing) -> tuple[int, int]:
        """Return the rows and columns that the stages leave; one row where views meet in channels."""
        rows, columns = left_by(self.stages, preprocessing)
        return (1 if self.mixes_views else rows), columns

    def check(self, preprocessing: Preprocessing, *, width: int) -> None:
        """Refuse views in channels that do not come to two rows, or do not divide the width, too."""
        super().check(preprocessing, width=width)
        if not self.mixes_views:
            if self.features is not None:
                raise ValueError("encoder.features needs encoder.views 'channels'")
            return
        if self.cell_output:
            raise ValueError("encoder.cell_output needs encoder.views 'memory'")
        rows, _ = left_by(self.stages, preprocessing)
        if rows != 2:
            raise ValueError(f"encoder.views 'channels' needs 2 rows after the stages, here are {rows}")
        if (self.features or width) % preprocessing.views:
            raise ValueError(
                f"{'encoder.features' if self.features else 'model.width'} {self.features or width} "
                f"must divide by preprocessing.views {preprocessing.views}"
            )
        if preprocessing.resize == "fit":
            raise ValueError("encoder.views 'channels' needs one width: preprocessing.resize 'stretch' or 'pad'")


class ConvTransformerSettings(EncoderSettings):
    """Convolutional stages, then self-attention over all cells of a view: no column waits for another."""

    kind: Literal["conv_transformer"] = "conv_transformer"
    """Which encoder it is."""
    stages: list[Stage] = Field(min_length=1)
    """The convolutional stages, in order."""
    layers: Size = 2
    """Transformer layers."""
    heads: Size = 4
    """Attention heads of a layer; they divide ``model.width``."""
    feedforward_size: Size = 512
    """Hidden size of a layer's two dense layers."""

    def cells(self, preprocessing: Preprocessing) -> tuple[int, int]:
        """Return the rows and columns that the stages leave."""
        return left_by(self.stages, preprocessing)

    def check(self, preprocessing: Preprocessing, *, width: int) -> None:
        """Refuse heads that do not divide the width, too."""
        super().check(preprocessing, width=width)
        if width % self.heads:
            raise ValueError(f"model.width {width} must divide by encoder.heads {self.heads}")


def left_by(stages: Sequence[Stage], preprocessing: Preprocessing) -> tuple[int, int]:
    """Return the rows and columns that convolutional stages leave of a view."""
    height, width = preprocessing.height, preprocessing.width
    for stage in stages:
        # Convolutions pad by half their kernel, so a stride rounds up; pooling rounds down.
        height, width = -(-height // stage.stride[0]), -(-width // stage.stride[1])
        height, width = height // stage.pool[0], width // stage.pool[1]
    return height, width


AnyEncoder = Annotated[VggLstmSettings | ConvTransformerSettings, Field(discriminator="kind")]
"""Every encoder there is; `model.recognizer.ENCODERS` has the network of each."""
