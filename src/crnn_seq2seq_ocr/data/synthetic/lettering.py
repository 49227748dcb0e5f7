"""How a name is written on a plate: lines, capitals, abbreviations, and small text that is not part of it."""

import bisect
import unicodedata
from dataclasses import dataclass

import numpy as np

from crnn_seq2seq_ocr.data.synthetic import words

ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "Avenue": ("AV.", "AV", "AVE"),
    "Boulevard": ("BD", "BD.", "BLD", "BOUL."),
    "Place": ("PL.", "PL"),
    "Rue": ("R.",),
    "Impasse": ("IMP.", "IMP"),
    "Chemin": ("CH.", "CHE.", "CHEM."),
    "Allée": ("ALL.", "AL."),
    "Square": ("SQ.", "SQ"),
    "Route": ("RTE", "RTE."),
    "Passage": ("PAS.", "PASS."),
    "Résidence": ("RES.", "RÉS."),
    "Faubourg": ("FG", "FBG", "FB"),
    "Lotissement": ("LOT.",),
    "Rond-Point": ("RD-PT", "RD PT"),
    "Esplanade": ("ESP.",),
    "Promenade": ("PROM.",),
    "Général": ("GAL", "Gal", "GÉN."),
    "Maréchal": ("MAL", "Mal"),
    "Docteur": ("DR", "Dr", "DR."),
    "Capitaine": ("CAP.", "Cne"),
    "Président": ("PDT", "Pdt", "PRÉS."),
    "Commandant": ("CDT", "Cdt", "CDT."),
    "Colonel": ("COL.", "Cel"),
    "Lieutenant": ("LT", "Lt"),
    "Professeur": ("PR", "Pr", "PROF."),
    "Sergent": ("SGT",),
    "Monseigneur": ("MGR", "Mgr"),
    "Amiral": ("AML", "Am."),
    "Madame": ("MME", "Mme"),
    "Saint": ("ST", "St", "ST."),
    "Sainte": ("STE", "Ste", "STE."),
    "Notre-Dame": ("N.-D.", "N.D."),
    "Ingénieur": ("ING.",),
    "Grande": ("GDE",),
    "Grand": ("GD",),
}
"""What a plate may show instead of a word; the text to be read keeps the word."""

_TYPE_WORDS = {kind: len(kind.split()) for kind in words.TYPES}
_PROFESSIONS = (
    "Artiste Peintre",
    "Sculpteur",
    "Écrivain",
    "Compositeur",
    "Homme Politique",
    "Médecin",
    "Poète",
    "Résistant",
    "Aviateur",
    "Maire de la Ville",
    "Botaniste",
    "Ingénieur",
    "Architecte",
    "Navigateur",
    "Historien",
    "Physicien",
    "Mathématicien",
    "Mort pour la France",
    "Romancière",
    "Philosophe",
    "Général d'Empire",
    "Fondateur",
    "Chirurgien",
    "Conseiller Municipal",
)
_TOWNS = (
    "VILLE DE PARIS",
    "QUARTIER DU CENTRE",
    "VIEILLE VILLE",
    "CENTRE VILLE",
    "QUARTIER NORD",
    "COMMUNE LIBRE",
    "ZONE 30",
)

