"""How names are written on plates."""

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic.lettering import Lettering, letter, split_type, without_accents
from crnn_seq2seq_ocr.data.synthetic.names import StreetNames
from crnn_seq2seq_ocr.data.synthetic.settings import SignSettings
from crnn_seq2seq_ocr.data.synthetic.sign_fonts import LETTERING


def shown(lettering: Lettering) -> str:
    return " ".join("".join(text for text, _ in line.runs) for line in lettering.lines)


def letterings(name: str, count: int = 300, difficulty: float = 1.0) -> list[Lettering]:
    return [letter(name, np.random.default_rng(seed), difficulty) for seed in range(count)]


def test_the_type_is_told_from_the_rest() -> None:
    assert split_type("Rue de la Gare") == ("Rue", "de la Gare")
    assert split_type("Grande Rue de la Gare") == ("Grande Rue", "de la Gare")
    assert split_type("Lamarck") == ("", "Lamarck")


def test_accents_are_dropped_from_ligatures_too() -> None:
    assert without_accents("Œuvre, Sœur, Lætitia, Éloi, Ça") == "OEuvre, Soeur, Laetitia, Eloi, Ca"


def test_plates_abbreviate_what_the_text_spells_out() -> None:
    forms = [shown(lettering) for lettering in letterings("Avenue du Général Leclerc")]
    assert {form.split()[0] for form in forms} >= {"AVENUE", "AV."}
    assert any(" GAL " in form for form in forms)
    assert any("Général" in form for form in forms)


def test_plates_without_difficulty_spell_all_out() -> None:
    for lettering in letterings("Place du Docteur Saint-Léger", difficulty=0):
        assert without_accents(shown(lettering)).upper() == "PLACE DU DOCTEUR SAINT-LEGER"
        assert not lettering.above
        assert not lettering.below


def test_capitals_come_with_and_without_accents() -> None:
    forms = {shown(lettering) for lettering in letterings("Rue Thérésa", difficulty=0)}
    assert {"RUE THÉRÉSA", "RUE THERESA", "Rue Thérésa"} <= forms


def test_connecting_words_may_stay_small() -> None:
    forms = {shown(lettering) for lettering in letterings("Rue des Landelles", difficulty=0)}
    assert {"RUE DES LANDELLES", "RUE des LANDELLES"} <= forms


def test_small_text_is_no_part_of_the_name() -> None:
    found = letterings("Rue Lamarck")
    small = [text for lettering in found for line in (*lettering.above, *lettering.below) for text, _ in line.runs]
    assert any("rr" in text.lower() for text in small)
    assert any(text.startswith(("Nº", "N°", "du N", "DU N")) for text in small)


def test_long_names_take_several_lines() -> None:
    counts = {len(lettering.lines) for lettering in letterings("Avenue Antoine de Saint-Exupéry")}
    assert counts >= {2, 3}


@pytest.mark.parametrize("name", ["Rue", "Rue Lamarck", "Lamarck"])
def test_short_names(name: str) -> None:
    assert all(lettering.lines for lettering in letterings(name, 50))


def test_fonts_have_every_character_of_every_plate() -> None:
    names = StreetNames(SignSettings())
    arrows = set("←→")
    for seed in range(1500):
        rng = np.random.default_rng(seed)
        lettering = letter(names.draw(rng), rng, 1.0)
        for line in (*lettering.above, *lettering.lines, *lettering.below):
            for text, _ in line.runs:
                assert not set(text) - set(LETTERING) - arrows, text
