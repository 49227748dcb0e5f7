"""Convolutional stages, then bidirectional LSTMs along the width: the original's encoder, and one of rows.

N batch, V views, C channels, H x W pixels of a view, R x U rows and columns of cells of a view, D width of the model.
"""

import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import Preprocessing, VggLstmSettings
from crnn_seq2seq_ocr.model.encoder import Encoder, Memory, ViewBatchNorm, initialise_convolutions, stage_layers


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


class VggLstm(Encoder):
    """Features of each row on its own; or, where views meet in channels, of one row that all views share."""

    def __init__(self, settings: VggLstmSettings, preprocessing: Preprocessing, *, width: int, classes: int) -> None:
        super().__init__(settings)
        self.in_channels = settings.mixes_views
        views = preprocessing.views
        norm_views = views if self.in_channels else 1
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
            self.make_places(*settings.cells(preprocessing), width)
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(settings.dropout)
        sizes = [channels] + [width] * settings.recurrent_layers
        self.recurrent = nn.Sequential(*(RecurrentLayer(size, settings.recurrent_size, width) for size in sizes[:-1]))
        fits = settings.recurrent_layers or channels == width
        self.projection = nn.Identity() if fits else nn.Linear(channels, width)
        self.cell_output = nn.Linear(width, classes) if settings.cell_output else None
        initialise_convolutions(self)

    def features(self, views: Tensor) -> Tensor:
        """Make features (B, R, U, D) of views (B, 3, H, W), the LSTMs run along each row."""
        maps = self.dropout(self.convolutions(views))  # (B, C, R, U)
        lines: Tensor = maps.permute(0, 2, 3, 1).flatten(0, 1)  # (B*R, U, C)
        lines = self.projection(self.recurrent(lines))  # (B*R, U, D)
        return lines.reshape(maps.shape[0], maps.shape[2], *lines.shape[1:])

    def forward(self, images: Tensor, view_mask: Tensor) -> Memory:
        """Make the memory of images (N, V, 3, H, W) in [-1, 1] with view_mask (N, V) bool."""
        return self._in_channels(images) if self.in_channels else super().forward(images, view_mask)

    def _in_channels(self, images: Tensor) -> Memory:
        samples, views = images.shape[:2]
        features = self.convolutions(images.transpose(0, 1).flatten(0, 1))  # (V*N, C, 1, U)
        features = self.dropout(features).squeeze(2)  # (V*N, C, U)
        features = features.unflatten(0, (views, samples))  # (V, N, C, U)
        columns = features.permute(1, 3, 0, 2).flatten(2)  # (N, U, V*C), views in order
        cells = self.projection(self.recurrent(columns))  # (N, U, D)
        mask = cells.new_ones(cells.shape[:2], dtype=torch.bool)
        return Memory(cells, mask, (1, 1, cells.shape[1]))
