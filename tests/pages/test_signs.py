"""Plates on a drawn street, and a released model that reads them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.pages.signs import SignReader, cut_sign, find_plates

BLUE, WALL = (20, 50, 140), (214, 204, 184)


def plate_of(*lines: str) -> np.ndarray:
    """White capitals on blue, RGB uint8 (H, 300, 3)."""
    plate = np.full((60 + 62 * len(lines), 300, 3), BLUE, np.uint8)
    cv2.rectangle(plate, (6, 6), (293, plate.shape[0] - 7), (240, 240, 240), 4)
    for row, text in enumerate(lines):
        (wide, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 5)
        place = ((300 - wide) // 2, 80 + 62 * row)
        cv2.putText(plate, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, (240, 240, 240), 5, cv2.LINE_AA)
    return plate


@pytest.fixture(scope="module")
def street() -> np.ndarray:
    """Two plates, and a word on the wall itself."""
    street = np.full((700, 1000, 3), WALL, np.uint8)
    for (x, y), plate in (((90, 80), plate_of("RUE", "VICTOR", "HUGO")), ((600, 330), plate_of("RUE", "PASTEUR"))):
        street[y : y + plate.shape[0], x : x + 300] = plate
    cv2.putText(street, "A VENDRE", (540, 180), cv2.FONT_HERSHEY_SIMPLEX, 2, (60, 40, 30), 6, cv2.LINE_AA)
    return cv2.GaussianBlur(street, (0, 0), 0.8)


def boxes(*edges: tuple[int, int, int, int]) -> np.ndarray:
    return np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in edges], np.float32)


TEXT = boxes(
    (190, 115, 290, 165), (150, 178, 330, 228), (170, 240, 310, 290), (700, 365, 800, 415), (640, 428, 860, 478),
    (540, 130, 840, 190),
)  # fmt: skip


def test_plates_are_found_and_words_on_the_wall_left_out(street: np.ndarray) -> None:
    found = find_plates(street, TEXT)
    assert len(found) == 2
    for plate, expected in zip(found, [(90, 80, 390, 326), (600, 330, 900, 514)], strict=True):
        assert plate == pytest.approx(expected, abs=14)
    assert find_plates(street, np.zeros((0, 4, 2), np.float32)) == []
    assert find_plates(street, boxes((-50, -50, 20, 10), (990, 690, 1100, 800))) == []


def test_a_sign_is_cut_square_with_room_and_beyond_the_edge(street: np.ndarray) -> None:
    crop = cut_sign(street, (600, 330, 900, 514))
    assert crop.shape == (360, 360, 3)
    assert tuple(crop[180, 36 + 25]) == pytest.approx(BLUE, abs=3)
    corner = cut_sign(street, (0, 0, 200, 100))
    assert corner.shape == (240, 240, 3)
    assert tuple(corner[0, 0]) == WALL


def test_the_released_reader_of_signs_behind_the_detector_of_the_extra(street: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    from crnn_seq2seq_ocr.pages.detector import RapidDetector

    reader = SignReader(RapidDetector(side=736), Reader.load("fsns"))
    wall = np.full((300, 400, 3), WALL, np.uint8)
    missing = str(tmp_path / "missing.jpg")
    first, second, third = reader.stream([street, wall, missing])
    assert first.text == "Rue Victor Hugo\n\nRue Pasteur"
    assert [block.quadrilateral[0] for block in first.blocks] == [
        pytest.approx((90, 80), abs=14),
        pytest.approx((600, 330), abs=14),
    ]
    assert [word.text for word in first.words()] == ["Rue", "Victor", "Hugo", "Rue", "Pasteur"]
    assert (second.blocks, second.error) == ((), None)
    assert "cannot be opened" in str(third.error)
