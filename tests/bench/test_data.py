"""What each stage from a source to a batch costs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.bench import data
from crnn_seq2seq_ocr.bench.data import BATCH_UNITS, STAGE_UNITS, Stages, bench_data, index_cost
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.convert import convert_to_tfrecord
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.batches import Batch, TrainingExamples
from crnn_seq2seq_ocr.training.data import make_examples
from tests.conftest import TEXTS, MakeRecipe, write_folder


@pytest.fixture(scope="module")
def records(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    convert_to_tfrecord(Folder(pictures), folder, charset="abc", max_length=4, shards=2)
    return folder


def examples_of(recipe: Recipe, folder: Path) -> TrainingExamples:
    return make_examples(recipe, Folder(folder), Tokenizer("abc"))


@pytest.mark.parametrize("augmentation", [None, {"crop_area": 0.9}])
def test_the_stages_of_a_sample_add_up(
    micro: MakeRecipe, pictures: Path, augmentation: dict[str, float] | None
) -> None:
    recipe = micro(augmentation=augmentation)
    found = Stages(examples_of(recipe, pictures), recipe, 5)()
    beside = "split and resize" if augmentation else "split, augment and resize"
    once = [ms for stage, ms in found.items() if stage not in ("a sample in all", beside)]
    assert len(once) == 5
    assert min(once) > 0
    assert found["a sample in all"] == pytest.approx(sum(once))
    assert ("split, augment and resize" in found) == (augmentation is not None)


def test_samples_that_training_would_drop_are_left_out(micro: MakeRecipe, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["ab", "xyz", "abcabc", "c"])
    (folder / "003.png").write_bytes(b"broken")
    recipe = micro()
    assert Stages(examples_of(recipe, folder), recipe, 9)()["a sample in all"] > 0
    (folder / "000.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"no sample of .* can be used, the last because"):
        Stages(examples_of(recipe, folder), recipe, 9)


def test_all_of_it(micro: MakeRecipe, records: Path) -> None:
    found = bench_data(micro(), str(records), workers=[0], samples=4, batches=2, repeats=2)
    whats = [each.what for each in found.measurements]
    stages = [stage for stage in STAGE_UNITS if "augment" not in stage]
    opening = ["open the source", "open, and make the index", "open with that index"]
    assert whats == [*opening, *stages, *BATCH_UNITS]
    assert all(len(each.spread.values) == 2 for each in found.measurements)
    assert found.settings["source"] == f"TFRecords {records}: {len(TEXTS)} samples in 2 of 2 shards"


@pytest.mark.slow
def test_workers_are_compared(micro: MakeRecipe, pictures: Path) -> None:
    found = bench_data(micro(), str(pictures), workers=[0, 1], samples=1, batches=1, repeats=1).measurements
    rates = {each.variant: each for each in found if each.what == "batches"}
    assert list(rates) == ["workers 0", "workers 1"]
    zero, one = rates.values()
    assert zero.ratio is None
    assert one.ratio is not None
    assert one.ratio.median == pytest.approx(one.spread.median / zero.spread.median)
    assert "open with that index" not in [each.what for each in found]


def test_indexes_are_made_elsewhere(records: Path) -> None:
    before = sorted(records.iterdir())
    assert set(index_cost(sorted(records.glob("train*")))) == {"open, and make the index", "open with that index"}
    assert sorted(records.iterdir()) == before


def test_batches_that_are_made_in_pools_are_counted_in_whole_pools(
    micro: MakeRecipe, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = micro(preprocessing__resize="fit", preprocessing__width=64, preprocessing__width_step=16)
    examples = examples_of(recipe, pictures)
    assert Stages(examples, recipe, 5)()["put into a batch"] > 0
    taken: list[int] = []

    def batches_of(*arguments: Any, **options: Any) -> Iterator[Batch]:
        for batch in original(*arguments, **options):
            taken.append(len(batch.names))
            yield batch

    original = data.batches_of
    monkeypatch.setattr(data, "batches_of", batches_of)
    found = data.take_batches(examples, recipe, workers=0, count=1)
    assert found["batches"] > 0
    assert taken == [4] * (2 * 16)  # the first pool is not counted, the second is
