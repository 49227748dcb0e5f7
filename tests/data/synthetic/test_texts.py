"""Texts of synthetic words."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic.names import part_of
from crnn_seq2seq_ocr.data.synthetic.settings import WordSettings
from crnn_seq2seq_ocr.data.synthetic.texts import WordTexts
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import WORDS_CHARSET, normalize


def draw(settings: WordSettings, count: int) -> list[str]:
    texts, rng = WordTexts(settings), np.random.default_rng(1)
    return [texts.draw(rng) for _ in range(count)]


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return draw(WordSettings(), 6000)


def test_texts_are_of_the_charset_and_not_too_long(texts: list[str]) -> None:
    for text in texts:
        assert set(text) <= set(WORDS_CHARSET)
        assert 0 < len(text) <= 90
        assert text == text.strip() == normalize(text)
    assert max(map(len, draw(WordSettings(max_length=12, lines=0.5), 300))) <= 12


def test_rare_characters_are_drawn(texts: list[str]) -> None:
    counts = Counter("".join(texts))
    assert {character for character in WORDS_CHARSET if counts[character] < 3} <= {"’"}


def test_all_kinds_of_texts_are_drawn(texts: list[str]) -> None:
    assert 0.05 < np.mean([" " in text and len(text) > 20 for text in texts]) < 0.15
    assert 0.25 < np.mean([text.isupper() for text in texts]) < 0.6
    assert 0.1 < np.mean([text.islower() for text in texts]) < 0.5
    assert 0.02 < np.mean([text.isdecimal() for text in texts]) < 0.1
    assert 0.03 < np.mean([len(text) <= 2 for text in texts]) < 0.15
    assert any(len(text) > 70 for text in texts)


def test_lines_can_be_had_alone_or_not_at_all() -> None:
    assert np.mean([" " in text for text in draw(WordSettings(lines=1), 300)]) > 0.85
    assert np.mean([text.count(" ") > 3 for text in draw(WordSettings(lines=0), 300)]) < 0.02


def test_parts_are_disjoint() -> None:
    parts = {
        part: {letters(text) for text in draw(WordSettings(part=part), 2500)}
        for part in ("train", "validation", "test")
    }
    for part, drawn in parts.items():
        assert {part_of(text) for text in drawn if len(text) > 3} == {part}


def test_words_of_a_corpus_are_drawn_in_any_case(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    listed = [f"zyx{number}" for number in range(60)]
    paths[0].write_text("\n".join(listed[:30]))
    paths[1].write_text("".join(f"{word}\t{weight + 1}\n" for weight, word in enumerate(listed[30:])))
    drawn = draw(WordSettings(corpus=tuple(paths), lines=0), 1000)
    of_corpus = [text for text in drawn if text.lower().startswith("zyx")]
    assert 0.35 < len(of_corpus) / len(drawn) < 0.7
    assert any(text.startswith("ZYX") for text in of_corpus)
    assert any(text.startswith("zyx") for text in of_corpus)


def test_an_unusable_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("слово\n" + "x" * 100)
    with pytest.raises(DataError, match="no text of the part"):
        WordTexts(WordSettings(corpus=(path,)))
    path.write_text("word\theavy")
    with pytest.raises(DataError, match="line 1: the weight"):
        WordTexts(WordSettings(corpus=(path,)))
