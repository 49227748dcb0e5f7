"""Recipes: what is wrong is found and named, all at once."""

from pathlib import Path

import pytest
import yaml

from crnn_seq2seq_ocr.config import Augmentation, ConvTransformerSettings, Recipe, load_recipe, recipe_names
from crnn_seq2seq_ocr.errors import RecipeError
from tests.conftest import MakeRecipe


@pytest.fixture
def recipe_file(tmp_path: Path, micro: MakeRecipe) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(micro().model_dump(mode="json")), encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    """The lines of the error that a recipe gives."""
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path), list(overrides))
    return str(caught.value).splitlines()


def test_a_file_gives_its_recipe(recipe_file: Path, micro: MakeRecipe) -> None:
    assert load_recipe(str(recipe_file)) == micro()


def test_all_problems_are_listed_at_once_with_their_places(recipe_file: Path) -> None:
    first, *listed = problems(
        recipe_file,
        "training.steps=0",
        "training.precision=bf17",
        "augmentation.blur=2",
        "training.optimizer.betas=[0.9]",
        "data.train=null",
    )
    assert first == f"recipe {recipe_file}: 5 problems"
    places = {line.split(":")[0].strip() for line in listed}
    assert places == {
        "training.steps",
        "training.precision",
        "augmentation.blur",
        "training.optimizer.betas.1",
        "data.train",
    }


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("trainig.steps=3", "trainig: there is no such setting (did you mean 'training'?)"),
        (
            "training.optimizer.learningrate=1",
            "training.optimizer.learningrate: there is no such setting (did you mean 'learning_rate'?)",
        ),
        ("augmentation.brightnes=0", "augmentation.brightnes: there is no such setting (did you mean 'brightness'?)"),
        (
            "model.encoder.stages.1.chanels=4",
            "model.encoder.stages.1.chanels: there is no such setting (did you mean 'channels'?)",
        ),
        ("data.zzz=1", "data.zzz: there is no such setting"),
    ],
)
def test_unknown_names_get_the_nearest_known_one(recipe_file: Path, override: str, expected: str) -> None:
    assert problems(recipe_file, override)[1].strip() == expected


def test_overrides_reach_sections_nulls_and_lists(recipe_file: Path) -> None:
    recipe = load_recipe(
        str(recipe_file),
        [
            "training.steps=7",
            "augmentation.blur=0.5",
            "model.encoder.stages.0.channels=12",
            "data.validation=a b?c=1&d",
            "training.optimizer.clip=null",
            "training.optimizer.learning_rate=1e-4",
        ],
    )
    assert recipe.training.steps == 7
    assert recipe.augmentation == Augmentation(blur=0.5)
    assert [stage.channels for stage in recipe.model.encoder.stages] == [12, 8]
    assert recipe.data.validation == "a b?c=1&d"
    assert recipe.training.optimizer.clip is None
    assert recipe.training.optimizer.learning_rate == 1e-4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.steps", "section.setting=value"),
        ("=3", "section.setting=value"),
        ("training.steps=[1", "not valid YAML"),
        ("model.encoder.stages.5.channels=1", "from 0 to 1"),
        ("model.encoder.stages.first.channels=1", "from 0 to 1"),
        ("model.encoder.stages.2={channels: 3}", "from 0 to 1"),
    ],
)
def test_overrides_that_are_none_are_refused(recipe_file: Path, override: str, message: str) -> None:
    assert message in problems(recipe_file, override)[0]


