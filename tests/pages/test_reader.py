from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr import Page, PageReader, Reader
from crnn_seq2seq_ocr.pages import reader as module
from tests.pages.conftest import Drawn, draw, turned

TEXTS = ("Open every day", "from nine to five", "closed on Sunday")


@pytest.fixture
def sign() -> Drawn:
    return draw([(text, 40, 40 + 45 * row) for row, text in enumerate(TEXTS)])


def test_a_page_is_read_with_every_word_in_its_place(sign: Drawn, words: Reader) -> None:
    (page,) = PageReader(sign, words).read([sign.pixels])
    assert page.text == "\n".join(TEXTS)
    assert page.size == (600, 300)
    assert [word.text for word in page.words()] == " ".join(TEXTS).split()
    first, second, _ = next(page.lines()).words
    assert first.quadrilateral[0][0] < first.quadrilateral[1][0] <= second.quadrilateral[0][0]
    assert 0 < page.confidence <= 1
    # The word alone, as drawn.
    (alone,) = draw([("Open", 40, 40)]).boxes
    assert np.abs(np.array(first.quadrilateral) - alone).max() < 15
    assert "".join(each.text for each in first.characters) == "Open"


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_pages_are_read(sign: Drawn, words: Reader, quarters: int) -> None:
    page = turned(sign, quarters)
    (read,) = PageReader(page, words).read([page.pixels])
    assert read.text == "\n".join(TEXTS)
    upright = PageReader(page, words, turn=False).read([page.pixels])
    assert upright[0].text != read.text


def test_pages_come_in_order_whatever_fails(sign: Drawn, words: Reader, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    cv2.imwrite(str(good), sign.pixels)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(good.read_bytes()[:300])
    given = [good, broken, tmp_path / "missing.png", sign.pixels, *[good] * 9]
    pages = PageReader(sign, words).read(given)
    assert [page.error is None for page in pages] == [True, False, False, True, *[True] * 9]
    assert pages[1].error is not None
    assert "no picture that can be read" in pages[1].error
    assert pages[1].to_dict() == {"name": str(broken), "error": pages[1].error}
    assert {page.text for page in pages if page.error is None} == {"\n".join(TEXTS)}
    assert pages[3].name == "picture 3"


def test_the_next_pictures_are_taken_only_as_they_are_needed(sign: Drawn, words: Reader) -> None:
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        while True:
            taken += 1
            yield sign.pixels

    pages = PageReader(sign, words).stream(endless())
    next(pages)
    assert taken <= module.PAGES_TOGETHER + module.AHEAD + 1
    pages.close()


def test_a_picture_without_text_is_an_empty_page(words: Reader) -> None:
    empty = draw([])
    (page,) = PageReader(empty, words).read([empty.pixels])
    assert (page.text, page.blocks, page.error, page.confidence) == ("", (), None, 1.0)


def test_a_page_that_could_not_be_opened_is_handed_on(sign: Drawn, words: Reader) -> None:
    failed = Page("scan.pdf#page=2", (0, 0), (), "it is locked", "PictureError")
    pages = list(PageReader(sign, words).stream([failed, sign.pixels]))
    assert pages[0] is failed
    assert pages[1].error is None


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        (np.zeros((5000, 4, 2)), "5,000 pieces of text were found"),
        (np.zeros((3, 4)), r"the detector gave an array of \(3, 4\)"),
    ],
)
def test_what_a_detector_may_not_give_is_told(sign: Drawn, words: Reader, boxes: np.ndarray, said: str) -> None:
    (page,) = PageReader(Drawn(sign.pixels, list(boxes)), words).read([sign.pixels])
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(page.error)


def test_one_picture_is_no_sequence(sign: Drawn, words: Reader) -> None:
    with pytest.raises(TypeError, match=r"read\(\[picture\]\)"):
        PageReader(sign, words).read(sign.pixels)  # type: ignore[arg-type]


def test_the_released_reader_behind_the_detector_of_the_extra(sign: Drawn) -> None:
    (page,) = PageReader.load("words").read([sign.pixels])
    assert page.text == "\n".join(TEXTS)
    told = page.to_dict()
    assert [line["text"] for block in told["blocks"] for line in block["lines"]] == list(TEXTS)
