"""Texts to draw: words of two languages, figures, codes and lines, with the case and punctuation of real ones."""

import functools
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from faker.providers.person.fr_FR import Provider as People
from spellchecker import SpellChecker

from crnn_seq2seq_ocr.data.synthetic import names, vocabulary, words
from crnn_seq2seq_ocr.data.synthetic.lettering import without_accents
from crnn_seq2seq_ocr.data.synthetic.names import Choice, part_of
from crnn_seq2seq_ocr.data.synthetic.settings import WordSettings
from crnn_seq2seq_ocr.data.synthetic.vocabulary import one
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import WORDS_CHARSET, normalize, plain

_SHARED = 3
"""Texts no longer than this are in every part: there are too few of them to be shared out."""

_KNOWN_WORDS = 25_000
_KNOWN = frozenset(WORDS_CHARSET)
_DRAWN = "".join(character for character in WORDS_CHARSET if character not in "’")
_SHARE_OF_CORPUS = 0.7
_USUAL_LENGTH = 5.0
"""Words of signs are short: longer ones are drawn less often than lists have them."""


class WordTexts:
    """Draws texts of one part: invented ones, or mostly those of ``settings.corpus``.

    Raises:
        DataError: A file of the corpus cannot be read, or holds no usable text of the part.
    """

    def __init__(self, settings: WordSettings) -> None:
        self._settings = settings
        self._corpus = self._read(settings.corpus) if settings.corpus else None
        self._lines = self._corpus.only(_is_line) if self._corpus else None

    def draw(self, rng: np.random.Generator) -> str:
        """One text in Unicode NFC, of characters of `WORDS_CHARSET` alone, at most ``max_length`` of them."""
        while True:
            text = self._line(rng) if rng.random() < self._settings.lines else self._word(rng)
            if self._fits(text):
                return text

    def _fits(self, text: str) -> bool:
        if not 0 < len(text) <= self._settings.max_length or text != text.strip() or not _KNOWN.issuperset(text):
            return False
        key = "".join(filter(str.isalnum, text))
        return len(key) <= _SHARED or part_of(key) == self._settings.part

    def _word(self, rng: np.random.Generator) -> str:
        draw = rng.random()
        if draw < 0.07:
            return vocabulary.random_text(rng, _DRAWN)
        if draw < 0.17:
            return vocabulary.figures(rng)
        if draw < 0.22:
            return vocabulary.code(rng)
        if draw < 0.24:
            return one(_DRAWN[1:], rng) if rng.random() < 0.3 else one(_ALONE, rng)
        word = self._plain_word(rng)
        while rng.random() > _USUAL_LENGTH / len(word):
            word = self._plain_word(rng)
        return _punctuated(_cased(word, rng), rng)

    def _plain_word(self, rng: np.random.Generator) -> str:
        if self._corpus is not None and rng.random() < _SHARE_OF_CORPUS:
            return self._corpus.draw(rng)
        draw = rng.random()
        if draw < 0.5:
            return _frequent("fr" if rng.random() < 0.3 else "en").draw(rng)
        if draw < 0.68:
            return one(vocabulary.SHOPS, rng)
        if draw < 0.84:
            return vocabulary.pseudo_word(rng)
        return one(_proper_names(), rng)

    def _line(self, rng: np.random.Generator) -> str:
        """Several words with punctuation: a short line of a sign, or one of a typewritten page."""
        draw = rng.random()
        language = "fr" if rng.random() < 0.75 else "en"
        longest = self._settings.max_length
        if self._lines is not None and draw > 0.65:
            return self._lines.draw(rng)
        if draw < 0.02:  # rules and page numbers
            return (
                one((".", "-", "_", "- ", ". ", "= ", "*"), rng) * int(rng.integers(3, 20))
                if rng.random() < 0.6
                else f"- {int(rng.integers(1, 300))} -"
            )
        if draw < 0.25:
            count = int(rng.integers(2, 6))
            return _cased(" ".join(self._plain_word(rng) for _ in range(count)), rng)[:longest].strip()
        length = (
            int(rng.integers(5, min(30, longest)))
            if draw < 0.4 and longest > 6
            else int(np.clip(rng.normal(60, 14), 4, longest))
        )
        text = _sentence(rng, language, length)
        return without_accents(text).upper() if rng.random() < 0.06 else text

    def _read(self, paths: tuple[Path, ...]) -> Choice:
        weights: dict[str, float] = {}
        for path in paths:
            for number, line in enumerate(names.read_lines(path), start=1):
                text, _, weight = line.partition("\t")
                text = plain(normalize(" ".join(text.split())))
                # Any case of a text is of the same part.
                if text and self._fits(text):
                    weights[text] = weights.get(text, 0.0) + names.weight_of(weight, path, number)
        if not weights:
            raise DataError(
                f"{', '.join(map(str, paths))}: no text of the part {self._settings.part!r} with at most "
                f"{self._settings.max_length} characters of the charset of words: give a longer list"
            )
        return Choice.of(weights)


def _is_line(text: str) -> bool:
    return text.count(" ") > 2


