"""The recipes that come with the package: they parse, and their networks can be built."""

import pytest
import torch

from crnn_seq2seq_ocr.config import Recipe, load_recipe, recipe_names
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import FSNS_CHARSET, SPECIAL_COUNT, WORDS_CHARSET
from crnn_seq2seq_ocr.training.finetune import resolve_charset
from crnn_seq2seq_ocr.training.overfit import overfit_recipe


class NoTexts:
    """A source that nothing may be asked of."""

    description = "nothing"

    def __len__(self) -> int:
        raise AssertionError

    def __getitem__(self, index: int) -> object:
        raise AssertionError

    def text(self, index: int) -> str:
        raise AssertionError


def build(recipe: Recipe) -> Recognizer:
    charset = resolve_charset(recipe.text, NoTexts())  # type: ignore[arg-type]
    with torch.device("meta"):
        return Recognizer(recipe.model, recipe.preprocessing, SPECIAL_COUNT + len(charset))


@pytest.mark.parametrize("name", recipe_names())
def test_its_network_takes_its_pictures(name: str) -> None:
    recipe = load_recipe(name)
    size = recipe.preprocessing
    images = torch.zeros(2, size.views, 3, size.height, size.width, device="meta")
    view_mask = torch.ones(2, size.views, dtype=torch.bool, device="meta")
    inputs = torch.ones(2, 3, dtype=torch.long, device="meta")
    network = build(recipe)
    logits = network(images, view_mask, inputs, torch.ones_like(inputs, dtype=torch.bool)).steps
    charset = WORDS_CHARSET if recipe.text.charset == "words" else FSNS_CHARSET
    classes = recipe.text.classes or SPECIAL_COUNT + len(charset)
    assert logits.shape == (2, 3, classes)


def test_the_original_has_its_number_of_trained_parameters() -> None:
    parameters = list(build(load_recipe("fsns-seed")).parameters())
    # Its build for the CPU has a second bias for each gate, ours is the one for Ascend: 2,048 are dead.
    assert sum(each.numel() for each in parameters if each.requires_grad) == 11_843_024
    assert sum(each.numel() for each in parameters) == 11_845_072


def test_the_original_fills_its_charset_to_ten_thousand_classes() -> None:
    charset = resolve_charset(load_recipe("fsns-seed").text, NoTexts())  # type: ignore[arg-type]
    assert charset.startswith(FSNS_CHARSET)
    assert len(charset) + SPECIAL_COUNT == 10_000


@pytest.mark.parametrize("name", recipe_names())
def test_its_self_check_has_nothing_random_and_validates_what_it_learns(name: str) -> None:
    recipe = overfit_recipe(load_recipe(name), 2)
    assert recipe.augmentation is None
    assert recipe.model.encoder.dropout == recipe.model.decoder.dropout == 0
    assert recipe.data.validation == recipe.data.train
    assert recipe.data.train_samples == recipe.training.validation_samples == 2 * recipe.training.batch_size
    assert Recipe.model_validate(recipe.model_dump()) == recipe
