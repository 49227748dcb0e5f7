import itertools

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.pages.crops import LONGEST, TALLEST, between, cut


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)


def test_an_upright_rectangle_is_cut_as_it_is(picture: np.ndarray) -> None:
    (crop,) = cut(picture, rectangle(30, 40, 90, 70), room=0)
    assert np.array_equal(crop.pixels, picture[40:70, 30:90])


def test_room_stays_within_the_picture(picture: np.ndarray) -> None:
    (crop,) = cut(picture, rectangle(0, 100, 60, 120), room=0.5)
    assert crop.corners.tolist() == [[0, 90], [70, 90], [70, 130], [0, 130]]
    assert crop.pixels.shape == (40, 70, 3)


def test_a_leaning_one_is_made_straight() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    corners = np.array([(50, 50), (210, 90), (205, 110), (45, 70)], np.float32)
    cv2.fillConvexPoly(picture, corners.astype(np.int32), (255, 255, 255))
    (crop,) = cut(picture, corners, room=0)
    assert crop.pixels[3:-3, 3:-3].min() > 200


def test_a_turned_crop_begins_where_its_text_begins(picture: np.ndarray) -> None:
    (crop,) = cut(picture, rectangle(10, 20, 30, 100), room=0)
    assert crop.tall
    left = crop.turned(1)
    assert left.pixels.shape == (20, 80, 3)
    assert left.corners.tolist() == [[30, 20], [30, 100], [10, 100], [10, 20]]
    assert np.array_equal(crop.turned(2).pixels, picture[20:100, 10:30][::-1, ::-1])


def test_large_ones_are_shrunk(picture: np.ndarray) -> None:
    (crop,) = cut(picture, rectangle(0, 0, 300, 200), room=0)
    assert crop.pixels.shape == (TALLEST, 144, 3)


def test_a_long_line_is_cut_between_words() -> None:
    picture = np.full((40, 2000, 3), 255, np.uint8)
    for word in range(20):
        picture[10:30:2, word * 100 + 10 : word * 100 + 80] = 0
    pieces = cut(picture, rectangle(0, 0, 2000, 40), room=0)
    assert len(pieces) == int(np.ceil(2000 / 40 / LONGEST))
    for piece, following in itertools.pairwise(pieces):
        assert piece.corners[1, 0] == following.corners[0, 0]
        assert not 10 < piece.corners[1, 0] % 100 < 80


@pytest.mark.parametrize(
    "corners",
    [rectangle(50, 50, 50, 90), rectangle(-90, -50, -10, -20), rectangle(400, 0, 500, 20), np.full((4, 2), np.nan)],
)
def test_what_has_no_area_within_the_picture_is_left_out(picture: np.ndarray, corners: np.ndarray) -> None:
    assert cut(picture, corners) == []


def test_parts_of_a_quadrilateral() -> None:
    assert between(rectangle(0, 0, 100, 10), 0.25, 0.5).tolist() == [[25, 0], [50, 0], [50, 10], [25, 10]]
