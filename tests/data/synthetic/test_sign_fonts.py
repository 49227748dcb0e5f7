"""Fonts: those of the packages, and those that a user adds."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.data.synthetic.sign_fonts import LETTERING, Typeface, find_typefaces, load_font, writes
from crnn_seq2seq_ocr.errors import DataError


def test_packaged_fonts_write_french() -> None:
    paths = {typeface.path for typeface in find_typefaces(None)}
    assert len(paths) >= 2
    assert all(writes(Path(path), LETTERING) for path in paths)


def test_a_font_without_a_character_is_told() -> None:
    assert not writes(Path(find_typefaces(None)[0].path), "A漢")


@pytest.mark.parametrize("place", range(2))
def test_axes_change_the_letters(place: int) -> None:
    path = find_typefaces(None)[0].path
    axes = [(500.0, 100.0), (800.0, 100.0) if place == 0 else (500.0, 62.0)]
    masks = [np.asarray(load_font(Typeface(path, at), 40).getmask("RUE")) for at in axes]
    assert masks[0].shape != masks[1].shape or (masks[0] != masks[1]).any()


def test_fonts_of_a_folder_are_added(tmp_path: Path) -> None:
    shutil.copy(find_typefaces(None)[0].path, tmp_path / "Mine.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    added = set(find_typefaces(tmp_path)) - set(find_typefaces(None))
    assert {typeface.path for typeface in added} == {str(tmp_path / "Mine.ttf")}


def test_folders_without_fonts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no TrueType"):
        find_typefaces(tmp_path)
    with pytest.raises(DataError, match="no folder"):
        find_typefaces(tmp_path / "none")


def test_system_fonts_come_on_top_of_the_packaged_ones() -> None:
    assert set(find_typefaces(None)) <= set(find_typefaces("system"))
