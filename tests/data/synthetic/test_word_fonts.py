"""Typefaces of words: what they can write, and the choice for a text."""

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic.word_fonts import Typefaces, find_typefaces
from crnn_seq2seq_ocr.text import WORDS_CHARSET


def packaged(package: str, name: str) -> Path:
    return Path(str(files(package) / "files" / name))


@pytest.fixture(scope="module")
def typefaces() -> Typefaces:
    return find_typefaces(None)


def test_nearly_all_packaged_typefaces_write_french(typefaces: Typefaces) -> None:
    french = [typeface for typeface in typefaces.all if typeface.writes("Où naît l'Été ?")]
    assert len(french) > 0.8 * len(typefaces.all)
    assert len({typeface.path for typeface in french}) > 20


def test_every_character_has_a_typeface(typefaces: Typefaces) -> None:
    for character in WORDS_CHARSET:
        assert sum(typeface.writes(character) for typeface in typefaces.all) > 20, character


def test_a_typeface_without_small_letters_writes_capitals_alone(typefaces: Typefaces) -> None:
    (bebas,) = {typeface for typeface in typefaces.all if "Bebas" in typeface.path}
    assert bebas.writes("HÔTEL 5")
    assert not bebas.writes("Hôtel")


def test_the_typeface_chosen_writes_the_text(typefaces: Typefaces) -> None:
    rng = np.random.default_rng(0)
    for text in ("Œuvre", "{#@}", "ÿ", "plain"):
        assert all(typefaces.choose(text, rng).writes(text) for _ in range(30))


def test_typewriters_are_upright_and_of_one_width(typefaces: Typefaces) -> None:
    rng = np.random.default_rng(0)
    found = {Path(typefaces.choose("machine", rng, even=True).path).stem for _ in range(40)}
    assert found
    assert all("Mono" in name and "Italic" not in name for name in found)


def test_fonts_of_a_folder_are_added(typefaces: Typefaces, tmp_path: Path) -> None:
    shutil.copy(packaged("fontpkg_lobster", "Lobster-Regular.ttf"), tmp_path / "Mine-Regular.ttf")
    more = find_typefaces(tmp_path)
    assert len(more.all) == len(typefaces.all) + 1
    assert more.all[-1].path == str(tmp_path / "Mine-Regular.ttf")
