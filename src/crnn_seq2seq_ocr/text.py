"""Text and its ids: normalised Unicode, charsets, and the tokenizer that joins them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from crnn_seq2seq_ocr.errors import CharsetError, did_you_mean

PAD_ID, BOS_ID, EOS_ID, UNK_ID = 0, 1, 2, 3
SPECIAL_COUNT = 4

UNASSIGNED = "\0"
"""Stands in a charset for an id that has no character (the original's list has 359 of them)."""

FSNS_CHARSET = (
    " l'éteinsxguo1870-.parèdcVvbm)CzSy,kÉAhE»D/HM"
    '(GPçRf"2j|N6°5TOU3%9qZBKwW:4LF]ïIJäî;àêXüYô=+'
    "\\{}_Qœñ*!ÜâÇŒû?$ë«€&<æ#®ÂÈ>[ÆùÎÔÿÀÊ@Ï©ËÙ£ŸÛ"
)
"""FSNS' own characters in the order of its file ``charset_size=134.txt``: ids 0 to 132.

Where the file gives several characters to one id (2: three apostrophes, 51: three double quotes,
17: hyphen and dash) the plain one stands for all; `VARIANTS` maps the others onto it. Id 133 is the
file's filling, which is our padding. Source: tensorflow/models, research/attention_ocr.
"""

WORDS_CHARSET = (
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    "ÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸàâäæçéèêëîïôöœùûüÿ°€£«»’–"
)
"""The characters of English and French words and lines: all of ASCII, the accented letters in both cases, and
the signs that shops and typewriters add."""

VARIANTS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "-"})
"""Typographic variants that share an id in FSNS' charset, each to its plain character."""


def normalize(text: str) -> str:
    """Text as it is kept everywhere in this package: Unicode NFC, nothing else changed."""
    return unicodedata.normalize("NFC", text)


def plain(text: str) -> str:
    """Return the text with typographic apostrophes, double quotes and dashes made plain (`VARIANTS`)."""
    return text.translate(VARIANTS)


def describe_character(character: str) -> str:
    """Return a character as people can find it: ``'œ' (U+0153 LATIN SMALL LIGATURE OE)``."""
    name = unicodedata.name(character, "no name")
    return f"{character!r} (U+{ord(character):04X} {name})"


def charset_of(texts: Iterable[str]) -> str:
    """Return the characters of all the texts (normalised), each once, sorted by code point."""
    return "".join(sorted(set().union(*(normalize(text) for text in texts))))


class Tokenizer:
    """Text to ids and back.

    Ids 0 to 3 are padding, begin, end and unknown; the characters of ``charset`` follow in order.

    Args:
        charset: The characters, each once (`UNASSIGNED` may repeat); order matters.

    Raises:
        CharsetError: The charset is empty, or repeats a character.
    """

    def __init__(self, charset: str) -> None:
        known = [character for character in charset if character != UNASSIGNED]
        if not known:
            raise CharsetError("the charset is empty: give it at least one character")
        twice = [character for character, count in Counter(known).items() if count > 1]
        if twice:
            names = ", ".join(map(describe_character, twice[:5]))
            raise CharsetError(f"the charset holds {names} more than once: name each character once")
        self.charset = charset
        self._ids = {
            character: SPECIAL_COUNT + place for place, character in enumerate(charset) if character != UNASSIGNED
        }

    def __len__(self) -> int:
        """Return the number of ids, the four special ones included: the K of the model's logits."""
        return SPECIAL_COUNT + len(self.charset)

    def unknown(self, text: str) -> list[str]:
        """Return the characters of the text that have no id, each once, in order of appearance."""
        return [character for character in dict.fromkeys(normalize(text)) if self._id(character) is None]

    def encode(self, text: str) -> list[int]:
        """Ids of the text (normalised to NFC) followed by the end id.

        A typographic variant that the charset lacks is read as its plain character.

        Raises:
            CharsetError: A character has no id.
        """
        ids = [self._id(character) for character in normalize(text)]
        if None in ids:
            names = ", ".join(map(describe_character, self.unknown(text)[:5]))
            raise CharsetError(f"{text!r} holds {names}, which the charset does not have")
        return [*ids, EOS_ID]  # type: ignore[list-item]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the ids up to the first end id; padding, begin and unassigned ids give nothing.

        The unknown id gives U+FFFD.
        """
        characters = []
        for number in ids:
            if number == EOS_ID:
                break
            characters.append(self.character(number))
        return "".join(characters)

    def character(self, number: int) -> str:
        """Return the character of one id: empty for padding, begin, end and unassigned ids."""
        if number == UNK_ID:
            return "\N{REPLACEMENT CHARACTER}"
        if number < SPECIAL_COUNT:
            return ""
        return self.charset[number - SPECIAL_COUNT].replace(UNASSIGNED, "")

    def _id(self, character: str) -> int | None:
        found = self._ids.get(character)
        return found if found is not None else self._ids.get(plain(character))


NAMED_CHARSETS = {"fsns": FSNS_CHARSET, "words": WORDS_CHARSET}

LITERAL = "characters:"
"""Before characters that could be taken for a name."""


def named_charset(name: str) -> str:
    """Return the characters that a setting means: those of a charset by its name, or the ones it lists.

    Args:
        name: One of `NAMED_CHARSETS`, or the characters themselves, if need be after ``characters:``.

    Raises:
        CharsetError: It looks like a name, yet there is no such charset.
    """
    if name in NAMED_CHARSETS:
        return NAMED_CHARSETS[name]
    if name.startswith(LITERAL):
        return normalize(name.removeprefix(LITERAL))
    is_word = len(name) > 3 and name.isascii() and name.isalpha() and list(name) != sorted(name)
    near = did_you_mean(name, (*NAMED_CHARSETS, "auto"))
    if (near and name.isalpha()) or is_word:
        raise CharsetError(
            f"there is no charset {name!r}{near}, there are {' and '.join(NAMED_CHARSETS)}; "
            f"to allow just its characters write {LITERAL}{name}"
        )
    return normalize(name)
