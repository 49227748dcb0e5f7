"""Invented street names, and those of a user's file."""

import gzip
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic import words
from crnn_seq2seq_ocr.data.synthetic.names import Part, StreetNames, elided, of_place, part_of, starts_with_type
from crnn_seq2seq_ocr.data.synthetic.settings import SignSettings
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import FSNS_CHARSET


def drawn(count: int, **settings: object) -> list[str]:
    names = StreetNames(SignSettings.model_validate(settings))
    return [names.draw(np.random.default_rng([5, index])) for index in range(count)]


@pytest.fixture(scope="module")
def train() -> list[str]:
    return drawn(4000)


def test_names_are_within_the_charset_and_the_length(train: list[str]) -> None:
    for name in train:
        assert not set(name) - set(FSNS_CHARSET), name
        assert len(name) <= 37
        assert name == unicodedata.normalize("NFC", name)
        assert "  " not in name
        assert name == name.strip()


def test_shorter_names_on_demand() -> None:
    assert max(map(len, drawn(300, max_length=15))) <= 15


def test_names_are_diverse_and_accented(train: list[str]) -> None:
    assert len(set(train)) > 0.8 * len(train)
    assert sum(not name.isascii() for name in train) > 0.2 * len(train)
    assert {name.split()[0] for name in train} > {"Rue", "Avenue", "Place", "Impasse", "Chemin", "Allée", "Boulevard"}
    assert 0.5 < sum(name.startswith("Rue ") for name in train) / len(train) < 0.7


def test_names_are_in_title_case_with_small_connecting_words(train: list[str]) -> None:
    for name in train:
        for word in name.split():
            bare = re.sub("^[dl]'", "", word)
            assert bare in words.CONNECTING or bare[0].isupper() or bare[0].isdigit() or bare in {"van"}, name


def test_parts_share_no_name(train: list[str]) -> None:
    validation, test = set(drawn(400, names="validation")), set(drawn(400, names="test"))
    assert not set(train) & validation
    assert not set(train) & test
    assert not validation & test


@pytest.mark.parametrize(("part", "share"), [("train", 0.9), ("validation", 0.05), ("test", 0.05)])
def test_parts_are_of_the_promised_sizes(part: Part, share: float) -> None:
    found = sum(part_of(f"Rue numéro {number}") == part for number in range(20_000))
    assert found / 20_000 == pytest.approx(share, abs=0.01)


def test_the_part_of_a_name_does_not_depend_on_case() -> None:
    assert all(part_of(name) == part_of(name.upper()) for name in ("Rue de l'Église", "Quai d'Orsay", "Clos Œil"))


def test_elision_and_articles_of_places() -> None:
    assert elided("de", "Orbey") == "d'Orbey"
    assert elided("de", "Lunel") == "de Lunel"
    assert [of_place(place) for place in ("Le Havre", "Les Ulis", "La Rochelle", "L'Isle", "Étampes", "Lens")] == [
        "du Havre",
        "des Ulis",
        "de la Rochelle",
        "de l'Isle",
        "d'Étampes",
        "de Lens",
    ]


def test_whole_names_and_tails() -> None:
    assert starts_with_type("Rue Lamarck")
    assert starts_with_type("Grande Rue de la Gare")
    assert not starts_with_type("Lamarck")
    assert not starts_with_type("du Quai")
    assert not starts_with_type("Rue")


def corpus(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_corpus_gives_its_names_alone(tmp_path: Path) -> None:
    wholes = [f"Rue Élise {number}" for number in range(60)]
    path = corpus(tmp_path / "names.txt", "\n".join(wholes))
    for part in ("train", "validation", "test"):
        expected = {name for name in wholes if part_of(name) == part}
        if expected:
            assert set(drawn(400, corpus=path, names=part)) <= expected


def test_tails_of_a_corpus_get_a_type(tmp_path: Path) -> None:
    path = corpus(tmp_path / "tails.tsv", "de l’Hommée\t1\nSamuel de Champlain\t8\n")
    names = drawn(300, corpus=path)
    assert {name.removeprefix(next(kind for kind in words.TYPES if name.startswith(f"{kind} "))) for name in names} == {
        " de l'Hommée",
        " Samuel de Champlain",
    }
    assert sum("Champlain" in name for name in names) > 200


def test_a_compressed_corpus(tmp_path: Path) -> None:
    path = tmp_path / "names.tsv.gz"
    path.write_bytes(gzip.compress(b"Rue Lamarck\t2\n"))
    part = part_of("Rue Lamarck")
    assert set(drawn(5, corpus=path, names=part)) == {"Rue Lamarck"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RUE DE L EGLISE\t8143\nPLACE DE LA MAIRIE\t4254\n", "capitals"),
        ("Rue Lamarck\tmany\n", "line 1.*'many'"),
        ("Rue Lamarck\t-1\n", "above 0"),
        ("\n\n", "no name of the part"),
        ("Улица\n", "no name of the part"),
    ],
)
def test_a_corpus_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        StreetNames(SignSettings(corpus=corpus(tmp_path / "names.txt", text)))


def test_a_corpus_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Rue de l'Église".encode("latin-1"))
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"not gzip")
    for path in (tmp_path / "none.txt", latin, broken):
        with pytest.raises(DataError, match=path.name):
            StreetNames(SignSettings(corpus=path))


def test_places_of_a_file_appear(tmp_path: Path) -> None:
    path = corpus(tmp_path / "places.txt", "\n".join(f"Saint-Test {number}" for number in range(4000)))
    assert any("Saint-Test" in name for name in drawn(500, places=path))
