"""From views to memory, whichever encoder."""

import pytest
import torch
from torch import nn

from crnn_seq2seq_ocr.config import ModelSettings
from crnn_seq2seq_ocr.model.encoder import Encoder, ViewBatchNorm
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from tests.model.small import CONTENT, POSITION, PREPROCESSING, TRANSFORMER, all_views, make_images

EACH_VIEW = pytest.mark.parametrize("settings", [CONTENT, TRANSFORMER], ids=["vgg_lstm", "conv_transformer"])


def make_encoder(settings: ModelSettings) -> Encoder:
    torch.manual_seed(1)
    return Recognizer(settings, PREPROCESSING, classes=12).encoder.eval()


@torch.no_grad()
@EACH_VIEW
def test_a_memory_of_all_views(settings: ModelSettings) -> None:
    mask = torch.tensor([[True, True, True], [True, False, False]])
    memory = make_encoder(settings)(make_images(2), mask)
    assert memory.grid == (3, 2, 8)
    assert memory.cells.shape == (2, 48, 16)
    assert memory.mask.view(2, 3, 16).all(2).tolist() == mask.tolist()
    assert memory.mask.view(2, 3, 16).any(2).tolist() == mask.tolist()


@torch.no_grad()
@EACH_VIEW
def test_fewer_views_give_the_same_cells(settings: ModelSettings) -> None:
    encoder, images = make_encoder(settings), make_images(2)
    whole = encoder(images, all_views(images))
    for views in (1, 2):
        part = encoder(images[:, :views], all_views(images[:, :views]))
        assert part.grid == (views, 2, 8)
        torch.testing.assert_close(part.cells, whole.cells[:, : views * 16])


@torch.no_grad()
@EACH_VIEW
@pytest.mark.parametrize("place", [1, 2])
def test_the_same_picture_differs_by_its_place(settings: ModelSettings, place: int) -> None:
    """Cells know their row and column within the view: a uniform picture gives no two equal ones."""
    encoder, images = make_encoder(settings), torch.zeros(1, 3, 3, 16, 32)
    cells = encoder(images, all_views(images)).cells[0].view(3, 2, 8, 16)
    first, second = cells.select(place, 0), cells.select(place, 1)
    assert ((first - second).abs().amax(-1) > 1e-3).all()


@torch.no_grad()
def test_a_sample_gives_the_same_alone_and_in_a_batch() -> None:
    images = make_images(5)
    for settings in (CONTENT, POSITION, TRANSFORMER):
        encoder = make_encoder(settings)
        together = encoder(images, all_views(images)).cells
        for number in range(5):
            alone = encoder(images[number : number + 1], torch.ones(1, 3, dtype=torch.bool)).cells[0]
            torch.testing.assert_close(alone, together[number])


def test_statistics_of_each_view_on_its_own() -> None:
    """Three views in one batch move the running statistics as three batches one after the other do."""
    torch.manual_seed(0)
    together, one_by_one = ViewBatchNorm(4, 3), nn.BatchNorm2d(4)
    views = [torch.randn(2, 4, 3, 3) * (number + 1) + number for number in range(3)]
    expected = torch.cat([one_by_one(view) for view in views])
    torch.testing.assert_close(together(torch.cat(views)), expected)
    torch.testing.assert_close(together.running_mean, one_by_one.running_mean)
    torch.testing.assert_close(together.running_var, one_by_one.running_var)


def test_a_frozen_norm_stays_as_it_is() -> None:
    norm = ViewBatchNorm(4, 3).eval()
    features = torch.randn(6, 4, 3, 3)
    torch.testing.assert_close(norm(features), features, rtol=1e-4, atol=1e-5)
    assert not norm.running_mean.any()


@torch.no_grad()
@EACH_VIEW
@pytest.mark.parametrize("rows", ["each", "mean", "max"])
def test_the_second_output_looks_at_cells_or_columns(settings: ModelSettings, rows: str) -> None:
    encoder_settings = settings.encoder.model_copy(update={"cell_output": True, "cell_rows": rows})
    encoder = make_encoder(settings.model_copy(update={"encoder": encoder_settings}))
    images = make_images(2, views=1)
    memory = encoder(images, all_views(images))
    assert memory.grid == (1, 2, 8)
    assert encoder.cell_output is not None
    # The decoder's cells are the same with their places added, which the second output does not see.
    cells = (memory.cells - encoder.places(8).flatten(0, 1)).view(2, 2, 8, 16)
    looked_at = {"each": cells.flatten(1, 2), "mean": cells.mean(1), "max": cells.amax(1)}[rows]
    torch.testing.assert_close(memory.cell_logits, encoder.cell_output(looked_at))
