"""Text, charsets and ids."""

import unicodedata

import pytest

from crnn_seq2seq_ocr.errors import CharsetError
from crnn_seq2seq_ocr.text import (
    BOS_ID,
    EOS_ID,
    FSNS_CHARSET,
    NAMED_CHARSETS,
    PAD_ID,
    SPECIAL_COUNT,
    UNASSIGNED,
    UNK_ID,
    Tokenizer,
    charset_of,
    describe_character,
    named_charset,
    normalize,
    plain,
)


def test_normalize_composes_and_changes_nothing_else() -> None:
    assert normalize("E\u0301mile  Zola’s ﬁn ") == "Émile  Zola’s ﬁn "


def test_plain_replaces_typographic_variants() -> None:
    assert plain("l’Abbé ‘x’ “y” — z") == "l'Abbé 'x' \"y\" - z"


def test_fsns_charset_has_133_composed_characters_each_once() -> None:
    assert len(FSNS_CHARSET) == len(set(FSNS_CHARSET)) == 133
    assert normalize(FSNS_CHARSET) == FSNS_CHARSET == plain(FSNS_CHARSET)
    # Ids of the file charset_size=134.txt.
    assert [FSNS_CHARSET.index(character) for character in " l'é-\""] == [0, 1, 2, 3, 17, 51]


@pytest.mark.parametrize("text", ["Avenue du Général Leclerc", "", "Œuvre n° 3, l'Haÿ", FSNS_CHARSET])
def test_encoding_and_decoding_give_the_text_back(text: str) -> None:
    tokenizer = Tokenizer(FSNS_CHARSET)
    ids = tokenizer.encode(text)
    assert ids[-1] == EOS_ID
    assert len(ids) == len(text) + 1
    assert tokenizer.decode(ids) == text
    assert all(SPECIAL_COUNT <= number < len(tokenizer) for number in ids[:-1])


def test_ids_follow_the_charset_after_the_special_ones() -> None:
    tokenizer = Tokenizer("xyz")
    assert len(tokenizer) == 7
    assert tokenizer.encode("zx") == [6, 4, EOS_ID]


def test_decomposed_text_is_encoded_as_composed() -> None:
    tokenizer = Tokenizer("é")
    assert tokenizer.encode(unicodedata.normalize("NFD", "é")) == tokenizer.encode("é")


def test_decoding_stops_at_the_end_and_leaves_special_ids_out() -> None:
    tokenizer = Tokenizer("ab")
    assert tokenizer.decode([BOS_ID, 4, PAD_ID, 5, UNK_ID, EOS_ID, 4]) == "ab\N{REPLACEMENT CHARACTER}"


def test_variants_are_read_as_plain_characters_unless_the_charset_has_them() -> None:
    assert Tokenizer("'").encode("’") == [4, EOS_ID]
    assert Tokenizer("'’").encode("’") == [5, EOS_ID]


def test_unknown_characters_are_named_with_their_code_points() -> None:
    tokenizer = Tokenizer("abc")
    assert tokenizer.unknown("aœbœ☃") == ["œ", "☃"]
    with pytest.raises(CharsetError, match=r"'œ' \(U\+0153 LATIN SMALL LIGATURE OE\), '☃' \(U\+2603 SNOWMAN\)"):
        tokenizer.encode("aœb☃")


def test_a_character_without_a_name_can_be_described() -> None:
    assert describe_character("\x07") == "'\\x07' (U+0007 no name)"


def test_unassigned_ids_may_repeat_and_stand_for_nothing() -> None:
    tokenizer = Tokenizer("a" + UNASSIGNED * 3 + "b")
    assert len(tokenizer) == 9
    assert tokenizer.encode("ab") == [4, 8, EOS_ID]
    assert tokenizer.decode([4, 5, 6, 8]) == "ab"
    assert tokenizer.unknown(UNASSIGNED) == [UNASSIGNED]


def test_a_charset_that_repeats_a_character_is_refused() -> None:
    with pytest.raises(CharsetError, match=r"'b' \(U\+0062 LATIN SMALL LETTER B\) more than once"):
        Tokenizer("abcb")


@pytest.mark.parametrize("charset", ["", UNASSIGNED])
def test_a_charset_without_characters_is_refused(charset: str) -> None:
    with pytest.raises(CharsetError, match="empty"):
        Tokenizer(charset)


def test_charset_of_texts_is_sorted_composed_and_unique() -> None:
    assert charset_of(["ba", "e\u0301a", ""]) == "abé"
    assert charset_of([]) == ""


def test_a_charset_by_name_or_by_its_characters() -> None:
    assert named_charset("words") == NAMED_CHARSETS["words"]
    assert named_charset("abc") == "abc"
    assert named_charset("0123456789-") == "0123456789-"
    assert named_charset("characters:word") == "word"


@pytest.mark.parametrize("name", ["word", "Words", "french", "fsn"])
def test_a_misspelt_charset_is_not_taken_for_characters(name: str) -> None:
    with pytest.raises(CharsetError, match=rf"no charset '{name}'.*there are fsns and words.* write characters:{name}"):
        named_charset(name)
    if name == "word":
        with pytest.raises(CharsetError, match=r"did you mean 'words'\?"):
            named_charset(name)
