import numpy as np
import pytest

from crnn_seq2seq_ocr.inference.readings import Character, Reading
from crnn_seq2seq_ocr.pages.assemble import Piece
from crnn_seq2seq_ocr.pages.crops import Crop
from crnn_seq2seq_ocr.pages.ink import find_ink
from crnn_seq2seq_ocr.pages.rereading import close_up, read_again, sureness


def crop_of(top: int, bottom: int, *, height: int = 60) -> Crop:
    """Two letters from one row to another of a white line."""
    pixels = np.full((height, 200, 3), 255, np.uint8)
    pixels[top:bottom, 40:60] = pixels[top:bottom, 70:90] = 0
    return Crop(pixels, np.array([(0, 0), (200, 0), (200, height), (0, height)], np.float32))


def reading(text: str, confidence: float, *, complete: bool = True) -> Reading:
    characters = tuple(Character(each, confidence, 0, 0.5, 0.5) for each in text)
    return Reading("", text, confidence ** (len(text) + 1), characters, complete)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ((20, 50), 42),  # at least seven tenths of the height
        ((5, 55), 60),  # no more than there is
        ((10, 50), 48),  # a tenth of the text above it and below it
        ((40, 44), 39),  # of a dash, what shows how low it is
    ],
)
def test_the_reader_sees_a_line_close_to_its_text(rows: tuple[int, int], kept: int) -> None:
    crop = crop_of(*rows)
    seen = close_up(crop, find_ink(crop.pixels))
    assert seen.shape == (kept, 200, 3)
    assert (seen == 0).sum() == (crop.pixels == 0).sum()


def test_all_is_seen_where_text_was_not_told_apart() -> None:
    crop = crop_of(0, 0)
    assert close_up(crop, find_ink(crop.pixels)) is crop.pixels


def test_only_unsure_lines_are_read_again_and_the_surest_reading_is_kept() -> None:
    crops = [crop_of(20, 50)] * 3
    ink = find_ink(crops[0].pixels)
    first = [reading("sure", 0.99), reading("usnure", 0.8), None]
    lines = [
        (crop, None if each is None else Piece(crop.corners, each, 0.9, ink))
        for crop, each in zip(crops, first, strict=True)
    ]
    given = []

    def read(pictures: list[np.ndarray]) -> list[tuple[Reading, float]]:
        given.append([each.shape for each in pictures])
        answers = {(42, 230): (reading("unsure", 0.9), 0.8), (60, 200): (reading("u", 0.5), 0.7)}
        return [answers[each.shape[:2]] for each in pictures]  # type: ignore[index]

    sure, unsure, nothing = read_again(lines, read)
    assert given == [[(42, 230, 3)], [(60, 200, 3)]]
    assert sure is lines[0][1]
    assert nothing is None
    assert unsure is not None
    assert (unsure.reading.text, unsure.covered, unsure.ink) == ("unsure", 0.8, ink)


def test_a_reading_that_has_no_end_is_less_sure_than_one_that_has() -> None:
    assert sureness(reading("--------", 0.99, complete=False)) < sureness(reading("- 8", 0.5))
