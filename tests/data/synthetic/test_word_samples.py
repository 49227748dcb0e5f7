"""The source of synthetic words: the same everywhere, texts that can be read, errors that say what to do."""

import hashlib
import multiprocessing
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.data.synthetic.settings import WordSettings
from crnn_seq2seq_ocr.data.synthetic.word_samples import SyntheticWords, open_words, page_share
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import WORDS_CHARSET


def pixels_of(sample: Sample) -> np.ndarray:
    (picture,) = sample.images
    assert isinstance(picture, np.ndarray)
    return picture


def digest(sample: Sample) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels_of(sample)).tobytes() + sample.text.encode()).hexdigest()


def digests(source: SyntheticWords, indices: list[int]) -> list[str]:
    return [digest(source[index]) for index in indices]


@pytest.fixture(scope="module")
def words() -> SyntheticWords:
    return SyntheticWords(WordSettings(count=500, lines=0.2))


@pytest.fixture(scope="module")
def samples(words: SyntheticWords) -> list[Sample]:
    return [words[index] for index in range(120)]


def test_layout(samples: list[Sample]) -> None:
    for sample in samples:
        picture = pixels_of(sample)
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert 14 <= picture.shape[0] <= 64
        assert sample.views == 1
    assert len({sample.name for sample in samples}) == len(samples)
    assert samples[7].name == "synthetic:words#7"


def test_long_texts_are_wide_and_heights_differ(samples: list[Sample]) -> None:
    shapes = [(len(sample.text), pixels_of(sample).shape) for sample in samples]
    assert all(width > 3 * height for length, (height, width, _) in shapes if length > 25)
    assert len({height for _, (height, _, _) in shapes}) > 20


def test_a_pure_function_of_settings_and_index(words: SyntheticWords, samples: list[Sample]) -> None:
    again = SyntheticWords(WordSettings(count=500, lines=0.2))
    # In another order, from another object.
    assert digests(again, [7, 3, 0]) == [digest(samples[7]), digest(samples[3]), digest(samples[0])]
    assert digest(SyntheticWords(WordSettings(count=500, lines=0.2, seed=2))[0]) != digest(samples[0])
    assert digest(words[-1]) == digest(words[499])


@pytest.mark.slow
def test_the_same_in_another_process(words: SyntheticWords, samples: list[Sample]) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(digests, (words, [0, 5, 11])) == [digest(samples[index]) for index in (0, 5, 11)]


def test_pickles_are_small(words: SyntheticWords) -> None:
    assert words[0].text
    assert len(pickle.dumps(words)) < 1000


def test_the_text_alone_is_the_text_of_the_sample(words: SyntheticWords, samples: list[Sample]) -> None:
    assert [words.text(index) for index in range(120)] == [sample.text for sample in samples]


def test_length_and_bounds(words: SyntheticWords) -> None:
    assert len(words) == 500
    assert "500" in words.description
    with pytest.raises(IndexError):
        words[500]


def test_without_difficulty_letters_stand_out_of_a_calm_background() -> None:
    source = SyntheticWords(WordSettings(difficulty=0, lines=0.1))
    for index in range(40):
        grey = cv2.cvtColor(pixels_of(source[index]), cv2.COLOR_RGB2GRAY)
        assert np.ptp(grey) > 60, source.text(index)


def test_hard_ones_can_still_be_seen(samples: list[Sample]) -> None:
    contrasts = [
        np.ptp(np.percentile(cv2.cvtColor(pixels_of(sample), cv2.COLOR_RGB2GRAY), (2, 98))) for sample in samples
    ]
    assert np.median(contrasts) > 80
    assert np.percentile(contrasts, 5) > 15


def test_photographs_serve_as_backgrounds(tmp_path: Path) -> None:
    stripes = np.zeros((60, 90, 3), np.uint8)
    stripes[:, ::6] = 200
    cv2.imwrite(str(tmp_path / "a.png"), stripes)
    plain, pictured = (open_words(f"lines=0{option}") for option in ("", f"&backgrounds={tmp_path}"))
    differ = [digest(plain[index]) != digest(pictured[index]) for index in range(40)]
    assert 0 < sum(differ) < 40


def test_folders_without_what_they_should_hold_are_data_errors(tmp_path: Path) -> None:
    for option, message in (
        ("fonts", "no TrueType or OpenType font"),
        ("backgrounds", "no JPEG or PNG file"),
        ("corpus", "cannot be read"),
    ):
        with pytest.raises(DataError, match=message):
            open_words(f"{option}={tmp_path}")
        with pytest.raises(DataError):
            open_words(f"{option}={tmp_path / 'missing'}")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    source = open_words(f"lines=0&backgrounds={tmp_path}")
    with pytest.raises(DataError, match=r"broken\.png cannot be read"):
        digests(source, list(range(60)))


def test_broken_fonts_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(DataError, match="no TrueType or OpenType font"):
        open_words(f"fonts={tmp_path}")


def test_it_is_opened_by_its_name() -> None:
    source = open_source("synthetic:words?count=3&seed=4&part=test")
    assert len(source) == 3
    assert set(source[0].text) <= set(WORDS_CHARSET)
    with pytest.raises(DataError, match="did you mean 'count'"):
        open_source("synthetic:words?coutn=3")


def test_long_lines_are_shown_on_pages() -> None:
    assert page_share("Hotel") < page_share("Hotel de la Poste") < page_share("ce qui fera une consommation de cinq")
