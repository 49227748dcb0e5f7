"""Pictures of attention: where heat maps are bright, where dots fall, and the sizes."""

import numpy as np
import pytest

from crnn_seq2seq_ocr.model.outputs import attended_centres
from crnn_seq2seq_ocr.report.attention import character_heat_maps, confidence_level, draw_overview, draw_sheet, heat_map


def one_cell(places: list[tuple[int, int, int]], shape: tuple[int, int, int] = (4, 8, 8)) -> np.ndarray:
    """Attention (L, *shape) with all weight on one (view, row, column) per character."""
    attention = np.zeros((len(places), *shape), np.float32)
    for character, place in enumerate(places):
        attention[character, *place] = 1
    return attention


def grey_views(count: int = 4, height: int = 64, width: int = 64) -> np.ndarray:
    """Views of one flat grey, so that every difference was drawn."""
    return np.full((count, height, width, 3), 128, np.uint8)


def test_centres_are_the_view_and_the_middle_of_the_cell() -> None:
    centres = attended_centres(one_cell([(2, 0, 7), (0, 4, 1)]))

    assert centres == pytest.approx(np.array([[2, 7.5 / 8, 0.5 / 8], [0, 1.5 / 8, 4.5 / 8]]))


def test_centre_is_taken_within_the_most_attended_view() -> None:
    attention = 0.6 * one_cell([(1, 2, 2)]) + 0.4 * one_cell([(3, 7, 7)])

    assert attended_centres(attention)[0] == pytest.approx([1, 2.5 / 8, 2.5 / 8])


def test_no_attention_at_all_lies_in_the_middle() -> None:
    assert attended_centres(np.zeros((1, 2, 4, 4)))[0] == pytest.approx([0, 0.5, 0.5])


def test_heat_map_is_brightest_where_it_was_attended() -> None:
    picture = heat_map(grey_views()[0], one_cell([(0, 1, 6)])[0, 0])

    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    rows, columns = np.nonzero(picture[..., 0] > 130)  # the glow and its ring
    assert (rows.mean(), columns.mean()) == pytest.approx((1.5 * 8, 6.5 * 8), abs=2)
    assert picture[60, 4] == pytest.approx(64)  # dimmed far away


def test_position_attention_lights_whole_columns() -> None:
    attention = np.zeros((1, 16), np.float32)
    attention[0, 4] = 1

    light = heat_map(grey_views()[0], attention)[..., 0].astype(int)

    # The ring closes at the upper and lower edge; between them all rows are alike.
    assert np.ptp(light[4:-4], axis=0).max() <= 2
    assert light[32, 18] > light[32, 40]


def test_heat_maps_show_the_attended_view_at_the_wanted_height() -> None:
    views = grey_views(height=32, width=100)
    views[3] = 250

    maps = character_heat_maps(views, one_cell([(3, 0, 0), (1, 0, 0)]), height=96)

    assert [each.shape for each in maps] == [(96, 300, 3)] * 2
    assert maps[0][-1, -1, 0] > maps[1][-1, -1, 0]


def test_sheet_has_a_tile_per_character() -> None:
    attention = one_cell([(0, 0, 0)] * 10)
    sheet = draw_sheet(grey_views(), attention, "Œuvré-æ€ ç", [0.3] * 9 + [1.0], columns=4)

    assert sheet.shape == (3 * (128 + 40 + 8) + 8, 4 * (128 + 8) + 8, 3)


def test_sheet_writes_accented_letters() -> None:
    def drawn(character: str) -> np.ndarray:
        return draw_sheet(grey_views(), one_cell([(0, 0, 0)]), [character], [0.9])

    assert np.any(drawn("é") != drawn("e"))
    assert np.any(drawn("œ") != drawn("é"))
    assert np.any(drawn("œ") != drawn("?"))


def test_sheet_of_an_empty_text_is_still_a_picture() -> None:
    assert draw_sheet(grey_views(), one_cell([]), [], []).size > 0


def test_overview_marks_the_attended_places() -> None:
    views = grey_views()
    picture = draw_overview(views, one_cell([(0, 4, 4), (3, 2, 6)]), "ab", height=64, columns=2)

    assert picture.shape == (2 * 64 + 8 + 36, 2 * 64 + 8, 3)
    assert np.any(picture[36, 36] != 128)  # view 0: top left, cell (4, 4)
    assert np.any(picture[72 + 20, 72 + 52] != 128)  # view 3: bottom right, cell (2, 6)
    assert np.all(picture[10, 72 + 54] == 128)  # view 1: nothing there


def test_attention_shared_by_all_views_is_drawn_on_each() -> None:
    attention = np.zeros((1, 1, 1, 8), np.float32)
    attention[0, 0, 0, 2] = 1

    picture = draw_overview(grey_views(), attention, "a", height=64, columns=4)

    for view in range(4):
        assert np.any(picture[32, view * 72 + 20] != 128)


def test_overview_of_an_empty_text_shows_the_views() -> None:
    picture = draw_overview(grey_views(1), one_cell([], (1, 8, 8)), "", height=64)

    assert np.all(picture[:64] == 128)


@pytest.mark.parametrize(
    ("probability", "level"), [(1.0, "sure"), (0.9, "sure"), (0.89, "unsure"), (0.5, "unsure"), (0.2, "doubtful")]
)
def test_confidence_levels(probability: float, level: str) -> None:
    assert confidence_level(probability) == level
