"""Order, replacement and collation of samples."""

import itertools
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crnn_seq2seq_ocr.config import Augmentation, Preprocessing
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.rules import encode_text
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.model.recognizer import normalise
from crnn_seq2seq_ocr.text import EOS_ID, PAD_ID, Tokenizer
from crnn_seq2seq_ocr.training.batches import (
    Batch,
    Collate,
    Dropped,
    Example,
    Positions,
    TrainingExamples,
    training_batches,
)
from tests.conftest import picture_of

ONE_VIEW = Preprocessing(height=32, width=32, views=1)


class Texts:
    """A source of drawn texts; those that begin with ! cannot be read."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    @property
    def description(self) -> str:
        return f"{len(self)} texts"

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Sample:
        text = self.texts[index]
        if text.startswith("!"):
            raise DataError(f"text {index} is broken")
        drawn = picture_of("".join(character for character in text if character in "abc")[:4])
        return Sample(f"text {index}", (drawn,), text)

    def text(self, index: int) -> str:
        return self.texts[index]


def examples(source: Source, *, augmentation: Augmentation | None = None, seed: int = 1) -> TrainingExamples:
    return TrainingExamples(source, Tokenizer("abc"), ONE_VIEW, augmentation=augmentation, max_length=4, seed=seed)


def positions(
    process: int = 0, *, batch_size: int = 2, accumulate: int = 1, processes: int = 1, first: int = 0
) -> Positions:
    return Positions(
        batch_size=batch_size, accumulate=accumulate, process=process, processes=processes, first_step=first
    )


def take(batches: Iterator[Batch], count: int) -> list[Batch]:
    return list(itertools.islice(batches, count))


def test_an_epoch_has_every_sample_once_and_the_next_another_order() -> None:
    items = examples(Texts(["a", "b", "c", "ab", "ba", "ca", "cb"]))
    epochs = [[items[epoch * 7 + place][0].name for place in range(7)] for epoch in range(4)]  # type: ignore[union-attr]
    assert all(len(set(epoch)) == 7 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


@pytest.mark.parametrize("accumulate", [1, 3])
def test_two_processes_share_the_global_batch_of_one(accumulate: int) -> None:
    """A step's samples are the same for 1 process x 4 and for 2 processes x 2, at any starting step."""
    for first in (0, 5):
        alone = iter(positions(batch_size=4, accumulate=accumulate, first=first))
        pair = [
            iter(positions(process, batch_size=2, accumulate=accumulate, processes=2, first=first))
            for process in range(2)
        ]
        for _ in range(4 * accumulate):
            assert next(alone) == next(pair[0]) + next(pair[1])


def test_positions_go_on_from_a_step_as_if_never_stopped() -> None:
    whole = list(itertools.islice(positions(batch_size=3, accumulate=2), 10))
    assert list(itertools.islice(positions(batch_size=3, accumulate=2, first=2), 6)) == whole[4:]
    assert list(itertools.chain.from_iterable(whole)) == list(range(30))


def test_normalise_is_the_originals_arithmetic_for_every_byte() -> None:
    values = np.arange(256, dtype=np.uint8)
    expected = (2 * (values.astype(np.float64) / 255) - 1).astype(np.float32)
    result = normalise(torch.from_numpy(values)).numpy()
    assert result.dtype == np.float32
    assert (result.view(np.int32) == expected.view(np.int32)).all()


def test_unusable_samples_are_replaced_the_same_way_each_time_and_named() -> None:
    texts = ["a", "!", "abcab", "", "bœ", "ab", "c", "ba"]
    runs = [
        [
            batch
            for batch in take(
                training_batches(examples(Texts(texts)), Collate(None, True), positions(), workers=0, pin_memory=False),
                8,
            )
        ]
        for _ in range(2)
    ]
    assert [batch.names for batch in runs[0]] == [batch.names for batch in runs[1]]
    assert {name for batch in runs[0] for name in batch.names} == {"text 0", "text 5", "text 6", "text 7"}
    assert all(len(batch.names) == 2 for batch in runs[0])
    dropped = [each for batch in runs[0] for each in batch.dropped]
    assert dropped == [each for batch in runs[1] for each in batch.dropped]
    assert set(dropped) == {
        Dropped("sample 1", "text 1 is broken"),
        Dropped("sample 2", "text 2: the text has 5 characters, text.max_length is 4"),
        Dropped("sample 3", "text 3: the text is empty"),
        Dropped("sample 4", "text 4: 'bœ' holds 'œ' (U+0153 LATIN SMALL LIGATURE OE), which the charset does not have"),
    }


