"""The whole network: training passes, missing views, number types, names of the weights."""

import pytest
import torch

from crnn_seq2seq_ocr.config import ModelSettings, Preprocessing, Recipe, load_recipe
from crnn_seq2seq_ocr.errors import RecipeError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import BOS_ID
from tests.model.small import CLASSES, CONTENT, POSITION, all_views, make_images, make_recognizer

BOTH = pytest.mark.parametrize("settings", [CONTENT, POSITION], ids=["content", "position"])
INPUTS = torch.tensor([[BOS_ID, 5, 6, 7, 8], [BOS_ID, 9, 4, 10, 5]])


@BOTH
@torch.no_grad()
def test_true_tokens_are_fed_where_forced(settings: ModelSettings) -> None:
    """The logits of a place change with an earlier token only if that token is fed."""
    recognizer, images = make_recognizer(settings), make_images(2)
    other = INPUTS.clone()
    other[:, 2] = 11
    for forced, changed in ((True, [False, False, True, True, True]), (False, [False] * 5)):
        mask = torch.full(INPUTS.shape, forced)
        first, second = (recognizer(images, all_views(images), inputs, mask).steps for inputs in (INPUTS, other))
        assert first.shape == (2, 5, CLASSES)
        assert ((first - second).abs().amax((0, 2)) > 1e-6).tolist() == changed


@BOTH
@torch.no_grad()
def test_own_predictions_are_fed_elsewhere(settings: ModelSettings) -> None:
    """What is not forced equals a pass that is forced to feed the predictions."""
    recognizer, images = make_recognizer(settings), make_images(2)
    free = torch.tensor([[False] * 5, [True] * 5])
    logits = recognizer(images, all_views(images), INPUTS, free).steps
    fed = INPUTS.clone()
    fed[0, 1:] = logits[0, :-1].argmax(1)
    again = recognizer(images, all_views(images), fed, torch.ones_like(free)).steps
    torch.testing.assert_close(again, logits)


@BOTH
def test_all_forced_is_the_same_with_and_without_saying_so(settings: ModelSettings) -> None:
    recognizer, images = make_recognizer(settings), make_images(2)
    runs = []
    for forced in (None, torch.ones_like(INPUTS, dtype=torch.bool)):
        recognizer.zero_grad()
        logits = recognizer(images, all_views(images), INPUTS, forced).steps
        logits.square().sum().backward()
        runs.append((logits.detach(), [each.grad for each in recognizer.parameters() if each.requires_grad]))
    torch.testing.assert_close(runs[0], runs[1])


@BOTH
@torch.no_grad()
def test_training_and_search_predict_the_same(settings: ModelSettings) -> None:
    """The unrolled logits are those of single steps fed with the same tokens."""
    recognizer, images = make_recognizer(settings), make_images(2)
    memory, decoder = recognizer.encode(images, all_views(images)), recognizer.decoder
    unrolled = decoder.unroll(INPUTS, None, memory)
    state, keys = decoder.start(memory), decoder.keys(memory)
    for place in range(INPUTS.shape[1]):
        step = decoder.step(INPUTS[:, place], state, memory, keys)
        state = step.state
        torch.testing.assert_close(step.logits, unrolled[:, place])
        torch.testing.assert_close(step.attention.sum(1), torch.ones(2))


@torch.no_grad()
def test_pixels_of_a_missing_view_change_nothing() -> None:
    recognizer, images = make_recognizer(), make_images(2)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    changed = images.clone()
    changed[~mask] = make_images(2, seed=5)[~mask]
    forced = torch.ones_like(INPUTS, dtype=torch.bool)
    first, second = (recognizer(pictures, mask, INPUTS, forced).steps for pictures in (images, changed))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    changed[:, 0] = 0.0
    assert not torch.allclose(recognizer(changed, mask, INPUTS, forced).steps, first)


@pytest.mark.parametrize("views", [1, 2, 3])
@torch.no_grad()
def test_fewer_views_equal_masked_ones(views: int) -> None:
    recognizer, images = make_recognizer(), make_images(2)
    mask = (torch.arange(3) < views).expand(2, 3)
    forced = torch.ones_like(INPUTS, dtype=torch.bool)
    whole = recognizer(images, mask, INPUTS, forced).steps
    part = recognizer(images[:, :views], mask[:, :views], INPUTS, forced).steps
    torch.testing.assert_close(part, whole)


@torch.no_grad()
def test_views_in_any_order_give_the_same() -> None:
    recognizer, images = make_recognizer(), make_images(2)
    forced, order = torch.ones_like(INPUTS, dtype=torch.bool), torch.tensor([2, 0, 1])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    first = recognizer(images, mask, INPUTS, forced).steps
    torch.testing.assert_close(recognizer(images[:, order], mask[:, order], INPUTS, forced).steps, first)


@BOTH
@torch.no_grad()
def test_bf16_is_near_fp32(settings: ModelSettings) -> None:
    recognizer, images = make_recognizer(settings), make_images(2)
    forced = torch.ones_like(INPUTS, dtype=torch.bool)
    exact = recognizer(images, all_views(images), INPUTS, forced).steps
    with torch.autocast("cpu", torch.bfloat16):
        rough = recognizer(images, all_views(images), INPUTS, forced).steps
    assert rough.dtype == torch.float32
    assert 0 < (rough - exact).abs().max() < 0.1 * exact.abs().max()


