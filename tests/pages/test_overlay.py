import numpy as np

from crnn_seq2seq_ocr.pages.overlay import SURE, UNSURE, draw_overlay
from crnn_seq2seq_ocr.pages.values import Block, Line, Page


def test_boxes_are_drawn_in_the_colour_of_how_sure_they_are() -> None:
    shapes = [((20, y), (180, y), (180, y + 30), (20, y + 30)) for y in (5, 120)]
    lines = tuple(Line("Léa", sure, shape, ()) for sure, shape in zip((0.99, 0.1), shapes, strict=True))
    pixels = np.zeros((200, 200, 3), np.uint8)
    drawn = draw_overlay(pixels, Page("x", (200, 200), (Block(lines, shapes[0]),)))
    assert drawn.shape == pixels.shape
    assert tuple(drawn[20, 180]) == SURE
    assert tuple(drawn[135, 180]) == UNSURE
    assert drawn[190, 100].tolist() == [128, 128, 128]
    assert not pixels.any()


def test_letters_with_accents_are_drawn_as_such() -> None:
    shape = ((20.0, 80.0), (180.0, 80.0), (180.0, 140.0), (20.0, 140.0))
    drawn = [
        draw_overlay(
            np.zeros((200, 200, 3), np.uint8), Page("x", (200, 200), (Block((Line(text, 1, shape, ()),), shape),))
        )
        for text in ("é", "ê", "ç")
    ]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_texts_of_a_dense_page_stand_beside_the_picture() -> None:
    lines = [Line("word " * 4, 0.95, ((20, y), (300, y), (300, y + 24), (20, y + 24)), ()) for y in range(20, 260, 26)]
    page = Page("a", (400, 300), (Block(tuple(lines), lines[0].quadrilateral),))
    over = draw_overlay(np.full((300, 400, 3), 200, np.uint8), page)
    assert over.shape == (300, 800, 3)
    assert (over[:, 400:] < 200).any(axis=(1, 2))[20:260].mean() > 0.3
    assert (over[:, :400] < 200).any(axis=2)[4:16].sum() == 0  # nothing is written over the picture
