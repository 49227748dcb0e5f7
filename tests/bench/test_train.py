"""What a step of training costs: numbers that belong together."""

import pytest
import torch

from crnn_seq2seq_ocr.bench.train import STEP_UNITS, bench_train, prepared_batches, run_cost
from crnn_seq2seq_ocr.errors import DataError
from tests.conftest import TEXTS, MakeRecipe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(micro: MakeRecipe) -> dict[tuple[str, str], float]:
    """Medians of two variants, one repeat of two steps each."""
    recipes = {"fp32": micro(), "bf16": micro(training__precision="bf16", training__optimizer__average=0.9)}
    benchmark = bench_train(recipes, batches=2, repeats=1, steps=0)
    return {(each.what, each.variant): each.spread.median for each in benchmark.measurements}


def test_every_number_is_there(found: dict[tuple[str, str], float]) -> None:
    expected = {(what, variant) for what in STEP_UNITS for variant in ("fp32", "bf16")}
    assert set(found) == expected | {("matrix product, fp32", ""), ("matrix product, bf16", "")}


def test_shares_and_rates_follow_from_the_times(found: dict[tuple[str, str], float]) -> None:
    parts = [what for what in STEP_UNITS if what.startswith(("encoder, ", "decoder and loss, ", "update"))]
    assert len(parts) == 5
    for variant in ("fp32", "bf16"):
        whole = sum(found[part, variant] for part in parts)
        decoder = found["decoder and loss, forward", variant] + found["decoder and loss, backward", variant]
        assert found["decoder's share of the parts", variant] == pytest.approx(100 * decoder / whole)
        assert found["pictures a second", variant] == pytest.approx(4 / found["step", variant] * 1000)


def test_the_arithmetic_is_the_same_in_both_and_is_compared_to_the_product(
    found: dict[tuple[str, str], float],
) -> None:
    assert found["arithmetic of a step", "fp32"] == found["arithmetic of a step", "bf16"] > 0
    for variant in ("fp32", "bf16"):
        done = found["arithmetic of a step", variant] / found["step", variant]  # GFLOP / ms = TFLOP/s
        assert found["arithmetic done", variant] == pytest.approx(done)
        share = 100 * done / found[f"matrix product, {variant}", ""]
        assert found["share of the matrix product", variant] == pytest.approx(share)


def test_the_batches_are_those_of_training(micro: MakeRecipe) -> None:
    batches, classes = prepared_batches(micro(), 3)
    assert classes == 4 + 3
    assert [len(batch.names) for batch in batches] == [4, 4, 4]
    assert len({name for batch in batches for name in batch.names}) == len(TEXTS)
    again, _ = prepared_batches(micro(), 3)
    assert all(torch.equal(batch.images, other.images) for batch, other in zip(batches, again, strict=True))


def test_a_real_training_is_measured_in_its_own_process(micro: MakeRecipe) -> None:
    cost = run_cost(micro(training__steps=1), steps=2, stretches=3)
    assert len(cost.pictures_per_second.values) == len(cost.data_wait.values) == 3
    assert min(cost.pictures_per_second.values) > 0
    assert all(0 <= share <= 1 for share in cost.data_wait.values)
    assert cost.memory > 50e6
    assert (cost.device_memory is None) == (not torch.accelerator.is_available())


def test_what_is_wrong_with_the_data_is_told(micro: MakeRecipe) -> None:
    recipe = micro(text__charset="x")
    with pytest.raises(DataError, match="no usable sample"):
        bench_train({"": recipe}, batches=1, repeats=1, steps=0)
    with pytest.raises(DataError, match="no usable sample"):
        run_cost(recipe, steps=1, stretches=1)
