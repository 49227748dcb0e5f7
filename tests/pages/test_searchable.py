"""The text layer, as another library reads it."""

import ctypes
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.pages.searchable import write_searchable
from crnn_seq2seq_ocr.pages.values import Block, Line, Page, Quadrilateral, Word, failed_page
from crnn_seq2seq_ocr.system.font import arimo

SIZE = 600, 300


def box(left: float, top: float, right: float, bottom: float) -> Quadrilateral:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def line(*words: tuple[str, Quadrilateral]) -> Line:
    placed = tuple(Word(text, 0.9, corners, ()) for text, corners in words)
    first, last = placed[0].quadrilateral, placed[-1].quadrilateral
    return Line(" ".join(word.text for word in placed), 0.9, (first[0], last[1], last[2], first[3]), placed)


def page_of(name: Path | str, *lines: Line) -> Page:
    return Page(str(name), SIZE, tuple(Block((each,), each.quadrilateral) for each in lines))


LINES = (
    line(("Boulangerie", box(40, 40, 300, 80)), ("l'œuvre", box(320, 40, 420, 80))),
    line(("Café;", box(40, 100, 120, 140)), ("1,20", box(150, 100, 250, 140)), ("€", box(260, 100, 280, 140))),
    line(("haut", ((500, 280), (500, 180), (540, 180), (540, 280)))),  # runs up
)
TEXT = ["Boulangerie l'œuvre", "Café; 1,20 €", "haut"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    pixels[:100, :200] = (200, 30, 60)
    Image.fromarray(pixels).save(tmp_path / "sign.png")
    return tmp_path / "sign.png"


def test_text_is_extracted_and_not_seen(picture: Path, tmp_path: Path) -> None:
    write_searchable([page_of(picture, *LINES)], tmp_path / "out.pdf", dpi=100)
    (page,) = PdfReader(tmp_path / "out.pdf").pages
    assert page.extract_text().splitlines() == TEXT
    assert (float(page.mediabox.width), float(page.mediabox.height)) == (432, 216)
    drawn = pypdfium2.PdfDocument(tmp_path / "out.pdf")[0].render(scale=100 / 72, rev_byteorder=True).to_numpy()
    before = cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB)
    assert np.abs(drawn[..., :3].astype(int) - before).mean() < 2


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_stand_where_they_were_read(picture: Path, tmp_path: Path, rotation: int) -> None:
    """On a page of a PDF that is turned too: characters lie within the boxes of their words."""
    with Image.open(picture) as image:
        image.rotate(rotation, expand=True).save(tmp_path / "scan.pdf", resolution=72)
    source = pypdfium2.PdfDocument(tmp_path / "scan.pdf")
    source[0].set_rotation(rotation)
    source.save(tmp_path / "turned.pdf")
    write_searchable([page_of(tmp_path / "turned.pdf", *LINES)], tmp_path / "out.pdf")

    sheet = pypdfium2.PdfDocument(tmp_path / "out.pdf")[0]
    assert sheet.get_size() == SIZE
    text = sheet.get_textpage()
    assert text.get_text_bounded().split() == " ".join(TEXT).split()
    found = text.search("1,20")
    first, count = found.get_next()
    boxes = np.array([text.get_charbox(first + place) for place in range(count)])
    middle = boxes[:, [0, 2]].mean(), boxes[:, [1, 3]].mean()  # in the page's points, up from the lower left
    seen = {
        0: (middle[0], SIZE[1] - middle[1]),
        90: (middle[1], middle[0]),
        180: (SIZE[0] - middle[0], middle[1]),
        270: (SIZE[0] - middle[1], SIZE[1] - middle[0]),
    }[rotation]
    assert seen == (pytest.approx(200, abs=25), pytest.approx(120, abs=12))


def test_a_line_has_one_baseline_and_the_selection_covers_the_ink(tmp_path: Path) -> None:
    """Words with and without ascenders and descenders, whose boxes are those of their ink."""
    image = Image.new("RGB", SIZE, "white")
    draw, font = ImageDraw.Draw(image), arimo(40, 400)
    words, x = [], 30.0
    for text in ("nous", "payâmes", "tout", "-", "gagné."):
        draw.text((x, 120), text, "black", font, anchor="ls")
        left, top, right, bottom = np.array(font.getmask(text, anchor="ls").getbbox())
        down = font.getbbox(text, anchor="ls")[1]
        words.append((text, box(x + left, 120 + down, x + right, 120 + down + bottom - top)))
        x += draw.textlength(text + " ", font)
    image.save(tmp_path / "line.png")
    write_searchable([page_of(tmp_path / "line.png", line(*words))], tmp_path / "out.pdf", dpi=72)
    text = pypdfium2.PdfDocument(tmp_path / "out.pdf")[0].get_textpage()
    assert text.get_text_bounded() == "nous payâmes tout - gagné."
    found = [text.get_charbox(place) for place in range(text.count_chars())]
    boxes = [each for place, each in enumerate(found) if text.get_text_range(place, 1).strip()]
    places = [place for place in range(text.count_chars()) if text.get_text_range(place, 1).strip()]
    origins = []
    for place in places:
        x_of, y_of = ctypes.c_double(), ctypes.c_double()
        pypdfium2.raw.FPDFText_GetCharOrigin(text.raw, place, ctypes.byref(x_of), ctypes.byref(y_of))
        origins.append(y_of.value)
    assert origins == [pytest.approx(SIZE[1] - 120, abs=0.8)] * len(places)
    taken = 0
    for word, corners in words:
        of = np.array(boxes[taken : taken + len(word)])
        taken += len(word)
        edges = of[:, 0].min(), SIZE[1] - of[:, 3].max(), of[:, 2].max(), SIZE[1] - of[:, 1].min()
        assert edges == pytest.approx((*corners[0], *corners[2]), abs=2.5)


def test_many_pages_of_several_files_stay_in_order(picture: Path, tmp_path: Path) -> None:
    with Image.open(picture) as image:
        image.save(tmp_path / "scan.pdf", save_all=True, append_images=[image], resolution=72)
    names = [f"{tmp_path / 'scan.pdf'}#page=2", picture, f"{tmp_path / 'scan.pdf'}#page=1"]
    pages = [page_of(name, LINES[number]) for number, name in enumerate(names)]
    write_searchable([*pages, page_of(picture)], tmp_path / "out.pdf")
    assert [page.extract_text() for page in PdfReader(tmp_path / "out.pdf").pages] == [*TEXT, ""]


def test_what_cannot_be_written_leaves_nothing(picture: Path, tmp_path: Path) -> None:
    failed = failed_page("gone.png", DataError("gone.png cannot be opened"))
    for page, said in ((failed, "gone.png cannot be opened"), (page_of(tmp_path / "no.png"), "cannot be opened")):
        with pytest.raises(DataError, match=said):
            write_searchable([page_of(picture), page], tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()
