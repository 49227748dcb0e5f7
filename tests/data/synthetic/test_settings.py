"""Options of synthetic signs."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.synthetic.settings import SignSettings, WordSettings
from crnn_seq2seq_ocr.errors import DataError


def test_no_options_are_the_defaults() -> None:
    assert SignSettings.from_options("") == SignSettings()


def test_options_are_read() -> None:
    settings = SignSettings.from_options("seed=3&count=50&names=test&difficulty=0.5&views=2&corpus=/a/my%20list.tsv")
    assert settings == SignSettings(
        seed=3, count=50, names="test", difficulty=0.5, views=2, corpus=Path("/a/my list.tsv")
    )


def test_all_wrong_options_are_listed_with_the_nearest_name() -> None:
    with pytest.raises(DataError) as caught:
        SignSettings.from_options("dificulty=1&views=9&names=training")
    message = str(caught.value)
    assert "'dificulty' (did you mean 'difficulty'?)" in message
    assert "views: " in message
    assert "names: " in message


@pytest.mark.parametrize("options", ["seed", "seed=1&&=", "seed=1&seed=2"])
def test_malformed_options(options: str) -> None:
    with pytest.raises(DataError, match="options"):
        SignSettings.from_options(options)


def test_options_of_words() -> None:
    settings = WordSettings.from_options("part=validation&corpus=/a/one.txt,/a/two.txt.gz&lines=0.5")
    assert settings.part == "validation"
    assert settings.corpus == (Path("/a/one.txt"), Path("/a/two.txt.gz"))
    with pytest.raises(DataError, match="options of synthetic:words: there is no option 'names'"):
        WordSettings.from_options("names=test")
