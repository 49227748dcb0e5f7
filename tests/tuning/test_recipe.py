"""The settings that the number of samples and the model ask for."""

from crnn_seq2seq_ocr.checkpoint.folders import load_description
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.tuning.recipe import DRAWN, lacking, steps_for, tuning_recipe


def recipe_for(base: Description, *, samples: int, keep: str | None = None, characters: str = "") -> Recipe:
    return tuning_recipe(
        base,
        name="mine",
        learn="mine?hash=0-80",
        check="mine?hash=80-100",
        keep=keep,
        samples=samples,
        checked=40,
        characters=characters,
        longest=120,
        length=9.0,
        from_scratch=False,
    )


def test_sizes_and_characters_are_the_models() -> None:
    words = load_description(pretrained_models()["words"])
    recipe = recipe_for(words, samples=100, characters="№³")
    assert recipe.model == words.model
    assert recipe.preprocessing == words.preprocessing
    assert recipe.text.charset == words.charset + "№³"
    assert recipe.text.max_length == 120  # one that looks for each character reads longer texts too
    assert (recipe.training.loss.ctc, recipe.training.loss.counts) == (0.3, 0)
    assert recipe.training.precision == "fp32"
    assert recipe.training.patience is not None
    assert 1 / 40 < recipe.training.tolerance < 2 / 40
    assert recipe.training.teacher_forcing.wrong > 0


def test_a_model_of_several_views_is_kept_by_signs() -> None:
    recipe = recipe_for(load_description(pretrained_models()["fsns"]), samples=100, keep=DRAWN["signs"].learn)
    assert " + synthetic:signs?" in recipe.data.train
    assert (recipe.training.loss.ctc, recipe.training.loss.counts) == (0, 0.1)


def test_steps_grow_with_the_samples_within_bounds() -> None:
    steps = [steps_for(samples, 9.0) for samples in (1, 100, 400, 10_000, 100_000_000)]
    assert steps == sorted(steps)
    assert steps[2] == 2 * steps[1]


def test_longer_texts_take_fewer_steps() -> None:
    assert steps_for(400, 2.0) == steps_for(400, 10.0) == 2 * steps_for(400, 40.0)


def test_the_share_of_the_own_pictures_does_not_depend_on_their_number() -> None:
    words = load_description(pretrained_models()["words"])
    for samples in (50, 500):
        train = recipe_for(words, samples=samples, keep=DRAWN["words"].learn).data.train
        own, drawn = train.split(" + ")
        times, count = int(own.rpartition("repeat=")[2]), int(drawn.rpartition("count=")[2])
        assert abs(times * samples / (times * samples + count) - 0.6) < 0.05


def test_characters_that_a_model_lacks_are_found_once_and_variants_are_none() -> None:
    words = load_description(pretrained_models()["words"])
    assert lacking(words, ["№", "a", "’", "³", "№"]) == "³№"
