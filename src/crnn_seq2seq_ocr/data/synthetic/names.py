"""French street names in the form of a map, invented without end, or drawn from a user's own file."""

import bisect
import functools
import gzip
import itertools
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from faker.providers.person.fr_FR import Provider as People
from spellchecker import SpellChecker

from crnn_seq2seq_ocr.data.synthetic import words
from crnn_seq2seq_ocr.data.synthetic.settings import Part, SignSettings
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import FSNS_CHARSET, normalize, plain

_VOWELS = frozenset("AEIOUYÀÂÄÉÈÊËÎÏÔÖÙÛÜŒÆ")
_START, _END = "^", "$"


@dataclass(frozen=True)
class Choice:
    """Things to choose from, each with a weight."""

    items: tuple[str, ...]
    limits: tuple[float, ...]

    @classmethod
    def of(cls, weights: dict[str, float]) -> "Choice":
        """Make a choice among the keys, each as likely as its value says."""
        return cls(tuple(weights), tuple(itertools.accumulate(weights.values())))

    def only(self, wanted: Callable[[str], bool]) -> "Choice | None":
        """Those that are wanted, with their weights; None if there are none."""
        weights = np.diff(self.limits, prepend=0.0).tolist()
        kept = {item: weight for item, weight in zip(self.items, weights, strict=True) if wanted(item)}
        return Choice.of(kept) if kept else None

    def draw(self, rng: np.random.Generator) -> str:
        """Draw one of the items."""
        return self.items[bisect.bisect_right(self.limits, rng.random() * self.limits[-1])]


def part_of(name: str) -> Part:
    """Return the part a name belongs to, by a hash of its lower-case text: 90 % train, 5 % validation, 5 % test."""
    place = zlib.crc32(name.lower().encode()) % 100
    return "train" if place < 90 else "validation" if place < 95 else "test"


class StreetNames:
    """Draws names of one part: invented ones, or those of ``settings.corpus``.

    Raises:
        DataError: A file cannot be read, or holds no usable name of the part.
    """

    def __init__(self, settings: SignSettings) -> None:
        self._part, self._max_length = settings.names, settings.max_length
        self._types = Choice.of(words.TYPES)
        self._corpus = self._usable(_read_corpus(settings.corpus)) if settings.corpus else None
        if self._corpus is not None and not self._corpus.items:
            raise DataError(
                f"{settings.corpus} holds no name of the part {self._part!r} with at most "
                f"{self._max_length} characters of FSNS' charset: give a longer list"
            )
        self._places = settings.places

    def draw(self, rng: np.random.Generator) -> str:
        """One name, in Unicode NFC with plain apostrophes."""
        while True:
            name = self._candidate(rng)
            if len(name) <= self._max_length and part_of(name) == self._part:
                return name

    def _candidate(self, rng: np.random.Generator) -> str:
        if self._corpus is None:
            return normalize(f"{self._types.draw(rng)} {_tail(rng, _lexicon(self._places))}")
        entry = self._corpus.draw(rng)
        return entry if starts_with_type(entry) else f"{self._types.draw(rng)} {entry}"

    def _usable(self, weights: dict[str, float]) -> Choice:
        """Return the entries that can give a name of this part; a tail can if it does with any type."""
        kept = {}
        for entry, weight in weights.items():
            names = [entry] if starts_with_type(entry) else (f"{kind} {entry}" for kind in words.TYPES)
            if any(len(name) <= self._max_length and part_of(name) == self._part for name in names):
                kept[entry] = weight
        return Choice.of(kept)


def starts_with_type(entry: str) -> bool:
    """Whether a line is a whole name (``Rue Lamarck``), not only its tail (``Lamarck``)."""
    first, _, rest = entry.partition(" ")
    return bool(rest) and (first in words.TYPES or any(entry.startswith(f"{kind} ") for kind in words.TYPES))


def _read_corpus(path: Path) -> dict[str, float]:
    weights: dict[str, float] = defaultdict(float)
    capitals = 0
    for number, line in enumerate(read_lines(path), start=1):
        text, _, weight = line.partition("\t")
        text = plain(normalize(" ".join(text.split())))
        if not text or set(text) - set(FSNS_CHARSET):
            continue
        capitals += text == text.upper()
        weights[text] += weight_of(weight, path, number)
    if capitals > len(weights) / 2:
        raise DataError(
            f"{path}: most names are in capitals; a corpus must hold them as a map prints them "
            "(Rue de l'Église), since they are the texts to be read"
        )
    return weights