_STYLES = ("capitals", "connecting", "small capitals", "last name", "mixed")
_STYLE_LIMITS = (0.60, 0.78, 0.84, 0.90)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plate: runs of characters with their size (1: full capitals), and the line's own scale."""

    runs: tuple[tuple[str, float], ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Lettering:
    """All that is written on a plate: the name's lines, and small lines above and below it."""

    lines: tuple[Line, ...]
    above: tuple[Line, ...] = ()
    below: tuple[Line, ...] = ()


def letter(name: str, rng: np.random.Generator, difficulty: float) -> Lettering:
    """One of the ways in which plates show the name."""
    kind, tail = split_type(name)
    style = _style(rng)
    accents = rng.random() < 0.55 or style in {"mixed", "last name"}
    shown = [_shown(word, rng, difficulty) for word in (kind, *tail.split(" "))]
    groups = _grouped(shown, rng)
    rows = _rows(groups, rng)
    small_type = rng.random() < 0.25
    type_scale = float(rng.uniform(0.6, 0.9)) if small_type else 1.0
    lines = tuple(
        Line(_runs(row, style, accents=accents), type_scale if place == 0 and len(rows) > 1 else 1.0)
        for place, row in enumerate(rows)
    )
    above = _above(rng) if rng.random() < 0.13 * difficulty else ()
    below = _below(rng) if rng.random() < 0.17 * difficulty else ()
    return Lettering(lines, _small(above, rng), _small(below, rng))


def split_type(name: str) -> tuple[str, str]:
    """Split a name into the type of the street, perhaps empty, and the rest: ``("Grande Rue", "de la Gare")``."""
    parts = name.split(" ")
    for count in (2, 1):
        if len(parts) > count and " ".join(parts[:count]) in _TYPE_WORDS:
            return " ".join(parts[:count]), " ".join(parts[count:])
    return "", name


def without_accents(text: str) -> str:
    """Write the text in plain letters: ``Œ`` as ``OE``, ``É`` as ``E``."""
    text = text.replace("Œ", "OE").replace("œ", "oe").replace("Æ", "AE").replace("æ", "ae")
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _style(rng: np.random.Generator) -> str:
    return _STYLES[bisect.bisect_right(_STYLE_LIMITS, rng.random())]


def _shown(word: str, rng: np.random.Generator, difficulty: float) -> str:
    """Write a word as the plate shows it: abbreviated, or with its hyphens and apostrophes changed."""
    likely = 0.05 if word == "Rue" else 0.22
    if word in ABBREVIATIONS and rng.random() < likely * difficulty:
        return _one_of(ABBREVIATIONS[word], rng)
    for elision in ("d'", "l'"):
        bare = word.removeprefix(elision)
        if bare != word and bare in ABBREVIATIONS and rng.random() < 0.2 * difficulty:
            return elision + _one_of(ABBREVIATIONS[bare], rng)
    if word.startswith(("Saint-", "Sainte-")):
        saint, _, rest = word.partition("-")
        if rng.random() < 0.25 * difficulty:
            return _one_of(ABBREVIATIONS[saint], rng) + _one_of((" ", "-"), rng) + rest
    if "-" in word and rng.random() < 0.35 * difficulty:
        word = word.replace("-", " ")
    if "'" in word:
        draw = rng.random()
        word = word.replace("'", "’" if draw < 0.4 else "' " if draw < 0.4 + 0.12 * difficulty else "'")
    return word


def _one_of(items: tuple[str, ...], rng: np.random.Generator) -> str:
    return items[int(rng.random() * len(items))]


def _grouped(shown: list[str], rng: np.random.Generator) -> list[str]:
    """Words that must stay on one line: connecting words stand with what follows."""
    groups: list[str] = []
    held = ""
    for word in shown[1:]:
        held = f"{held} {word}".strip()
        if word not in words.CONNECTING:
            groups.append(held)
            held = ""
    if held:
        groups.append(held)
    if groups and rng.random() < 0.05:
        first, space, rest = groups[0].partition(" ")
        if first in words.CONNECTING and space:
            groups[:1] = [first, rest]
    return [shown[0], *groups] if shown[0] else groups


def _rows(groups: list[str], rng: np.random.Generator) -> list[str]:
    """Lay groups of words out on one to four lines: mostly the type, then the rest."""
    whole = " ".join(groups)
    if len(groups) == 1 or (len(whole) <= 22 and rng.random() < (0.16 if len(whole) <= 14 else 0.05)):
        return [whole]
    rest = groups[1:]
    text = " ".join(rest)
    if groups[1] in words.CONNECTING and len(rest) > 1:
        return [groups[0], rest[0], " ".join(rest[1:])]
    if len(rest) == 1 or rng.random() > _splits(len(text)):
        if len(rest) > 1 and len(groups[0]) + len(rest[0]) < 13 and rng.random() < 0.12:
            return [f"{groups[0]} {rest[0]}", " ".join(rest[1:])]
        return [groups[0], text]
    return [groups[0], *_halves(rest)]


def _halves(groups: list[str]) -> tuple[str, str]:
    """Two lines of the most equal lengths."""
    breaks = [(" ".join(groups[:place]), " ".join(groups[place:])) for place in range(1, len(groups))]
    return min(breaks, key=lambda lines: abs(len(lines[0]) - len(lines[1])))


def _splits(length: int) -> float:
    """How likely a text of so many characters takes two lines."""
    return float(np.clip((length - 9) / 14, 0.05, 0.9))


def _runs(row: str, style: str, *, accents: bool) -> tuple[tuple[str, float], ...]:
    row = row if accents else without_accents(row)
    if style == "mixed":
        return ((row, 1.0),)
    if style == "capitals":
        return ((row.upper(), 1.0),)
    if style == "connecting":
        return ((" ".join(_lower_connecting(word) for word in row.split(" ")), 1.0),)
    if style == "last name":
        *first, last = row.rsplit(" ", 1)
        return tuple(run for run in ((" ".join(first), 0.8), (" " * bool(first) + last.upper(), 1.0)) if run[0])
    runs: list[tuple[str, float]] = []
    for place, word in enumerate(row.split(" ")):
        space = " " if place else ""
        if word in words.CONNECTING:
            runs.append((space + word.upper(), 0.72))
        else:
            runs += [(space + word[:1].upper(), 1.0), (word[1:].upper(), 0.72)]
    return tuple(run for run in runs if run[0])


def _lower_connecting(word: str) -> str:
    if word in words.CONNECTING:
        return word
    if word[:2] in {"d'", "l'", "d’", "l’"}:
        return word[:2] + word[2:].upper()
    return word.upper()


def _small(texts: tuple[str, ...], rng: np.random.Generator) -> tuple[Line, ...]:
    scale = float(rng.uniform(0.32, 0.58))
    return tuple(Line(((text, 1.0),), scale) for text in texts)


def _above(rng: np.random.Generator) -> tuple[str, ...]:
    draw = rng.random()
    if draw < 0.75:
        number = int(rng.integers(1, 21))
        ordinal = "1er" if number == 1 else f"{number}{_one_of(('e', 'ème', 'E', 'me'), rng)}"
        return (f"{ordinal} {_one_of(('Arr!', 'Arrt', 'ARRT', 'Arr.', 'ARR!'), rng)}",)
    return (_one_of(_TOWNS, rng),)


def _below(rng: np.random.Generator) -> tuple[str, ...]:
    if rng.random() < 0.4:
        first, span = int(rng.integers(1, 200)), int(rng.integers(2, 200))
        numero = _one_of(("Nº", "N°", "du N°", "DU Nº"), rng)
        arrow = _one_of(("", "", "← ", "→ "), rng)
        middle = _one_of(("à", "au", "A", "à N°"), rng)
        return (f"{arrow}{numero} {first} {middle} {first + span}",)
    born = int(rng.integers(1600, 1930))
    years = f"{born}{_one_of(('-', ' - '), rng)}{born + int(rng.integers(25, 90))}"
    profession = _one_of(_PROFESSIONS, rng)
    draw = rng.random()
    return (years,) if draw < 0.35 else (profession, years) if draw < 0.7 else (f"{profession} {years}",)