_ALONE = (
    *"0123456789",
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "a",
    "à",
    "y",
    "&",
    "of",
    "or",
    "to",
    "in",
    "OF",
    "TO",
    "le",
    "la",
    "de",
    "du",
    "et",
    "ou",
    "LE",
    "LA",
    "DE",
    "DU",
    "ET",
    "St",
    "M.",
    "Dr",
    "No",
    "N°",
    "Le",
    "La",
)


def _cased(text: str, rng: np.random.Generator) -> str:
    """Change the text to the case of a sign: capitals, a capital first, small letters, or a mix."""
    draw = rng.random()
    if text != text.lower():  # a name: its own case is the likeliest
        return text if draw < 0.55 else _upper(text, rng) if draw < 0.95 else text.lower()
    if draw < 0.50:
        return _upper(text, rng)
    if draw < 0.70:
        return text[:1].upper() + text[1:]
    if draw < 0.76:
        return " ".join(part[:1].upper() + part[1:] for part in text.split(" "))
    if draw < 0.98:
        return text
    return "".join(letter.upper() if rng.random() < 0.5 else letter for letter in text)


def _upper(text: str, rng: np.random.Generator) -> str:
    """Capitals, which the French write without accents as often as not."""
    return (without_accents(text) if rng.random() < 0.4 else text).upper()


def _punctuated(text: str, rng: np.random.Generator) -> str:
    """Now and then signs before, after or within the word."""
    draw = rng.random()
    if draw < 0.84:
        return text
    if draw < 0.92:
        return text + one((".", ",", ".", ",", ":", "!", "?", ";", "...", "!!", "-", "'", ")", "*", "/"), rng)
    if draw < 0.95:
        pair = one(("()", '""', '""', "''", "[]", "«»", "--", "##"), rng)
        return pair[0] + text + (pair[1] if rng.random() < 0.6 else "")
    if draw < 0.965:
        return text + one(("'s", "'S", "'t", "s'"), rng)
    if draw < 0.98:
        return one(("l'", "d'", "L'", "D'", "qu'", "s'", "n'", "O'", "Mc"), rng) + text
    return (
        one(("-", "&", "/", "+", "@", "#", "_"), rng).join((text, one(vocabulary.SHOPS, rng).upper()))
        if rng.random() < 0.7
        else one(("#", "@", "&", "$", "*", "-", "+"), rng) + text
    )


def _sentence(rng: np.random.Generator, language: str, length: int) -> str:
    """Words in their own frequencies, as if cut from a page: up to so many characters, perhaps ending in a hyphen."""
    spoken = _spoken(language)
    text = ""
    start = rng.random() < 0.3
    while len(text) < length:
        word = one(_proper_names(), rng) if rng.random() < 0.05 else spoken.draw(rng)
        if rng.random() < 0.03:
            word = vocabulary.figures(rng)
        elif rng.random() < 0.015:
            word = word.upper()
        elif language == "fr" and word[:1] in "aeiouyéêâh" and len(word) > 2 and rng.random() < 0.3:
            word = one(("l'", "d'", "qu'", "n'", "s'", "j'", "c'"), rng) + word
        text += word[:1].upper() + word[1:] if start else word
        start = False
        draw = rng.random()
        if draw < 0.10:
            text += one((",", ",", ",", ";", " ;", " :", ":", " -", " ,"), rng)
        elif draw < 0.15:
            text += one((".", ".", ".", " .", " !", "!", " ?", "?", "..."), rng)
            start = True
        elif draw < 0.175:
            text = f"{text.removesuffix(word)}{one(('(', chr(34), '«'), rng)}{word}{one((')', chr(34), '»'), rng)}"
        text += " "
    text = text.rstrip()
    if len(text) > length:
        text = text[: length - 1].rstrip(" -'") + "-" if rng.random() < 0.4 else text[:length].rsplit(" ", 1)[0]
    return text.strip()


@functools.cache
def _frequent(language: str) -> Choice:
    """Return the most frequent words; rare ones are as good to learn letters from, so the weights are flattened."""
    return Choice.of({word: count**0.5 for word, count in _counts(language, _KNOWN_WORDS)})


@functools.cache
def _spoken(language: str) -> Choice:
    return Choice.of({word: count**0.85 for word, count in _counts(language, 8000)})


def _counts(language: str, most: int) -> Iterable[tuple[str, int]]:
    counts = SpellChecker(language=language).word_frequency.dictionary
    usable = ((word, count) for word, count in counts.items() if _KNOWN.issuperset(word))
    return itertools.islice(sorted(usable, key=lambda pair: (-pair[1], pair[0])), most)


@functools.cache
def _proper_names() -> tuple[str, ...]:
    """People, places and saints, one word each."""
    texts = (*words.FAMOUS, *words.FIRST_NAMES, *words.REGIONS, *People.first_names, *People.last_names)
    parts = dict.fromkeys(part for text in texts for part in re.split(r"[ ]|(?<=^d)'", text))
    return tuple(part for part in parts if len(part) > 1 and _KNOWN.issuperset(part))