def weight_of(text: str, path: Path, number: int) -> float:
    """Return the weight after the tab of a line; 1 where there is none.

    Raises:
        DataError: It is no number above 0.
    """
    if not text.strip():
        return 1.0
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 < weight < float("inf"):
        raise DataError(f"{path}, line {number}: the weight after the tab must be a number above 0, it is {text!r}")
    return weight


def read_lines(path: Path) -> list[str]:
    """Read the lines of a UTF-8 file, unpacked if need be.

    Raises:
        DataError: The file cannot be read, or is not UTF-8.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return raw.decode("utf-8-sig").splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"the list of names {path} cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise DataError(f"the list of names {path} is not UTF-8: convert it") from None


# Invented names


@dataclass(frozen=True)
class Lexicon:
    """The words that names are made of, from packages and from `words`."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[str, ...]
    plurals: tuple[str, ...]
    titles: Choice
    letters: dict[str, tuple[str, tuple[int, ...]]]
    """What follows three letters, and how often (cumulative): invents names that look French."""


@functools.lru_cache(maxsize=4)
def _lexicon(places: Path | None) -> Lexicon:
    first = tuple(dict.fromkeys((*words.FIRST_NAMES, *People.first_names)))
    last = tuple(name for name in dict.fromkeys(People.last_names) if _is_plain(name))
    cities = _cities("FR", "BE", "CH", "LU") + (tuple(_read_corpus(places)) if places else ())
    letters = _letters(part for name in (*last, *_cities("FR")) for part in re.split("[ '-]", name))
    return Lexicon(first, last, cities, _plurals(), Choice.of(words.TITLES), letters)