@pytest.mark.parametrize("count", [3, 250])
def test_a_source_with_nothing_usable_says_why(count: int) -> None:
    batches = training_batches(
        examples(Texts(["!"] * count)), Collate(None, True), positions(), workers=0, pin_memory=False
    )
    with pytest.raises(DataError, match=r"(?s)no usable sample.*text \d+ is broken.*text \d+ is broken"):
        next(batches)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s1: the text is empty"),
        ("  ", "s1: the text is empty"),
        ("aaaaa", "s1: the text has 5 characters, text.max_length is 4"),
    ],
)
def test_texts_that_training_cannot_use(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode_text(text, Tokenizer("abc"), 4, name="s1")


def test_a_text_of_the_longest_length_is_used() -> None:
    assert encode_text("abca", Tokenizer("abc"), 4, name="s") == [4, 5, 6, 4, EOS_ID]


def example(name: str, real: int, ids: list[int], views: int = 3) -> Example:
    pixels = np.full((views, 2, 5, 3), len(name), np.uint8)
    pixels[..., 1] = 9
    return Example(name, pixels, np.arange(views) < real, ids)


def only(batches: list[Batch] | DataError) -> Batch:
    assert isinstance(batches, list)
    (batch,) = batches
    return batch


def test_a_batch_has_the_shapes_and_padding_promised() -> None:
    batch = only(Collate(None, trim_views=False)([(example("x", 1, [4, 2]), []), (example("yy", 2, [4, 5, 2]), [])]))
    assert batch.images.shape == (2, 3, 3, 2, 5)
    assert batch.images.dtype == torch.uint8
    assert (batch.images[1, :, 0] == 2).all()
    assert (batch.images[:, :, 1] == 9).all()
    assert batch.view_mask.tolist() == [[True, False, False], [True, True, False]]
    assert batch.targets.tolist() == [[4, 2, PAD_ID], [4, 5, 2]]
    assert batch.targets.dtype == torch.int64
    assert batch.names == ["x", "yy"]


def test_views_that_no_sample_has_are_left_away_if_asked() -> None:
    pair: list[tuple[Any, list[Any]]] = [(example("x", 1, [2]), []), (example("y", 2, [2]), [])]
    trimmed = only(Collate(None, trim_views=True)(pair))
    assert trimmed.images.shape[1] == trimmed.view_mask.shape[1] == 2
    assert trimmed.view_mask.tolist() == [[True, False], [True, True]]


def test_target_length_can_be_fixed() -> None:
    batch = only(Collate(6, trim_views=True)([(example("x", 1, [4, 2]), [])]))
    assert batch.targets.tolist() == [[4, 2, 0, 0, 0, 0]]


def test_augmentation_differs_between_epochs_and_repeats_with_the_seed() -> None:
    source = Texts(["ab"])
    strong = Augmentation(noise=1.0)

    def views(position: int, seed: int = 1) -> np.ndarray:
        found = examples(source, augmentation=strong, seed=seed)[position][0]
        assert found is not None
        return found.views

    assert (views(0) == views(0)).all()
    assert (views(0) != views(1)).any()
    assert (views(0) != views(0, seed=2)).any()
    plain = examples(source)[0][0]
    assert plain is not None
    assert (plain.views[0] == picture_of("ab")).all()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2])
