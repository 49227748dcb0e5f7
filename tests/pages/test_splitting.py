import numpy as np
import pytest

from crnn_seq2seq_ocr.inference.readings import Character
from crnn_seq2seq_ocr.pages.ink import Ink, find_ink
from crnn_seq2seq_ocr.pages.splitting import split
from tests.pages.conftest import draw


def characters(text: str) -> tuple[Character, ...]:
    return tuple(Character(each, 0.9, 0, 0.0, 0.5) for each in text)


def seen(text: str, *, shift: float = 0.0) -> np.ndarray:
    """Edges of characters of equal width, which is about what attention gives."""
    return (np.linspace(0, 1, len(text) + 1) + shift).clip(0, 1)


def ink_of(text: str, *, height: int = 28) -> Ink:
    page = draw([(text, 0, 0)], size=(1200, 60), height=height)
    (left, top), (right, _), (_, bottom), _ = page.boxes[0].clip(0).astype(int).tolist()
    found = find_ink(page.pixels[top:bottom, left:right])
    assert found is not None
    return found


def words(read: str, edges: np.ndarray, ink: Ink | None) -> list[str]:
    return ["".join(each.text for each in part.characters) for part in split(characters(read), edges, ink)]


@pytest.mark.parametrize("shift", [0.0, 0.03, -0.03])
def test_words_end_where_their_ink_ends(shift: float) -> None:
    text = "Open every day"
    ink = ink_of(text)
    parts = split(characters(text), seen(text, shift=shift), ink)
    spaces = np.sort(np.diff(ink.gaps, axis=1)[:, 0].argsort()[-2:])
    assert [part.edges[-1] for part in parts[:-1]] == ink.gaps[spaces, 0].tolist()
    assert [part.edges[0] for part in parts[1:]] == ink.gaps[spaces, 1].tolist()
    assert (parts[0].edges[0], parts[-1].edges[-1]) == (ink.runs[0, 0], ink.runs[-1, 1])
    assert all((np.diff(part.edges) >= 0).all() for part in parts)


def test_a_space_that_was_not_read_is_put_where_the_gap_is() -> None:
    ink = ink_of("Open  every day")
    edges = np.delete(seen("Open every day"), 4)  # of the space, over which nothing was read
    assert words("Openevery day", edges, ink) == ["Open", "every", "day"]


def test_letters_that_are_spaced_out_stay_a_word() -> None:
    assert words("OUVERT", seen("OUVERT"), ink_of("O  U  V  E  R  T")) == ["OUVERT"]


def test_without_ink_words_stay_where_the_attention_saw_them() -> None:
    edges = seen("one two")
    parts = split(characters("one two"), edges, None)
    assert [part.edges.tolist() for part in parts] == [edges[:4].tolist(), edges[4:].tolist()]


@pytest.mark.parametrize("read", ["a", "one two three", " a  b "])
def test_ink_of_one_piece_splits_nothing_more_than_the_spaces(read: str) -> None:
    solid = Ink(np.ones((20, 100), bool), np.array([[0.1, 0.9]]), 0.2)
    assert words(read, seen(read), solid) == read.split()


def test_spaces_find_their_gaps_though_the_attention_ran_ahead() -> None:
    text = "nuit des rois a la mer"
    edges = seen(text)
    edges[:8] += 0.15 * (1 - np.arange(8) / 8)
    assert words(text, np.maximum.accumulate(edges), ink_of(text)) == text.split()


def test_a_gap_beside_a_space_that_was_read_cuts_on_its_own_side() -> None:
    text = "rue Monge . Le soir a la mer"
    read = "rue Monge. Le soir a la mer"
    edges = np.delete(seen(text), 9)
    edges[9:11] += 0.02  # over the stop the attention looked at what follows
    assert words(read, edges, ink_of(text)) == text.split()


def test_characters_that_were_not_read_do_not_move_a_cut_into_the_next_word() -> None:
    text = "vous - - 274"
    read = "vous - 274"
    edges = np.delete(seen(text), [8, 9])  # of the second dash and its space, which went to the figure behind them
    assert words(read, edges, ink_of(text)) == ["vous", "-", "274"]


def test_the_gaps_beside_an_apostrophe_are_no_spaces_in_letters_of_one_width() -> None:
    pixels = np.full((40, 300, 3), 255, np.uint8)
    for place, letter in enumerate("j'ose aimer"):
        if letter != " ":
            left = 10 + 24 * place + (8 if letter == "'" else 0)
            pixels[8 : 16 if letter == "'" else 32, left : left + (8 if letter == "'" else 22)] = 0
    ink = find_ink(pixels)
    assert ink is not None
    edges = (10 + 24 * np.arange(12)) / 300
    assert words("j'ose aimer", edges, ink) == ["j'ose", "aimer"]


def test_a_gap_beside_an_apostrophe_between_letters_is_no_space() -> None:
    text = "il a dit j' ose le dire"
    assert words("il a dit j'ose le dire", np.delete(seen(text), 11), ink_of(text)) == [
        "il", "a", "dit", "j'ose", "le", "dire"
    ]  # fmt: skip
