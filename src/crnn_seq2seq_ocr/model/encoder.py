"""From views to memory: convolutional stages, then bidirectional LSTMs along the width.

N batch, V views, C channels, H x W pixels of a view, R x U rows and columns of cells of a view,
T = V*R*U memory cells (views in channels: T = U), D width of the model.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import EncoderSettings, Preprocessing, Stage, memory_size


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


class RecurrentLayer(nn.Module):
    """A bidirectional LSTM and a projection of its two directions to the width of the model.

    Each gate has one bias, as in the original. Torch adds two, which would only double their learning rate:
    the second is zero and not trained.
    """

    def __init__(self, size_in: int, hidden: int, size_out: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size_in, hidden, bidirectional=True, batch_first=True)
        for name in ("bias_hh_l0", "bias_hh_l0_reverse"):
            nn.init.zeros_(self.lstm.get_parameter(name)).requires_grad_(False)
        self.projection = nn.Linear(2 * hidden, size_out)

    def forward(self, sequence: Tensor) -> Tensor:  # (B, U, size_in) -> (B, U, size_out)
        """Run both directions and project their states."""
        projected: Tensor = self.projection(self.lstm(sequence)[0])
        return projected


class Encoder(nn.Module):
    """Views to memory."""

    def __init__(self, settings: EncoderSettings, preprocessing: Preprocessing, *, width: int, classes: int) -> None:
        super().__init__()
        self.in_channels = settings.views == "channels"
        views = preprocessing.views
        norm_views = views if self.in_channels else 1
        rows, columns = memory_size(settings, preprocessing)
        layers: list[nn.Module] = []
        channels = 3
        for stage in settings.stages:
            layers += stage_layers(stage, channels, norm_views)
            channels = stage.channels
        if self.in_channels:
            features = settings.features or width
            # Two rows become one; the column of zeros keeps the number of columns.
            layers += [
                nn.ZeroPad2d((0, 1, 0, 0)),
                nn.Conv2d(channels, features // views, 2, bias=False),
                ViewBatchNorm(features // views, norm_views),
                nn.ReLU(),
            ]
            channels = features
        else:
            self.norm = nn.LayerNorm(width)
            self.row_places = nn.Parameter(torch.randn(rows, 1, width) * 0.1)
            self.column_places = nn.Parameter(torch.randn(columns, width) * 0.1)
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(settings.dropout)
        sizes = [channels] + [width] * settings.recurrent_layers
        self.recurrent = nn.Sequential(*(RecurrentLayer(size, settings.recurrent_size, width) for size in sizes[:-1]))
        fits = settings.recurrent_layers or channels == width
        self.projection = nn.Identity() if fits else nn.Linear(channels, width)
        self.cell_output = nn.Linear(width, classes) if settings.cell_output else None
        self.cell_rows = settings.cell_rows
        self._initialise()

    def _initialise(self) -> None:
        """Convolutions: normal with deviation sqrt(2 / fan_in), as the original draws them."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_in = module.in_channels * math.prod(module.kernel_size)
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_in))

    def forward(self, images: Tensor, view_mask: Tensor) -> Memory:
        """Memory of images (N, V, 3, H, W) in [-1, 1] with view_mask (N, V) bool."""
        return self._channels(images) if self.in_channels else self._cells(images, view_mask)

    def _channels(self, images: Tensor) -> Memory:
        samples, views = images.shape[:2]
        features = self.convolutions(images.transpose(0, 1).flatten(0, 1))  # (V*N, C, 1, U)
        features = self.dropout(features).squeeze(2)  # (V*N, C, U)
        features = features.unflatten(0, (views, samples))  # (V, N, C, U)
        columns = features.permute(1, 3, 0, 2).flatten(2)  # (N, U, V*C), views in order
        cells = self.projection(self.recurrent(columns))  # (N, U, D)
        mask = cells.new_ones(cells.shape[:2], dtype=torch.bool)
        return Memory(cells, mask, (1, 1, cells.shape[1]))

    def _cells(self, images: Tensor, view_mask: Tensor) -> Memory:
        samples, views = images.shape[:2]
        features = self.dropout(self.convolutions(images.flatten(0, 1)))  # (N*V, C, R, U)
        rows, columns = features.shape[2:]
        lines = features.permute(0, 2, 3, 1).flatten(0, 1)  # (N*V*R, U, C)
        lines = self.projection(self.recurrent(lines))  # (N*V*R, U, D)
        cells = lines.unflatten(0, (samples, views, rows))  # (N, V, R, U, D)
        # A cell knows its place within its view, not the view's number: any number of views in any order.
        places = self.row_places + self.column_places[:columns]  # (R, U, D)
        cells = self.norm(cells)
        cell_logits = None if self.cell_output is None else self._cell_logits(cells, self.cell_output)
        cells = (cells + places).flatten(1, 3)  # (N, T, D)
        mask = view_mask.repeat_interleave(rows * columns, dim=1)  # (N, T)
        return Memory(cells, mask, (views, rows, columns), cell_logits)

    def _cell_logits(self, cells: Tensor, output: nn.Linear) -> Tensor:
        """Compute what the second output finds in cells (N, V, R, U, D): (N, T, K), or (N, V*U, K) for columns."""
        if self.cell_rows == "each":
            looked_at = cells.flatten(1, 3)  # (N, T, D)
        else:
            columns = cells.mean(2) if self.cell_rows == "mean" else cells.amax(2)  # (N, V, U, D)
            looked_at = columns.flatten(1, 2)  # (N, V*U, D)
        logits: Tensor = output(looked_at)
        return logits.float()