@BOTH
def test_bf16_has_gradients_for_every_trained_weight(settings: ModelSettings) -> None:
    recognizer, images = make_recognizer(settings).train(), make_images(2)
    with torch.autocast("cpu", torch.bfloat16):
        logits = recognizer(images, all_views(images), INPUTS).steps
    logits.log_softmax(2)[..., 5].sum().backward()
    for name, parameter in recognizer.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_the_originals_number_of_weights() -> None:
    recipe = load_recipe("fsns-seed")
    assert recipe.text.classes is not None
    with torch.device("meta"):
        recognizer = Recognizer(recipe.model, recipe.preprocessing, recipe.text.classes)
    trained = sum(parameter.numel() for parameter in recognizer.parameters() if parameter.requires_grad)
    assert trained == 11_843_024
    assert recipe.text.max_length + 2 == recognizer.decoder.attention.score.out_features == 64


def test_names_of_the_weights_stay() -> None:
    """Model folders are read by these names: changing one makes them unreadable."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    lstm = [f"{part}_l0{direction}" for direction in ("", "_reverse")
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]  # fmt: skip
    layer = [*(f"lstm.{part}" for part in lstm), "projection.weight", "projection.bias"]
    decoder = ["embedding.weight", "combine.weight", "combine.bias", "gru.weight_ih", "gru.weight_hh", "gru.bias_ih",
               "gru.bias_hh", "output.weight", "output.bias"]  # fmt: skip
    convolutions = [f"convolutions.{place}.weight" for place in (0, 4, 7)]
    convolutions += [f"convolutions.{place}.{part}" for place in (2, 5) for part in norm]
    content = {f"encoder.{name}" for name in (*convolutions, "row_places", "column_places")}
    content |= {f"encoder.recurrent.0.{name}" for name in layer}
    content |= {f"decoder.{name}" for name in (*decoder, "attention.key.weight", "attention.key.bias")}
    content |= {f"decoder.attention.{name}.weight" for name in ("query", "location", "place", "score")}
    content |= {"encoder.norm.weight", "encoder.norm.bias"}
    assert make_recognizer(CONTENT).state_dict().keys() == content
    names = make_recognizer(POSITION).state_dict().keys()
    assert {"encoder.convolutions.9.weight", "encoder.convolutions.10.running_var",
            "encoder.recurrent.1.projection.bias", "decoder.attention.score.bias"} <= names  # fmt: skip


def test_the_second_output_names_cells_and_changes_nothing_else() -> None:
    encoder = CONTENT.encoder.model_copy(update={"cell_output": True})
    settings = CONTENT.model_copy(update={"encoder": encoder})
    preprocessing = Preprocessing(height=8, width=32, resize="fit", width_step=8)
    recognizer, images = Recognizer(settings, preprocessing, CLASSES).eval(), torch.rand(2, 1, 3, 8, 24)
    steps, cells, mask = recognizer(images, all_views(images), INPUTS)
    assert cells is not None
    assert cells.shape == (2, 6, CLASSES)  # 24 pixels, four a column
    assert mask.shape == (2, 6)
    cells.sum().backward()
    assert recognizer.decoder.output.weight.grad is None
    plain = Recognizer(CONTENT, preprocessing, CLASSES).eval()
    plain.load_state_dict(recognizer.state_dict(), strict=False)
    again, none, _ = plain(images, all_views(images), INPUTS)
    assert none is None
    torch.testing.assert_close(again, steps)


@pytest.mark.parametrize(
    ("settings", "preprocessing", "message"),
    [
        (CONTENT, Preprocessing(height=4, width=32, views=3), "pooling leaves 0 x 8 cells"),
        (POSITION, Preprocessing(height=32, width=32, views=3), "needs 2 rows after the stages, here are 4"),
        (POSITION, Preprocessing(height=16, width=32, views=5), "model.width 12 must divide by preprocessing.views 5"),
        (CONTENT.model_copy(update={"decoder": POSITION.decoder}), Preprocessing(), "'position' needs encoder.views"),
        (
            CONTENT.model_copy(update={"encoder": CONTENT.encoder.model_copy(update={"features": 8})}),
            Preprocessing(),
            "encoder.features needs encoder.views 'channels'",
        ),
        (
            POSITION.model_copy(update={"encoder": POSITION.encoder.model_copy(update={"features": 8})}),
            Preprocessing(height=16, width=32, views=3),
            "encoder.features 8 must divide by preprocessing.views 3",
        ),
    ],
)
def test_settings_that_do_not_fit_together(settings: ModelSettings, preprocessing: Preprocessing, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings.check(preprocessing)


def test_a_recipe_whose_sizes_do_not_fit_is_refused() -> None:
    assert isinstance(load_recipe("fsns-seed"), Recipe)
    with pytest.raises(RecipeError, match=r"recipe fsns-seed.*\n.*needs 2 rows after the stages, here are 1"):
        load_recipe("fsns-seed", ["preprocessing.height=64"])
