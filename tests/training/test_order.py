"""Orders are permutations that mix; in order of shards files are read one after the other."""

import itertools
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.data.combined import Joined, Stretched, Subset
from crnn_seq2seq_ocr.data.formats.webdataset import WebDataset, write_tar
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.batches import TrainingExamples
from crnn_seq2seq_ocr.training.order import Windows, order_of, shuffled


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 16, 17, 63, 64, 65, 100, 257, 1000, 4097])
@pytest.mark.parametrize("key", [0, 1, 1_000_003, 2**40 + 7])
def test_shuffled_is_a_permutation(size: int, key: int) -> None:
    assert sorted(shuffled(position, size, key) for position in range(size)) == list(range(size))


def test_shuffled_is_another_permutation_for_each_key_and_mixes() -> None:
    orders = [[shuffled(position, 1000, key) for position in range(1000)] for key in range(5)]
    for first, second in itertools.combinations(orders, 2):
        assert sum(a == b for a, b in zip(first, second, strict=True)) < 20
    for order in orders:
        assert abs(np.corrcoef(order, range(1000))[0, 1]) < 0.15


def test_shuffled_puts_every_sample_everywhere() -> None:
    firsts = Counter(shuffled(0, 10, key) for key in range(2000))
    assert set(firsts) == set(range(10))
    assert max(firsts.values()) < 2 * min(firsts.values())


def test_shuffled_needs_no_memory_for_a_large_set() -> None:
    size = 10**12
    assert len({shuffled(position, size, 3) for position in range(100)}) == 100


class Numbers:
    """A source of numbers, in shards of some sizes or in none."""

    description = "numbers"

    def __init__(self, size: int) -> None:
        self.size = size
        self.faults: list[str] = []

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Sample:
        return Sample(str(index), (), "")

    def text(self, index: int) -> str:
        return str(index)


class Shards(Numbers):
    def __init__(self, *sizes: int) -> None:
        super().__init__(sum(sizes))
        self.shard_ends = np.cumsum(sizes)


def whole(source: Source, key: int = 5) -> list[int]:
    order = order_of(source, "shards")
    return [order.index(place, key) for place in range(len(source))]


@pytest.mark.parametrize(
    "source",
    [
        Shards(1), Shards(3, 0, 5, 1), Shards(*[500] * 10), Subset(Shards(10, 20, 30), range(35)),
        Subset(Shards(10, 20, 30), np.array([1, 2, 12, 40, 41])), Joined([Shards(9, 4), Numbers(7), Shards(2)]),
        Joined([Stretched(Shards(3, 4), 20), Stretched(Numbers(5), 5)]),
    ],
)  # fmt: skip
def test_every_place_has_a_sample_of_its_own(source: Source) -> None:
    for key in range(3):
        assert sorted(whole(source, key)) == list(range(len(source))) or isinstance(source, Joined)
    counts = Counter(source[index].name for index in whole(source))
    assert len(counts) == len({source[index].name for index in range(len(source))})


def test_shards_come_one_after_the_other_in_another_order_each_time() -> None:
    order = Windows(np.cumsum([256] * 6), window=128)
    orders = []
    for key in range(3):
        indices = [order.index(place, key) for place in range(6 * 256)]
        orders.append([shard for shard, _ in itertools.groupby(index // 256 for index in indices)])
        assert sorted(orders[-1]) == list(range(6))  # none is come back to
        inner = [index % 256 for index in indices[:128]]
        assert max(inner) < 128  # what is near in the file
        assert abs(np.corrcoef(inner, range(128))[0, 1]) < 0.3
    assert len(set(map(tuple, orders))) > 1


def test_of_a_sum_each_source_has_its_pace() -> None:
    source = Joined([Stretched(Shards(100, 100), 300), Stretched(Numbers(700), 700)])
    first = [index < 300 for index in whole(source)]
    for start in range(0, 1000, 50):
        assert sum(first[start : start + 50]) == 15
    again = Counter(index % 200 for index in whole(source) if index < 300)
    assert set(again.values()) == {1, 2}


def test_examples_of_tar_files(tmp_path: Path) -> None:
    for number in range(3):
        members = [(f"{number}{place}", {"png": b"", "txt": b"a"}) for place in range(4)]
        write_tar(tmp_path / f"{number}.tar", members)
    source = open_source(str(tmp_path))
    assert isinstance(source, WebDataset)
    pixels = Preprocessing(height=32, width=32, views=1)
    examples = TrainingExamples(source, Tokenizer("a"), pixels, augmentation=None, max_length=4, seed=1, order="shards")
    indices = [pickle.loads(pickle.dumps(examples)).order.index(place, 1) for place in range(12)]
    assert sorted(indices) == list(range(12))
    with pytest.raises(
        DataError, match=r"data\.order=shards is for data that lies in shards .* which numbers does not"
    ):
        order_of(Numbers(3), "shards")
