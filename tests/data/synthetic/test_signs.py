"""The source of synthetic signs: the same everywhere, in the layout of FSNS."""

import hashlib
import multiprocessing
import pickle
from collections import Counter

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.synthetic.lettering import letter
from crnn_seq2seq_ocr.data.synthetic.names import part_of
from crnn_seq2seq_ocr.data.synthetic.settings import SignSettings
from crnn_seq2seq_ocr.data.synthetic.signs import SyntheticSigns, draw_view_count, open_signs
from crnn_seq2seq_ocr.errors import DataError


def digest(sample: Sample) -> str:
    return hashlib.sha256(np.ascontiguousarray(sample.images[0]).tobytes() + sample.text.encode()).hexdigest()


def digests(source: SyntheticSigns, indices: list[int]) -> list[str]:
    return [digest(source[index]) for index in indices]


def views_of(sample: Sample) -> list[np.ndarray]:
    return np.split(np.asarray(sample.images[0]), 4, axis=1)


def is_noise(view: np.ndarray) -> bool:
    """Uniform noise: neighbours are as far apart as any two values."""
    steps = np.abs(np.diff(view.astype(int), axis=1)).mean()
    return bool(75 < steps < 95)


@pytest.fixture(scope="module")
def signs() -> SyntheticSigns:
    return SyntheticSigns(SignSettings(count=500))


@pytest.fixture(scope="module")
def samples(signs: SyntheticSigns) -> list[Sample]:
    return [signs[index] for index in range(60)]


def test_layout(samples: list[Sample]) -> None:
    for sample in samples:
        (strip,) = sample.images
        assert isinstance(strip, np.ndarray)
        assert strip.shape == (150, 600, 3)
        assert strip.dtype == np.uint8
    assert len({sample.name for sample in samples}) == len(samples)


def test_missing_views_are_noise_and_the_last(samples: list[Sample]) -> None:
    assert {sample.views for sample in samples} > {4}
    for sample in samples:
        assert sample.views is not None
        assert sample.views >= 1
        assert [is_noise(view) for view in views_of(sample)] == [place >= sample.views for place in range(4)]


def test_about_one_view_in_ten_is_missing() -> None:
    counts = Counter(draw_view_count(np.random.default_rng(seed), 4, 1.0) for seed in range(5000))
    assert set(counts) == {1, 2, 3, 4}
    missing = sum((4 - views) * count for views, count in counts.items()) / 20_000
    assert missing == pytest.approx(13 / 132, abs=0.02)


def test_views_can_be_limited() -> None:
    sample = SyntheticSigns(SignSettings(views=2, difficulty=0))[0]
    assert sample.views == 2
    assert [is_noise(view) for view in views_of(sample)] == [False, False, True, True]


def test_some_views_have_a_strip_of_noise(samples: list[Sample]) -> None:
    found = sum(
        is_noise(view[:, -7:]) or is_noise(view[:, :7])
        for sample in samples
        for view in views_of(sample)[: sample.views]
    )
    assert 3 <= found <= 60


def test_a_pure_function_of_seed_and_index(signs: SyntheticSigns, samples: list[Sample]) -> None:
    again = SyntheticSigns(SignSettings(count=500))
    # In another order, from another object.
    assert digests(again, [7, 3, 0]) == [digest(samples[7]), digest(samples[3]), digest(samples[0])]
    assert digest(SyntheticSigns(SignSettings(seed=2))[0]) != digest(samples[0])
    assert digest(signs[-1]) == digest(signs[499])


@pytest.mark.slow
def test_the_same_in_another_process(signs: SyntheticSigns, samples: list[Sample]) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(digests, (signs, [0, 5, 11])) == [digest(samples[index]) for index in (0, 5, 11)]


def test_pickles_are_small(signs: SyntheticSigns) -> None:
    assert signs[0].text
    assert len(pickle.dumps(signs)) < 1000


def test_the_text_alone_is_the_text_of_the_sample(signs: SyntheticSigns, samples: list[Sample]) -> None:
    assert [signs.text(index) for index in range(60)] == [sample.text for sample in samples]


def test_names_are_of_the_part() -> None:
    source = open_signs("names=test&count=30")
    assert {part_of(source.text(index)) for index in range(30)} == {"test"}


def test_length_and_bounds(signs: SyntheticSigns) -> None:
    assert len(signs) == 500
    assert "500" in signs.description
    with pytest.raises(IndexError):
        signs[500]


def test_wrong_options_are_a_data_error() -> None:
    with pytest.raises(DataError, match="did you mean 'count'"):
        open_signs("coutn=5")


def test_without_difficulty_all_views_are_clean_and_alike() -> None:
    source = SyntheticSigns(SignSettings(difficulty=0))
    for index in range(8):
        sample = source[index]
        assert sample.views == 4
        signs = [view[66:84, 15:135].astype(int) for view in views_of(sample)]
        for other in signs[1:]:
            assert np.abs(signs[0] - other).mean() < 1
        for view in views_of(sample):
            # The background around the plate is of one colour.
            assert np.ptp(view[:8].reshape(-1, 3), axis=0).max() <= 2


def test_difficulty_spoils_smoothly() -> None:
    def spread(difficulty: float) -> float:
        source = SyntheticSigns(SignSettings(difficulty=difficulty))
        firsts = [views_of(source[index])[0] for index in range(25)]
        backgrounds = [np.concatenate([view[:12], view[-12:]]) for view in firsts]
        return float(np.mean([background.std(axis=(0, 1)).mean() for background in backgrounds]))

    assert spread(0.0) < spread(0.4) < spread(1.0)


def test_signs_show_their_text_in_contrast() -> None:
    source = SyntheticSigns(SignSettings(difficulty=0))
    assert all(letter(source.text(index), np.random.default_rng(0), 0).lines for index in range(5))
    contrasts = [np.ptp(views_of(source[index])[0][60:90, 20:130].mean(axis=2)) for index in range(25)]
    assert min(contrasts) > 60
