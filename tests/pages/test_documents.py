from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from crnn_seq2seq_ocr import PictureError
from crnn_seq2seq_ocr.pages import documents
from crnn_seq2seq_ocr.pages.documents import expand, open_page, page_names
from crnn_seq2seq_ocr.pages.values import Page

WHITE = Image.new("RGB", (60, 40), "white")
BLUE = Image.new("RGB", (60, 40), (0, 0, 255))

LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj "
    b"3 0 obj<</Filter/Standard/V 1/R 2/O<" + b"28" * 32 + b">/U<" + b"5e" * 32 + b">/P -4>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 3 0 R/ID[<00><00>]/Size 4>>\n%%EOF"
)


def pixels(name: str, dpi: int = 72) -> np.ndarray:
    (found,) = open_page(name, dpi=dpi).images
    assert isinstance(found, np.ndarray)
    return found


def test_a_pdf_is_drawn_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    WHITE.save(path, save_all=True, append_images=[BLUE], resolution=72)
    names = page_names(path)
    assert names == [f"{path}#page=1", f"{path}#page=2"]
    assert pixels(names[0]).shape == (40, 60, 3)
    assert pixels(names[0], dpi=144).shape == (80, 120, 3)
    assert np.abs(pixels(names[1])[20, 30].astype(int) - (0, 0, 255)).max() < 6
    with pytest.raises(PictureError, match="has 2 pages, and no page 3"):
        open_page(f"{path}#page=3")


def test_a_pdf_of_500_pages_is_named_without_drawing(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    for _ in range(500):
        document.new_page(200, 100)
    document.save(tmp_path / "long.pdf")
    document.close()
    names = page_names(tmp_path / "long.pdf")
    assert len(names) == 500
    assert pixels(names[-1]).shape == (100, 200, 3)


def test_a_huge_page_is_drawn_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_PIXELS", 10_000)
    WHITE.resize((600, 400)).save(tmp_path / "huge.pdf", resolution=72)
    drawn = pixels(str(tmp_path / "huge.pdf"), dpi=1200)
    assert drawn.shape[0] * drawn.shape[1] <= 10_000


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"rubbish", "is damaged, or no PDF"), (b"", "is damaged, or no PDF"), (LOCKED, "is locked with a password")],
)
def test_pdfs_that_cannot_be_opened(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=said):
        page_names(path)
    (page,) = expand([path])
    assert isinstance(page, Page)
    assert page.error is not None
    with pytest.raises(PictureError, match="cannot be opened"):
        page_names(tmp_path / "missing.pdf")


def test_a_tiff_of_several_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    WHITE.copy().save(path, save_all=True, append_images=[BLUE.copy()])
    first, second = page_names(path)
    assert pixels(first)[0, 0].tolist() == [255, 255, 255]
    assert pixels(second)[0, 0].tolist() == [0, 0, 255]
    with pytest.raises(PictureError, match="save the TIFF anew"):
        open_page(f"{path}#page=7")
    WHITE.copy().save(path)
    assert page_names(path) == [str(path)]


def test_a_heic_photograph(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(BLUE).save(tmp_path / "p.heic")
    assert np.abs(pixels(str(tmp_path / "p.heic"))[20, 30].astype(int) - (0, 0, 255)).max() < 20
    (tmp_path / "broken.heic").write_bytes(b"no heic")
    with pytest.raises(PictureError, match="is damaged, or no HEIC photograph"):
        open_page(str(tmp_path / "broken.heic"))


def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    from crnn_seq2seq_ocr.data.pictures import decode_picture

    exif = Image.Exif()
    exif[0x0112] = 6
    BLUE.save(tmp_path / "p.jpg", exif=exif)
    assert page_names(tmp_path / "p.jpg") == [str(tmp_path / "p.jpg")]
    sample = open_page(str(tmp_path / "p.jpg"))
    assert decode_picture(sample.images[0], name="p").shape == (60, 40, 3)
