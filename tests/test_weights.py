"""The models that come with the package read what they never saw."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.checkpoint.folders import ONNX, find_model
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.inference.reader import Reader

MOST_BYTES, MOST_BYTES_TOGETHER = 40_000_000, 75_000_000

DATA = {
    "fsns": ("synthetic:signs?names=test&difficulty=0&count=20&seed=11", 15),
    "words": ("synthetic:words?part=test&difficulty=0&count=20&seed=11", 15),
}
"""Data of no training, and how many of the twenty must be right."""


@pytest.fixture(params=sorted(DATA))
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def describe(name: str) -> Description:
    return load_model(Path(name))[1]


def test_only_what_is_described_comes_along() -> None:
    assert set(pretrained_models()) == set(DATA)


@pytest.mark.slow
def test_it_reads_what_it_never_saw(name: str) -> None:
    data, least = DATA[name]
    source = open_source(data)
    readings = list(Reader.load(name, device="cpu").stream(source[index] for index in range(20)))
    right = sum(reading.text == source.text(index) for index, reading in enumerate(readings))
    assert right >= least, [reading.text for reading in readings]
    assert all(0 < reading.confidence <= 1 for reading in readings)


@pytest.mark.slow
def test_both_engines_read_the_same(name: str) -> None:
    """Both files come along, and are of the same weights."""
    assert (find_model(Path(name)) / ONNX).is_file()
    source = open_source(DATA[name][0])
    with_onnx, with_torch = (Reader.load(name, device="cpu", backend=backend) for backend in ("onnx", "torch"))
    assert with_onnx.description == with_torch.description
    samples = [source[index] for index in range(4)]
    for one, other in zip(with_onnx.stream(samples), with_torch.stream(samples), strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_all_together_are_small() -> None:
    sizes = [path.stat().st_size for folder in pretrained_models().values() for path in folder.iterdir()]
    assert sum(sizes) <= MOST_BYTES_TOGETHER


def test_it_is_small_and_says_what_it_is_good_for(name: str) -> None:
    folder = find_model(Path(name))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_BYTES
    description = describe(name)
    assert description.name == name
    assert description.about.endswith(".")
    assert description.results
    assert all(each.samples >= 10 and each.cer >= 0 for each in description.results)


def test_a_training_of_its_recipe_can_go_on_from_it(name: str) -> None:
    from crnn_seq2seq_ocr.config import load_recipe
    from crnn_seq2seq_ocr.training.finetune import resolve_charset

    recipe, description = load_recipe(name), describe(name)
    assert recipe.model == description.model
    assert recipe.preprocessing == description.preprocessing
    assert set(resolve_charset(recipe.text, open_source(DATA[name][0]))) <= set(description.charset)
