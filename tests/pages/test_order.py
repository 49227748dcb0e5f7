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


CROISSANTS = [("Croissant", "1,20 €"), ("Baguette", "0,95 €"), ("Pain complet", "2,40 €"), ("Tarte", "18 €")]
HOURS = ["OUVERT", "lundi - vendredi", "7h - 19h"]


def cells(rows: list[tuple[str, ...]], *lefts: float, top: float = 0, step: float = 40) -> list[tuple[float, ...]]:
    """Places of the cells of rows, as wide as their texts."""
    return [
        (left, top + step * number, 11 * len(text))
        for number, row in enumerate(rows)
        for left, text in zip(lefts, row, strict=True)
    ]


def lines_of(places: list[tuple[float, ...]], texts: list[str]) -> list[str]:
    """The lines as they are read, of boxes in any order."""
    shuffled = np.random.default_rng(3).permutation(len(places))
    found = arrange(boxes(*places)[shuffled], [texts[place] for place in shuffled])
    return [" ".join(texts[shuffled[place]] for place in line) for block in found for line in block]


@pytest.mark.parametrize("hours_first", [False, True])
@pytest.mark.parametrize("step", [40, 47])
@pytest.mark.parametrize("joined", [False, True])
def test_a_price_list_beside_opening_hours(hours_first: bool, step: float, joined: bool) -> None:
    prices, hours = [" ".join(row) for row in CROISSANTS], [(text,) for text in HOURS]
    at = (300, 470) if hours_first else (0, 180)
    list_places = cells([(each,) for each in prices], at[0]) if joined else cells(CROISSANTS, *at)
    hour_places = cells(hours, 0 if hours_first else 330, step=step)
    list_texts = prices if joined else [text for row in CROISSANTS for text in row]

    places = [(0, -90, 520), *list_places, *hour_places]
    read = lines_of(places, ["BOULANGERIE", *list_texts, *HOURS])

    assert read == ["BOULANGERIE", *(HOURS + prices if hours_first else prices + HOURS)]


def test_panels_whose_lines_are_not_level_need_no_texts() -> None:
    places = [*cells([("a" * 9, "b" * 5)] * 5, 0, 180), *cells([("c" * 8,)] * 7, 330, top=4, step=31)]
    found = arrange(boxes(*places))
    assert [line for block in found for line in block] == [
        *([2 * row, 2 * row + 1] for row in range(5)), *([10 + row] for row in range(7))
    ]  # fmt: skip


def test_three_panels_beside_each_other() -> None:
    texts = [[f"{name}{row}" * 2 for row in range(count)] for name, count in (("one", 5), ("two", 6), ("three", 4))]
    places = [
        place
        for number, column in enumerate(texts)
        for place in cells([(each,) for each in column], 220 * number, top=3 * number, step=34 + 5 * number)
    ]
    assert lines_of(places, [text for column in texts for text in column]) == [text for each in texts for text in each]


def test_a_table_of_prices_is_read_row_by_row() -> None:
    rows = [
        ("Article", "Nombre", "Prix"),
        ("Tasse", "2", "4,50 €"),
        ("Assiette", "6", "7,00 €"),
        ("Bol", "1", "3,20 €"),
    ]
    texts = [text for row in rows for text in row]
    assert lines_of(cells(rows, 0, 180, 330), texts) == [" ".join(row) for row in rows]


def test_a_form_with_long_answers_keeps_labels_and_values_in_a_line() -> None:
    rows = [("Date de naissance :", "12 mars 1980 a Lyon"), ("Adresse complete :", "4 rue du Port, Nantes"),
            ("Personne a prevenir :", "Madame Lea Durand"), ("Numero du dossier :", "2024 / 1187 / bis")]  # fmt: skip
    texts = [text for row in rows for text in row]
    assert lines_of(cells(rows, 0, 300), texts) == [" ".join(row) for row in rows]


def test_a_form_with_small_labels_that_stand_higher() -> None:
    labels = boxes(*[(0, 40 * row, 50 + 10 * row) for row in range(6)], height=16)
    answers = boxes(*[(200, 40 * row, 150 + 20 * (row % 3)) for row in range(6)], height=28)
    found = arrange(np.concatenate([labels, answers]))
    assert [line for block in found for line in block] == [[row, 6 + row] for row in range(6)]


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
