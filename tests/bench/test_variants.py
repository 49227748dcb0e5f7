"""``--vary``: the recipes that are compared."""

import pytest

from crnn_seq2seq_ocr.bench.variants import vary
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.errors import RecipeError


def test_nothing_varies() -> None:
    found = vary("tiny", ["training.batch_size=3"], [])
    assert list(found) == [""]
    assert found[""].training.batch_size == 3


def test_every_combination_in_order() -> None:
    found = vary("tiny", [], ["training.precision=fp32,bf16", "training.compile=false,true"])
    assert list(found) == [
        "precision=fp32 compile=false",
        "precision=fp32 compile=true",
        "precision=bf16 compile=false",
        "precision=bf16 compile=true",
    ]
    assert [(each.training.precision, each.training.compile) for each in found.values()] == [
        ("fp32", False), ("fp32", True), ("bf16", False), ("bf16", True)
    ]  # fmt: skip


def test_values_may_be_lists_numbers_null_and_texts_that_look_like_them() -> None:
    def varied(variation: str) -> list[Recipe]:
        return list(vary("tiny", [], [variation]).values())

    pools = varied("model.encoder.stages.0.pool=[1, 2],[2, 2]")
    assert [each.model.encoder.stages[0].pool for each in pools] == [(1, 2), (2, 2)]
    assert [each.training.optimizer.clip for each in varied("training.optimizer.clip=null,1e-1")] == [None, 0.1]
    assert [each.text.charset for each in varied("text.charset='012',abc")] == ["012", "abc"]


def test_settings_of_the_same_name_keep_their_sections() -> None:
    found = vary("tiny", [], ["model.width=32,64", "preprocessing.width=64,128"])
    assert next(iter(found)) == "model.width=32 preprocessing.width=64"


@pytest.mark.parametrize("variation", ["model.width", "model.width=", "=32,64", "model.width=[,"])
def test_what_is_no_variation(variation: str) -> None:
    with pytest.raises(RecipeError, match=r"is no variation: write it as section.setting=value,value"):
        vary("tiny", [], [variation])


def test_values_that_a_setting_does_not_take() -> None:
    with pytest.raises(RecipeError, match=r"training\.precision"):
        vary("tiny", [], ["training.precision=fp32,fp7"])
    with pytest.raises(RecipeError, match="did you mean 'precision'"):
        vary("tiny", [], ["training.precisoin=fp32,bf16"])
