"""From views to memory."""

import math

import pytest
import torch
from torch import nn

from crnn_seq2seq_ocr.config import EncoderSettings, ModelSettings, Preprocessing, Stage
from crnn_seq2seq_ocr.model.encoder import Encoder, ViewBatchNorm
from tests.model.small import CONTENT, POSITION, PREPROCESSING, all_views, make_images


def make_encoder(settings: ModelSettings) -> Encoder:
    torch.manual_seed(1)
    return Encoder(settings.encoder, PREPROCESSING, width=settings.width, classes=12).eval()


@torch.no_grad()
def test_a_memory_of_all_views() -> None:
    mask = torch.tensor([[True, True, True], [True, False, False]])
    memory = make_encoder(CONTENT)(make_images(2), mask)
    assert memory.grid == (3, 2, 8)
    assert memory.cells.shape == (2, 48, 16)
    assert memory.mask.view(2, 3, 16).all(2).tolist() == mask.tolist()
    assert memory.mask.view(2, 3, 16).any(2).tolist() == mask.tolist()


@torch.no_grad()
def test_views_side_by_side_in_channels() -> None:
    images = make_images(2)
    memory = make_encoder(POSITION)(images, all_views(images))
    assert memory.grid == (1, 1, 16)
    assert memory.cells.shape == (2, 16, 12)
    assert memory.mask.all()


@torch.no_grad()
def test_fewer_views_give_the_same_cells() -> None:
    encoder, images = make_encoder(CONTENT), make_images(2)
    whole = encoder(images, all_views(images))
    for views in (1, 2):
        part = encoder(images[:, :views], all_views(images[:, :views]))
        assert part.grid == (views, 2, 8)
        torch.testing.assert_close(part.cells, whole.cells[:, : views * 16])


@torch.no_grad()
@pytest.mark.parametrize("place", [1, 2])
def test_the_same_picture_differs_by_its_place(place: int) -> None:
    """Cells know their row and column within the view: a uniform picture gives no two equal ones."""
    encoder, images = make_encoder(CONTENT), torch.zeros(1, 3, 3, 16, 32)
    cells = encoder(images, all_views(images)).cells[0].view(3, 2, 8, 16)
    first, second = cells.select(place, 0), cells.select(place, 1)
    assert ((first - second).abs().amax(-1) > 1e-3).all()


@torch.no_grad()
def test_a_sample_gives_the_same_alone_and_in_a_batch() -> None:
    images = make_images(5)
    for settings in (CONTENT, POSITION):
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


def test_initial_weights_are_the_originals() -> None:
    torch.manual_seed(0)
    settings = EncoderSettings(stages=[Stage(channels=64), Stage(channels=64)], recurrent_layers=1, recurrent_size=64)
    encoder = Encoder(settings, Preprocessing(height=4, width=4), width=64, classes=12)
    second = [module for module in encoder.convolutions if isinstance(module, nn.Conv2d)][1]
    assert second.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    lstm = encoder.recurrent[0].lstm
    for name, values in lstm.named_parameters():
        if name.startswith("bias_hh"):  # one bias for each gate
            assert not values.any()
            assert not values.requires_grad
        else:
            assert values.abs().max() <= 1 / 8
            assert values.std().item() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.1)


@torch.no_grad()
def test_without_recurrent_layers() -> None:
    images = make_images(2)
    for settings in (CONTENT, POSITION):
        encoder_settings = settings.encoder.model_copy(update={"recurrent_layers": 0})
        changed = settings.model_copy(update={"encoder": encoder_settings, "width": 24})
        assert make_encoder(changed)(images, all_views(images)).cells.shape[2] == 24


@torch.no_grad()
@pytest.mark.parametrize("rows", ["each", "mean", "max"])
def test_the_second_output_looks_at_cells_or_columns(rows: str) -> None:
    stages = CONTENT.encoder.stages
    settings = EncoderSettings.model_validate(
        {"stages": stages, "recurrent_size": 8, "cell_output": True, "cell_rows": rows}
    )
    torch.manual_seed(1)
    encoder = Encoder(settings, PREPROCESSING, width=16, classes=12).eval()
    images = make_images(2, views=1)
    memory = encoder(images, all_views(images))
    assert memory.grid == (1, 2, 8)
    assert encoder.cell_output is not None
    # The decoder's cells are the same with their places added, which the second output does not see.
    places = (encoder.row_places + encoder.column_places).flatten(0, 1)
    cells = (memory.cells - places).view(2, 2, 8, 16)
    looked_at = {"each": cells.flatten(1, 2), "mean": cells.mean(1), "max": cells.amax(1)}[rows]
    torch.testing.assert_close(memory.cell_logits, encoder.cell_output(looked_at))