def test_workers_give_the_same_batches_as_none_and_end_when_closed(pictures: Path, workers: int) -> None:
    items = examples(Folder(pictures), augmentation=Augmentation(noise=0.5))
    pickle.dumps(items)
    plain = take(training_batches(items, Collate(None, True), positions(), workers=0, pin_memory=False), 8)
    batches = training_batches(items, Collate(None, True), positions(), workers=workers, pin_memory=False)
    spawned = take(batches, 8)
    workers_then = torch.multiprocessing.active_children()
    batches.close()
    assert len(workers_then) == workers
    assert not torch.multiprocessing.active_children()
    for ours, theirs in zip(plain, spawned, strict=True):
        assert ours.names == theirs.names
        assert torch.equal(ours.images, theirs.images)
        assert torch.equal(ours.targets, theirs.targets)
        assert torch.equal(ours.view_mask, theirs.view_mask)


class Strips(Texts):
    """Pictures of height 32 whose widths are in their texts, as so many letters."""

    def __getitem__(self, index: int) -> Sample:
        text = self.texts[index]
        return Sample(f"text {index}", (np.full((32, 30 * len(text), 3), 10 * len(text), np.uint8),), text)


FIT = Preprocessing(height=32, width=128, resize="fit", width_step=32)
WIDTHS = ["a", "abca", "ab", "b", "abc", "abcb", "c", "ac", "bb", "cabc", "cc", "bca"]


def strips(seed: int = 1) -> TrainingExamples:
    return TrainingExamples(Strips(WIDTHS), Tokenizer("abc"), FIT, augmentation=None, max_length=4, seed=seed)


def pooled(first: int = 0, process: int = 0, processes: int = 1) -> Iterator[Batch]:
    where = Positions(batch_size=2, accumulate=1, process=process, processes=processes, first_step=first, pool=3)
    return training_batches(strips(), Collate(None, True, batches=3), where, workers=0, pin_memory=False)


def test_a_pool_is_cut_into_batches_of_like_width() -> None:
    batches = take(pooled(), 24)
    for start in range(0, 24, 3):
        widths = sorted((batch.images.shape[4], batch.images.shape[4]) for batch in batches[start : start + 3])
        assert all(width in (32, 64, 96, 128) for width, _ in widths)
    names = [name for batch in batches[:6] for name in batch.names]
    assert sorted(names) == sorted(f"text {index}" for index in range(12))  # an epoch has each once
    padded = sum(batch.images.shape[4] * 2 for batch in batches)
    own = sum(-(-30 * len(WIDTHS[int(name.split()[1])]) // 32) * 32 for batch in batches for name in batch.names)
    assert padded < 1.2 * own
    orders = {tuple(batch.images.shape[4] for batch in batches[start : start + 3]) for start in range(0, 24, 3)}
    assert any(list(order) != sorted(order) for order in orders)


def test_pools_go_on_in_the_middle_as_if_never_interrupted() -> None:
    whole = take(pooled(), 9)
    for first in (1, 3, 5):
        rest = take(pooled(first), 4)
        assert [batch.names for batch in rest] == [batch.names for batch in whole[first : first + 4]]


def test_processes_share_a_pool_and_have_like_widths_at_each_step() -> None:
    ours, theirs = (take(pooled(process=process, processes=2), 3) for process in (0, 1))
    names = [name for batch in (*ours, *theirs) for name in batch.names]
    assert sorted(names) == sorted(f"text {index}" for index in range(12))


def test_a_narrower_picture_is_filled_with_the_colour_of_its_edge() -> None:
    where = Positions(batch_size=12, accumulate=1, process=0, processes=1, first_step=0)
    batch = next(training_batches(strips(), Collate(None, True), where, workers=0, pin_memory=False))
    assert batch.images.shape == (12, 1, 3, 32, 128)
    for image, name in zip(batch.images, batch.names, strict=True):
        assert (image == 10 * len(WIDTHS[int(name.split()[1])])).all()


class Broken(Texts):
    """A source with a fault of its own."""

    def __getitem__(self, index: int) -> Sample:
        raise RuntimeError("a fault of the source")


@pytest.mark.slow
def test_workers_end_when_one_of_them_fails() -> None:
    batches = training_batches(examples(Broken(["a"])), Collate(None, True), positions(), workers=1, pin_memory=False)
    with pytest.raises(RuntimeError, match="a fault of the source"):
        next(batches)
    assert not torch.multiprocessing.active_children()
