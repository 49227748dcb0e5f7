"""Patterns as graphs, and reading within them."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.text import EOS_ID, WORDS_CHARSET, Tokenizer

TOKENIZER = Tokenizer(WORDS_CHARSET)


def all_texts(pattern: Pattern, *, room: int, tokenizer: Tokenizer = TOKENIZER) -> list[str]:
    """Every text that can be walked to its end with so many tokens."""
    found = []
    paths: list[tuple[np.ndarray, list[int]]] = [(pattern.start(1), [])]
    while paths:
        state, ids = paths.pop()
        if ids and ids[-1] == EOS_ID:
            found.append(tokenizer.decode(ids))
            continue
        for token in np.flatnonzero(pattern.allowed(state, room - len(ids) - 1)[0]):
            paths.append((pattern.after(state, np.array([token])), [*ids, int(token)]))
    return sorted(found)


@pytest.mark.parametrize(
    ("expression", "allow", "room"),
    [("[ab]{2}-\\d", "a-c0-2-", 9), ("(ab?)*", None, 5), ("é|œuf|$", None, 9), ("a*", None, 4), ("[01]{1,3}", "1", 9)],
)
def test_it_allows_what_the_expression_matches_and_nothing_else(expression: str, allow: str | None, room: int) -> None:
    pattern = Pattern(TOKENIZER, allow=allow, expression=expression.removesuffix("|$"))
    found = all_texts(pattern, room=room)
    assert found
    assert len(found) == len(set(found))
    assert all(re.fullmatch(expression, text) and len(text) < room for text in found)
    if allow:
        assert all(re.fullmatch(f"[{allow}]*", text) for text in found)
    known = {"[ab]{2}-\\d": 12, "(ab?)*": 12, "é|œuf|$": 2, "a*": 4, "[01]{1,3}": 3}
    assert len(found) == known[expression]
    assert pattern.shortest == min(map(len, found))


def test_characters_alone_need_no_expression() -> None:
    assert all_texts(Pattern(TOKENIZER, allow="01"), room=3) == sorted(["", "0", "1", "00", "01", "10", "11"])


@pytest.mark.parametrize(
    ("allow", "expression", "message"),
    [
        (None, "[a", "cannot be used"), (None, "(?=a)b", "cannot be used"),
        ("9-0", None, "not what stands in brackets"),
        ("a]|[b", None, "not what stands in brackets.*a bracket ends before the end"),
        ("ж", None, "knows none of the characters"), ("a", "b+", "cannot be used|no text of the model's characters"),
        (None, "жук", "cannot be used|no text of the model's characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(allow: str | None, expression: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Pattern(TOKENIZER, allow=allow, expression=expression)


@pytest.mark.parametrize(
    "expression",
    [
        "[01]*1[01]{20}", "(a?){300}b", "((((a*)*)*)*)*b", "(a|a|a|aa)*c", ".*.*.*.*.*=.*", 40 * "(" + "a" + 40 * ")*",
    ],
)  # fmt: skip
def test_hostile_expressions_stay_small(expression: str) -> None:
    pattern = Pattern(TOKENIZER, expression=expression)
    assert pattern.follow.nbytes + pattern.kinds.nbytes < 1_000_000
    assert pattern.allowed(pattern.start(2), 30).any()


@pytest.mark.parametrize("empty", ["()", "(|)", "(a{0})", "((){999999999})", "((|()){2,})"])
def test_what_is_empty_is_so_however_often_it_is_repeated(empty: str) -> None:
    for repeated in (f"{empty}{{999999999}}", f"{empty}{{1,999999999}}", f"{empty}{{999999999,}}"):
        assert all_texts(Pattern(TOKENIZER, expression=f"{repeated}a{repeated}"), room=9) == ["a"]


def test_nothing_is_matched_with_what_stands_behind_the_brackets() -> None:
    """It could take any time, and holds the interpreter meanwhile."""
    hostile = "a]|(?:(?:(?:|){999}){999}){999}[b"
    assert re.compile(f"[{hostile}]")
    with pytest.raises(DataError, match="a bracket ends before the end"):
        Pattern(TOKENIZER, allow=hostile)
    known = {"]a": "]a", "a\\]": "a]", "[": "[", "a[b": "a[b", "^]a": set(WORDS_CHARSET) - set("]a")}
    for allow, characters in known.items():
        assert set("".join(all_texts(Pattern(TOKENIZER, allow=allow), room=2))) == set(characters), allow


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(.{1,1000}){1,1000}", "1,000,000 positions"), ("a" * 1001, "1,001 characters"),
        ("(" * 60 + ")" * 60, "groups lie"),
        (r"(a)\1", "not regular"), (r"\bword", "not regular"), ("a^b", "stands in the middle"),
        ("(?i)a", "not regular"),
        ("a(?!b).", "not regular"), ("a++", "give nothing back"),
        ("a{99999999999}", "cannot be used"),
    ],
)  # fmt: skip
def test_what_is_too_large_or_not_regular_is_told(expression: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        Pattern(TOKENIZER, expression=expression)


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "[]1]", r"[\]b-]", r"\x61", "{", "{1"])


def expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifiers = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "{,1}", "*?", "{0}"])
    groups = st.builds(lambda a, b: f"({a}|{b})", inner, inner)
    return st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        groups,
        st.builds(lambda a, b: f"(?:{a}){b}", inner, quantifiers),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(ATOMS, expressions, max_leaves=5), st.text("ab1.]{", max_size=5))
def test_it_agrees_with_python(expression: str, text: str) -> None:
    try:
        expected = re.fullmatch(expression, text) is not None
        pattern = Pattern(TOKENIZER, expression=expression)
    except (re.error, DataError):
        return
    state = pattern.start(1)
    for token in TOKENIZER.encode(text):
        state = pattern.after(state, np.array([token]))
    assert bool(state[0, -1]) is expected


def test_patterns_are_told_apart() -> None:
    prints = {Pattern(TOKENIZER, expression=each).fingerprint for each in ("a", "b", "[ab]", "a{2}")}
    assert len(prints) == 4


def test_a_reader_reads_within_it_and_says_how_unlikely_that_was(trained: Path, pictures: Path) -> None:
    reader = Reader.load(trained)
    paths = [pictures / "000.png", pictures / "005.png"]  # ab, abc
    free = reader.read(paths)
    assert [each.text for each in free] == ["ab", "abc"]
    same = reader.read(paths, pattern="[abc]{2,3}")
    assert [each.text for each in same] == ["ab", "abc"]
    assert [each.confidence for each in same] == pytest.approx([each.confidence for each in free], rel=1e-4)
    assert [each.allowed for each in free] == [None, None]
    assert all(each.confidence <= each.allowed <= 1 for each in same)
    for beam in (1, 3):
        forced = reader.read(paths, pattern="c[ab]", beam=beam)
        assert all(re.fullmatch("c[ab]", each.text) for each in forced)
        assert all(each.confidence <= each.allowed < 0.5 for each in forced)
    assert forced[0].to_dict()["allowed"] == forced[0].allowed
    assert all(set(each.text) <= set("ac") for each in reader.read(paths, allow="ac"))
    with pytest.raises(DataError, match="leave out allow and pattern, or the lexicon"):
        reader.read(paths, allow="a", lexicon=Lexicon(["ab"], reader.tokenizer))
    with pytest.raises(DataError, match=r"no text of the pattern a\{9\} has 4 characters or fewer"):
        reader.read(paths, pattern="a{9}")


def test_a_text_is_within_or_not() -> None:
    tokenizer = Tokenizer("abc")
    pattern = Pattern(tokenizer, expression="a?(bc)+")
    within = [text for text in ("", "a", "bc", "abc", "bcbc", "bcb", "abca") if pattern.matches(tokenizer.encode(text))]
    assert within == ["bc", "abc", "bcbc"]
