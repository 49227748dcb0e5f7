"""Profiles: the named rules by which a prediction is compared with its reference."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer, normalize, plain

_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ı": "i"})

_ORIGINAL_TABLE = str.maketrans(
    {"(": "（", ")": "）", ":": "：", "-": " "}
    | dict(zip("ÀÂàâÇçÉÈÊËéèêëÎÏîïÔôÛÙÜûùüŸ", "AAaaCcEEEEeeeeIIiiOoUUUuuuY", strict=True))
)

_ORIGINAL_SPECIALS = {PAD_ID: "_PAD", BOS_ID: "_GO", UNK_ID: "_UNK"}


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of comparing.

    Attributes:
        name: The name that stands beside every number.
        description: What counts and what does not, in one sentence for reports.
        transform: Applied to the reference and to the prediction before they are compared.
        character_score: The character score that this profile's source publishes, if it has its own.
        ignores_tail: What the prediction has beyond the reference's length costs nothing.
        skips_empty: Samples whose reference is empty after ``transform`` are left out (and counted).
    """

    name: str
    description: str
    transform: Callable[[str], str]
    character_score: Literal["lcs_ratio", "positional_accuracy"] | None = None
    ignores_tail: bool = False
    skips_empty: bool = False


def strict(text: str) -> str:
    """Unicode NFC with typographic apostrophes, double quotes and dashes made plain; nothing else."""
    return plain(normalize(text))


def fold(text: str) -> str:
    """Fold case, accents, ligatures and compatibility forms of the text; collapse and strip whitespace."""
    decomposed = unicodedata.normalize("NFKD", plain(normalize(text)).casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(letters.translate(_LETTERS_WITHOUT_DECOMPOSITION).split())


def standardize_original(text: str) -> str:
    """Standardise the text as the original's eval.py has done since June 2022.

    Strip, collapse whitespace, then replace character by character: ``():`` by their full-width
    forms, the hyphen by a space (so "a - b" keeps three), 27 accented letters by their plain ones.
    ÿ, ä, ö, œ, æ and ñ stay. Source: mindspore-ai/models, research/cv/crnn_seq2seq_ocr/eval.py.
    """
    return re.sub(r"\s+", " ", text.strip()).translate(_ORIGINAL_TABLE)


def alphanumeric(text: str) -> str:
    """Lower case, with everything but 0-9 and a-z dropped; so é is dropped, not folded to e."""
    return re.sub(r"[^0-9a-z]", "", text.lower())


def original_decode(ids: Sequence[int], tokenizer: Tokenizer) -> str:
    """Text of the ids as the original prints it before its standardisation.

    Characters up to the first end id; padding, begin and unknown print as ``_PAD``, ``_GO`` and
    ``_UNK`` (which count in its metric), unassigned ids as nothing. Source: its eval.py.
    """
    ids = list(ids)
    shown = ids[: ids.index(EOS_ID)] if EOS_ID in ids else ids
    return "".join(_ORIGINAL_SPECIALS.get(number) or tokenizer.character(number) for number in shown)


PROFILES = (
    Profile(
        name="strict",
        description="Unicode NFC; case, accents, spaces and punctuation count. Typographic apostrophes, double "
        "quotes and dashes equal the plain ones, as in the charset of FSNS.",
        transform=strict,
    ),
    Profile(
        name="folded",
        description="Case and accents do not count, œ equals oe, runs of whitespace equal one space; "
        "punctuation counts.",
        transform=fold,
    ),
    Profile(
        name="original",
        description="The rule of the MindSpore CRNN-Seq2Seq-OCR since June 2022: case counts, accents do not "
        "(except ÿ ä ö œ æ ñ), a hyphen equals a space. Its “annotation precision” is the sequence accuracy, "
        "its “character precision” the LCS ratio.",
        transform=standardize_original,
        character_score="lcs_ratio",
    ),
    Profile(
        name="tensorflow",
        description="The rule of TensorFlow's attention_ocr: position by position up to the end of the "
        "reference, so that text after the true end costs nothing; case and accents count. Its character score "
        "is the mean over samples of the share of right positions.",
        transform=strict,
        character_score="positional_accuracy",
        ignores_tail=True,
    ),
    Profile(
        name="str",
        description="The rule of scene text benchmarks: lower case, only 0-9 and a-z count, everything else "
        "(accented letters too) is dropped. Samples whose reference becomes empty are left out.",
        transform=alphanumeric,
        skips_empty=True,
    ),
)
"""Every profile, in the order of reports."""


def profile_named(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        KeyError: There is none.
    """
    return {profile.name: profile for profile in PROFILES}[name]
