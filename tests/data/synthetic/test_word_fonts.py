"""Typefaces of words: what they can write, and the choice for a text."""

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic.word_fonts import Faces, find_faces
from crnn_seq2seq_ocr.text import WORDS_CHARSET


def packaged(package: str, name: str) -> Path:
    return Path(str(files(package) / "files" / name))


@pytest.fixture(scope="module")
def faces() -> Faces:
    return find_faces(None)


def test_nearly_all_packaged_faces_write_french(faces: Faces) -> None:
    french = [face for face in faces.all if face.writes("Où naît l'Été ?")]
    assert len(french) > 0.8 * len(faces.all)
    assert len({face.path for face in french}) > 20


def test_every_character_has_a_face(faces: Faces) -> None:
    for character in WORDS_CHARSET:
        assert sum(face.writes(character) for face in faces.all) > 20, character


def test_a_face_without_small_letters_writes_capitals_alone(faces: Faces) -> None:
    (bebas,) = {face for face in faces.all if "Bebas" in face.path}
    assert bebas.writes("HÔTEL 5")
    assert not bebas.writes("Hôtel")


def test_the_face_chosen_writes_the_text(faces: Faces) -> None:
    rng = np.random.default_rng(0)
    for text in ("Œuvre", "{#@}", "ÿ", "plain"):
        assert all(faces.choose(text, rng).writes(text) for _ in range(30))


def test_typewriters_are_upright_and_of_one_width(faces: Faces) -> None:
    rng = np.random.default_rng(0)
    found = {Path(faces.choose("machine", rng, even=True).path).stem for _ in range(40)}
    assert found
    assert all("Mono" in name and "Italic" not in name for name in found)


def test_fonts_of_a_folder_are_added(faces: Faces, tmp_path: Path) -> None:
    shutil.copy(packaged("fontpkg_lobster", "Lobster-Regular.ttf"), tmp_path / "Mine-Regular.ttf")
    more = find_faces(tmp_path)
    assert len(more.all) == len(faces.all) + 1
    assert more.all[-1].path == str(tmp_path / "Mine-Regular.ttf")