def _cities(*countries: str) -> tuple[str, ...]:
    """Towns of countries, by their two letters; the file says where they are from."""
    text = files("crnn_seq2seq_ocr.data.synthetic").joinpath("towns.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return tuple(dict.fromkeys(name for country, name in rows if country in countries))


def _is_plain(name: str) -> bool:
    return not set(name) - set(FSNS_CHARSET) and all(character.isalpha() or character in " '-" for character in name)


def _plurals() -> tuple[str, ...]:
    """Plural nouns among the French words: those whose ending only nouns have and whose singular is known, too."""
    known = SpellChecker(language="fr").word_frequency.dictionary
    noun = re.compile(r"\w{2,9}(iers|ières|ettes|eaux|elles|illons|erons|eurs|oirs|eries|ines|ins|ottes|oles|ures)")
    found = (word for word in known if noun.fullmatch(word) and known[word] > 100 and word[:-1] in known)
    nouns = (word.capitalize() for word in found if word not in words.UNFIT)
    return tuple(sorted(noun for noun in nouns if not set(noun) - set(FSNS_CHARSET)))


def _letters(names: Iterable[str]) -> dict[str, tuple[str, tuple[int, ...]]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name in names:
        if len(name) < 4:
            continue
        padded = _START * 3 + name.lower() + _END
        for place in range(3, len(padded)):
            counts[padded[place - 3 : place]][padded[place]] += 1
    return {key: ("".join(after), tuple(itertools.accumulate(after.values()))) for key, after in counts.items()}


def _invented(rng: np.random.Generator, lexicon: Lexicon) -> str:
    while True:
        text = _START * 3
        while text[-1] != _END and len(text) < 16:
            after, limits = lexicon.letters[text[-3:]]
            text += after[bisect.bisect_right(limits, rng.random() * limits[-1])]
        if text[-1] == _END and len(text) > 7:
            return text[3:-1].capitalize()


def _tail(rng: np.random.Generator, lexicon: Lexicon) -> str:
    """Return what follows the type of the street."""
    kinds = (_person, _famous, _titled, _saint, _place, _noun, _plural, _date, _invented_place, _surname)
    shares = (0.20, 0.34, 0.41, 0.46, 0.58, 0.71, 0.81, 0.835, 0.925, 1.0)
    return kinds[bisect.bisect_right(shares, rng.random())](rng, lexicon)


def _one(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.random() * len(items))]


def _last_name(rng: np.random.Generator, lexicon: Lexicon) -> str:
    return _one(lexicon.last_names, rng) if rng.random() < 0.35 else _invented(rng, lexicon)


def _person(rng: np.random.Generator, lexicon: Lexicon) -> str:
    first = _one(lexicon.first_names, rng)
    last = _last_name(rng, lexicon)
    if rng.random() < 0.04:
        last = f"{elided('de', last)}"
    elif rng.random() < 0.03:
        last = f"{last}-{_last_name(rng, lexicon)}"
    return f"{first} {last}"


def _famous(rng: np.random.Generator, lexicon: Lexicon) -> str:
    return _one(words.FAMOUS, rng)


def _titled(rng: np.random.Generator, lexicon: Lexicon) -> str:
    name = _one(words.LEADERS, rng) if rng.random() < 0.4 else _last_name(rng, lexicon)
    if rng.random() < 0.2:
        name = f"{_one(lexicon.first_names, rng)} {name}"
    return f"{lexicon.titles.draw(rng)} {name}"


def _saint(rng: np.random.Generator, lexicon: Lexicon) -> str:
    female = rng.random() < 0.25
    name = f"Sainte-{_one(words.SAINTS_FEMALE, rng)}" if female else f"Saint-{_one(words.SAINTS, rng)}"
    if rng.random() < 0.15:
        name += f"-{_invented(rng, lexicon)}"
    return f"de {name}" if rng.random() < 0.15 else name


def _place(rng: np.random.Generator, lexicon: Lexicon) -> str:
    if rng.random() < 0.3:
        return _one(words.REGIONS, rng)
    return of_place(_one(lexicon.places, rng))


def _noun(rng: np.random.Generator, lexicon: Lexicon) -> str:
    kind = rng.random()
    if kind < 0.25:
        return f"de l'{_one(words.VOWEL, rng)}"
    female = kind < 0.65
    noun = _one(words.FEMININE if female else words.MASCULINE, rng)
    if rng.random() < 0.3:
        noun = _described(noun, female=female, rng=rng)
    article = "de la" if female else "du"
    return f"{'sur' + article[2:] if rng.random() < 0.01 and female else article} {noun}"


def _described(noun: str, *, female: bool, rng: np.random.Generator) -> str:
    masculine, feminine, where = words.ADJECTIVES[int(rng.random() * len(words.ADJECTIVES))]
    adjective = feminine if female else masculine
    return f"{adjective} {noun}" if where == "before" else f"{noun} {adjective}"


def _plural(rng: np.random.Generator, lexicon: Lexicon) -> str:
    noun = _one(words.PLURALS if rng.random() < 0.6 else lexicon.plurals, rng)
    return f"aux {noun}" if rng.random() < 0.03 else f"des {noun}"


def _date(rng: np.random.Generator, lexicon: Lexicon) -> str:
    if rng.random() < 0.7:
        return _one(words.DATES, rng)
    day = int(rng.integers(1, 31))
    year = f" {rng.integers(1789, 1963)}" if rng.random() < 0.6 else ""
    return f"du {'1er' if day == 1 else day} {_one(words.MONTHS, rng)}{year}"


def _invented_place(rng: np.random.Generator, lexicon: Lexicon) -> str:
    name = _invented(rng, lexicon)
    kind = rng.random()
    if kind < 0.4:
        return elided("de", name)
    if kind < 0.6:
        return f"des {name}" if name[-1] in "sx" else f"des {name}s"
    if kind < 0.8:
        return f"de l'{name}" if name[0] in _VOWELS else f"de la {name}"
    return f"de l'{name}" if name[0] in _VOWELS else f"du {name}"


def _surname(rng: np.random.Generator, lexicon: Lexicon) -> str:
    return _last_name(rng, lexicon)


def elided(word: str, name: str) -> str:
    """``de`` or ``le`` before a name: ``de Lunel``, ``d'Orbey``."""
    return f"{word[:-1]}'{name}" if name[0].upper() in _VOWELS else f"{word} {name}"


def of_place(place: str) -> str:
    """``de`` before a place, joined with its article: ``du Havre``, ``des Ulis``, ``de la Rochelle``."""
    for article, joined in (("Le ", "du "), ("Les ", "des "), ("La ", "de la "), ("L'", "de l'")):
        if place.startswith(article):
            return joined + place.removeprefix(article)
    return elided("de", place)
