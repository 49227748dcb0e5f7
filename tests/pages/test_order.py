import numpy as np
import pytest

from crnn_seq2seq_ocr.pages.order import arrange, direction

HEIGHT = 20


def boxes(*places: tuple[float, float, float], height: float = HEIGHT) -> np.ndarray:
    """Quadrilaterals of (left, top, width)."""
    return np.array([[(x, y), (x + w, y), (x + w, y + height), (x, y + height)] for x, y, w in places], float)


def turned(corners: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return corners @ np.array([[cos, sin], [-sin, cos]])


def read(corners: np.ndarray) -> list[int]:
    return [place for block in arrange(corners) for line in block for place in line]


def column(left: float, lines: int, *, top: float = 0, width: float = 300, step: float = 28) -> list[tuple[float, ...]]:
    return [(left, top + step * number, width if number < lines - 1 else 0.4 * width) for number in range(lines)]


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("degrees", [0, 3, -7, 90, 180, 270])
def test_columns_are_read_one_after_the_other_under_a_heading(columns: int, degrees: float) -> None:
    places = [(100, -60, 700)]
    for number in range(columns):
        places += column(number * 340, 9, top=number * 6)
    places.append((50, 320, 800))
    corners = turned(boxes(*places), degrees)
    shuffled = np.random.default_rng(1).permutation(len(corners))

    assert [int(shuffled[place]) for place in read(corners[shuffled])] == list(range(len(corners)))


def test_columns_with_paragraphs_at_the_same_height_stay_columns() -> None:
    places = []
    for number in range(2):
        places += column(number * 340, 4) + column(number * 340, 4, top=4 * 28 + 30)
    assert read(boxes(*places)) == list(range(16))


def test_columns_around_a_picture_with_a_caption() -> None:
    places = [*column(0, 5), *column(340, 5), (0, 200, 640), *column(0, 5, top=260), *column(340, 5, top=260)]
    assert read(boxes(*places)) == list(range(21))


def test_a_form_is_read_row_by_row() -> None:
    widths = [60, 150, 90, 120, 80]
    places = []
    for row, width in enumerate(widths):
        places += [(0, row * 34, width), (300, row * 34, 100 + 20 * row)]
    found = arrange(boxes(*places))
    assert [line for block in found for line in block] == [[2 * row, 2 * row + 1] for row in range(5)]


def test_pieces_of_a_line_are_joined_and_large_and_small_are_not() -> None:
    corners = np.concatenate([boxes((0, 0, 100), (120, 3, 100), (240, -2, 90)), boxes((0, 40, 300), height=80)])
    assert [line for block in arrange(corners) for line in block] == [[0, 1, 2], [3]]


def test_paragraphs_are_blocks() -> None:
    corners = boxes(*column(0, 3), *column(0, 3, top=200))
    assert [[line[0] for line in block] for block in arrange(corners)] == [[0, 1, 2], [3, 4, 5]]


def test_nothing_and_one_box() -> None:
    assert arrange(np.zeros((0, 4, 2))) == []
    assert arrange(boxes((0, 0, 10))) == [[[0]]]


@pytest.mark.parametrize("degrees", [0, 12, 90, -90, 170])
def test_the_direction_is_that_of_most_of_the_text(degrees: float) -> None:
    corners = np.concatenate([turned(boxes(*column(0, 5)), degrees), turned(boxes((0, 500, 90)), degrees + 90)])
    difference = np.rad2deg(direction(corners)) - degrees
    assert abs((difference + 180) % 360 - 180) < 0.01


def test_noise_of_thousands_of_boxes_is_ordered_without_loss() -> None:
    rng = np.random.default_rng(2)
    places = [(x, y, w) for x, y, w in rng.uniform((0, 0, 5), (5000, 5000, 80), (4000, 3))]
    assert sorted(read(boxes(*places))) == list(range(4000))
