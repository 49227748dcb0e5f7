"""Files that list characters: those of FSNS' kind, and the original's ``general_chars.txt``.

Sources of the formats: tensorflow/models, research/attention_ocr; mindspore-ai/models, research/cv/crnn_seq2seq_ocr.
"""

from pathlib import Path

from crnn_seq2seq_ocr.errors import CharsetError
from crnn_seq2seq_ocr.text import SPECIAL_COUNT, UNASSIGNED, Tokenizer, describe_character, normalize, plain

GENERAL_SPECIALS = ("_PAD", "_GO", "_EOS", "_UNK")
GENERAL_CLASSES = 10_000


def read_charset_file(path: str | Path) -> str:
    """Read the charset of a file such as ``charset_size=134.txt``: lines of id, tab, character.

    Where several characters share an id they must be variants of one plain character
    (`text.VARIANTS`), which stands for all. ``<nul>`` marks the filling, which is no character. An id
    without a line becomes `UNASSIGNED`.

    Returns:
        The characters in the order of their ids, from 0.

    Raises:
        CharsetError: A line is wrong, an id stands for different characters, a character has several ids,
            or there are none.
    """
    characters: dict[int, str] = {}
    for line, (number, entry) in _numbered_entries(Path(path)).items():
        if entry == "<nul>":
            continue
        character = plain(normalize(entry))
        if len(character) != 1:
            raise CharsetError(f"{path}:{line}: {entry!r} is not one character")
        if characters.setdefault(number, character) != character:
            raise CharsetError(
                f"{path}:{line}: id {number} stands for {describe_character(characters[number])} and "
                f"for {describe_character(character)}: only typographic variants may share an id"
            )
    if not characters:
        raise CharsetError(f"{path} holds no characters: each line is an id, a tab and a character")
    return _each_once("".join(characters.get(number, UNASSIGNED) for number in range(max(characters) + 1)), path)


def read_general_chars(path: str | Path, *, classes: int = GENERAL_CLASSES) -> str:
    """Read the charset of the original's ``general_chars.txt``: one entry a line, the four special ones first.

    A tokenizer of this charset has the original's ids: the lines' numbers from 0, and the last id for
    the space that the original appends after filling the list up.

    Args:
        path: The file.
        classes: Number of ids of the model that was trained with it.

    Raises:
        CharsetError: The file does not begin with the special entries, a line is not one character,
            a character comes twice, or there are more than the classes.
    """
    entries = {line: content.strip() for line, content in _lines(Path(path), blank=True).items()}
    ordered = list(entries.values())
    if tuple(ordered[:SPECIAL_COUNT]) != GENERAL_SPECIALS:
        raise CharsetError(
            f"{path} must begin with the lines {', '.join(GENERAL_SPECIALS)}: give the original's general_chars.txt"
        )
    if len(ordered) >= classes:
        raise CharsetError(
            f"{path} has {len(ordered):,} entries, {classes:,} classes leave room for {classes - 1:,}: "
            "give the list that the model was trained with"
        )
    for line, entry in list(entries.items())[SPECIAL_COUNT:]:
        if len(entry) > 1:
            raise CharsetError(f"{path}:{line}: {entry!r} is not one character")
    characters = "".join(entry or UNASSIGNED for entry in ordered[SPECIAL_COUNT:])
    return _each_once(characters.ljust(classes - 1 - SPECIAL_COUNT, UNASSIGNED) + " ", path)


def _each_once(charset: str, path: str | Path) -> str:
    try:
        return Tokenizer(charset).charset
    except CharsetError as error:
        raise CharsetError(f"{path}: {error}") from None


def _numbered_entries(path: Path) -> dict[int, tuple[int, str]]:
    """(id, entry) by line number."""
    entries = {}
    for line, content in _lines(path).items():
        number, tab, entry = content.partition("\t")
        number = number.strip()  # of more than `int` takes for blanks
        if not tab or not number.isdecimal() or len(number) > 20 or int(number) > 0x10FFFF:
            raise CharsetError(f"{path}:{line}: {content!r} is not an id, a tab and a character")
        entries[line] = int(number), entry
    return entries


def _lines(path: Path, *, blank: bool = False) -> dict[int, str]:
    """Lines of a UTF-8 file by number, from 1; blank ones only where wanted."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CharsetError(f"cannot read the charset {path} ({error.strerror or error}): check its path") from None
    except UnicodeDecodeError as error:
        raise CharsetError(f"the charset {path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    lines = content.removesuffix("\n").split("\n")  # not splitlines: it also splits at characters such as U+2028
    return {number: line.removesuffix("\r") for number, line in enumerate(lines, 1) if line.strip("\r") or blank}
