"""From views to memory: what all encoders have in common.

N batch, V views, C channels, H x W pixels of a view, R x U rows and columns of cells of a view,
T = V*R*U memory cells (views mixed: T = R*U), D width of the model, K tokens.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import EncoderSettings, Stage


class Memory(NamedTuple):
    """What the decoder reads.

    Attributes:
        cells: (N, T, D).
        mask: (N, T) bool, False where a cell belongs to a missing view.
        grid: (views, rows, columns) of the cells: their product is T. Views in channels have (1, 1, T).
        cell_logits: (N, T, K) of the second output for each cell, or (N, V*U, K) in each column where it looks at
            columns; None where there is none.
    """

    cells: Tensor
    mask: Tensor
    grid: tuple[int, int, int]
    cell_logits: Tensor | None = None


class Encoder(nn.Module):
    """Views to memory, each view on its own; a subclass makes the `features` of views.

    Args:
        settings: With or without a second output.
    """

    norm: nn.LayerNorm
    row_places: nn.Parameter
    column_places: nn.Parameter
    cell_output: nn.Linear | None

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        self.cell_rows = settings.cell_rows

    def make_places(self, rows: int, columns: int, width: int) -> None:
        """Make the norm of the cells, and what tells each its place within its view."""
        self.norm = nn.LayerNorm(width)
        self.row_places = nn.Parameter(torch.randn(rows, 1, width) * 0.1)
        self.column_places = nn.Parameter(torch.randn(columns, width) * 0.1)

    def places(self, columns: int) -> Tensor:
        """Return what tells each cell its row and column: (R, U, D), as many columns as a view has."""
        return self.row_places + self.column_places[:columns]

    def features(self, views: Tensor) -> Tensor:
        """Make features (B, R, U, D) of views (B, 3, H, W) in [-1, 1]."""
        raise NotImplementedError

    def forward(self, images: Tensor, view_mask: Tensor) -> Memory:
        """Make the memory of images (N, V, 3, H, W) in [-1, 1] with view_mask (N, V) bool."""
        samples, views = images.shape[:2]
        features = self.features(images.flatten(0, 1))  # (N*V, R, U, D)
        rows, columns = features.shape[1:3]
        cells = self.norm(features.view(samples, views, *features.shape[1:]))  # (N, V, R, U, D)
        cell_logits = None if self.cell_output is None else self._cell_logits(cells, self.cell_output)
        # A cell knows its place within its view, not the view's number: any number of views in any order.
        cells = (cells + self.places(columns)).flatten(1, 3)  # (N, T, D)
        mask = view_mask.repeat_interleave(rows * columns, dim=1)  # (N, T)
        return Memory(cells, mask, (views, rows, columns), cell_logits)

    def _cell_logits(self, cells: Tensor, output: nn.Linear) -> Tensor:
        """Give the second output of cells (N, V, R, U, D): (N, T, K), or (N, V*U, K) for columns."""
        if self.cell_rows == "each":
            looked_at = cells.flatten(1, 3)  # (N, T, D)
        else:
            columns = cells.mean(2) if self.cell_rows == "mean" else cells.amax(2)  # (N, V, U, D)
            looked_at = columns.flatten(1, 2)  # (N, V*U, D)
        logits: Tensor = output(looked_at)
        return logits.float()


class ViewBatchNorm(nn.BatchNorm2d):
    """Batch normalisation with the statistics of each view on its own, running ones moved view by view.

    As the original, which runs its CNN once for each view (MindSpore model zoo, crnn_seq2seq_ocr,
    src/seq2seq.py). The batch holds all samples of the first view, then all of the second, and so on.
    """

    def __init__(self, channels: int, views: int) -> None:
        super().__init__(channels)
        self.views = views

    def forward(self, features: Tensor) -> Tensor:  # (V*N, C, R, U)
        """Normalise, in training the batch of each view by its own statistics."""
        if not self.training or self.views == 1:
            return super().forward(features)
        normalised = [super(ViewBatchNorm, self).forward(view) for view in features.chunk(self.views)]
        return torch.cat(normalised)


def stage_layers(stage: Stage, channels_in: int, views: int) -> list[nn.Module]:
    """Build the layers of one stage; `views` > 1 gives each view its own batch statistics.

    The pooling comes before the last convolution's norm and ReLU: the maximum is the same before and after
    ReLU, and both then have a quarter of the work, which is most of the time that a large map takes.
    """
    layers: list[nn.Module] = []
    for number in range(stage.convolutions):
        kernel, stride = (stage.kernel, stage.stride) if number == 0 else (3, (1, 1))
        layers.append(nn.Conv2d(channels_in, stage.channels, kernel, stride, padding=kernel // 2, bias=False))
        if number == stage.convolutions - 1 and stage.pool != (1, 1):
            layers.append(nn.MaxPool2d(stage.pool))
        if stage.norm == "all" or (stage.norm == "first" and number == 0):
            layers.append(ViewBatchNorm(stage.channels, views))
        layers.append(nn.ReLU())
        channels_in = stage.channels
    return layers


def initialise_convolutions(network: nn.Module) -> None:
    """Draw the weights of convolutions: normal with deviation sqrt(2 / fan_in), as the original does."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.in_channels * math.prod(module.kernel_size)
            nn.init.normal_(module.weight, std=math.sqrt(2 / fan_in))