def test_an_unknown_recipe_is_compared_with_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'tinny' \(did you mean 'tiny'\?\); there are fsns, fsns-s"):
        load_recipe("tinny")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no recipe file"),
        (b"a: [1", "not valid YAML"),
        (b"- a\n", "must hold settings by name"),
        (b"", "must hold settings by name"),
        (b"name: \xff", "cannot be read"),
        (b"1: 2", "1 problem"),
    ],
)
def test_files_that_hold_no_recipe(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "broken.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert str(path) in str(caught.value)
    assert message in str(caught.value) or "problems" in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["preprocessing.height=8"], "pooling leaves 0 x 8 cells of a view of 8 x 32 pixels"),
        (["model.decoder.attention=position"], "'position' needs encoder.views 'channels'"),
        (["model.encoder.features=16"], "encoder.features needs encoder.views 'channels'"),
        (["model.encoder.views=channels", "preprocessing.views=3"], "width 16 must divide by preprocessing.views 3"),
        (["model.encoder.views=channels", "preprocessing.height=64"], "needs 2 rows after the stages, here are 4"),
    ],
)
def test_settings_that_do_not_fit_together(recipe_file: Path, overrides: list[str], message: str) -> None:
    assert message in problems(recipe_file, *overrides)[1]


def test_settings_do_not_change(micro: MakeRecipe) -> None:
    with pytest.raises(ValueError, match="frozen"):
        micro().name = "other"  # type: ignore[misc]


def test_memory_size_follows_the_pooling(micro: MakeRecipe) -> None:
    recipe = micro()
    assert recipe.model.encoder.cells(recipe.preprocessing) == (2, 8)


TRANSFORMER = ["model.encoder={kind: conv_transformer, stages: [{channels: 8, pool: [8, 4]}], heads: 2}"]


def test_an_encoder_that_names_no_kind_is_of_the_first(recipe_file: Path) -> None:
    encoder = load_recipe(str(recipe_file)).model.encoder
    assert encoder.kind == "vgg_lstm"
    assert "kind" not in encoder.model_dump(), "what earlier versions wrote, and read"
    recipe = load_recipe(str(recipe_file), TRANSFORMER)
    assert isinstance(recipe.model.encoder, ConvTransformerSettings)
    assert Recipe.model_validate(yaml.safe_load(yaml.safe_dump(recipe.model_dump(mode="json")))) == recipe


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.encoder.kind=vgg_lsmt"], "model.encoder.kind: there is no 'vgg_lsmt' (did you mean 'vgg_lstm'?)"),
        (["model.encoder.kind=x"], "model.encoder.kind: there is no 'x' (there are vgg_lstm, conv_transformer)"),
        (
            [*TRANSFORMER, "model.encoder.head=2"],
            "model.encoder.head: there is no such setting (did you mean 'heads'?)",
        ),
        ([*TRANSFORMER, "model.encoder.heads=3"], "model.width 16 must divide by encoder.heads 3"),
        ([*TRANSFORMER, "model.encoder.stages.0.channels=0"], "model.encoder.stages.0.channels: Input should be"),
    ],
)
def test_what_is_wrong_with_an_encoder_is_said_in_the_recipes_own_words(
    recipe_file: Path, overrides: list[str], expected: str
) -> None:
    assert expected in problems(recipe_file, *overrides)[1]


def test_a_recipe_survives_writing_and_reading(micro: MakeRecipe) -> None:
    recipe = micro(augmentation={})
    assert Recipe.model_validate(yaml.safe_load(yaml.safe_dump(recipe.model_dump(mode="json")))) == recipe


def test_the_recipes_of_the_package() -> None:
    assert recipe_names() == ["fsns", "fsns-seed", "tiny", "words", "words-rows"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training__loss": {"ctc": 0.3}}, "needs one row of cells, the stages leave 2: set model.encoder.cell_rows"),
        ({"training__loss": {"ctc": 0.3}, "preprocessing__views": 2}, "needs one view, preprocessing.views is 2"),
        (
            {"training__loss": {"counts": 0.3}, "model__encoder__cell_rows": "max"},
            "training.loss.counts needs model.encoder.cell_rows: each",
        ),
        ({"training__loss": {"letters_first": 5}}, "letters_first needs training.loss.ctc or training.loss.counts"),
    ],
)
def test_losses_of_the_second_output_need_what_they_look_at(
    micro: MakeRecipe, changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        micro(model__encoder__cell_output=True, **changes)
