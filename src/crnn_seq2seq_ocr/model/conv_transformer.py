"""Convolutional stages, then self-attention over all cells of a view.

B views, C channels, H x W pixels, R x U rows and columns of cells, M = R*U, D width of the model, E heads.
"""

from torch import Tensor, nn
from torch.nn import functional

from crnn_seq2seq_ocr.config import ConvTransformerSettings, Preprocessing
from crnn_seq2seq_ocr.model.encoder import Encoder, initialise_convolutions, stage_layers


class TransformerLayer(nn.Module):
    """Self-attention and two dense layers, each after a norm and beside a way around it.

    Vaswani et al., 2017, arXiv 1706.03762; norms first: Xiong et al., 2020, arXiv 2002.04745.
    """

    def __init__(self, width: int, *, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.dense_norm = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, cells: Tensor) -> Tensor:  # (B, M, D) -> (B, M, D)
        """Let each cell look at all cells of its view."""
        three = self.attention(self.attention_norm(cells)).unflatten(2, (3, self.heads, -1))  # (B, M, 3, E, D/E)
        query, key, value = three.permute(2, 0, 3, 1, 4)  # (B, E, M, D/E) each
        looked = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)  # (B, M, D)
        cells = cells + self.dropout(self.attention_output(looked))
        changed: Tensor = cells + self.dropout(self.dense(self.dense_norm(cells)))
        return changed


class ConvTransformer(Encoder):
    """Features that know their place, and each other."""

    def __init__(
        self, settings: ConvTransformerSettings, preprocessing: Preprocessing, *, width: int, classes: int
    ) -> None:
        super().__init__(settings)
        layers: list[nn.Module] = []
        channels = 3
        for stage in settings.stages:
            layers += stage_layers(stage, channels, 1)
            channels = stage.channels
        self.convolutions = nn.Sequential(*layers)
        self.projection = nn.Linear(channels, width)
        self.dropout = nn.Dropout(settings.dropout)
        self.make_places(*settings.cells(preprocessing), width)
        heads, hidden, dropout = settings.heads, settings.feedforward_size, settings.dropout
        self.layers = nn.Sequential(
            *(TransformerLayer(width, heads=heads, hidden=hidden, dropout=dropout) for _ in range(settings.layers))
        )
        self.cell_output = nn.Linear(width, classes) if settings.cell_output else None
        initialise_convolutions(self)

    def features(self, views: Tensor) -> Tensor:
        """Make features (B, R, U, D) of views (B, 3, H, W)."""
        maps = self.dropout(self.convolutions(views))  # (B, C, R, U)
        cells = self.projection(maps.permute(0, 2, 3, 1))  # (B, R, U, D)
        cells = cells + self.places(cells.shape[2])
        looked: Tensor = self.layers(cells.flatten(1, 2))
        return looked.view(cells.shape)
