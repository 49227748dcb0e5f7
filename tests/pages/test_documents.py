import contextlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from crnn_seq2seq_ocr import PictureError
from crnn_seq2seq_ocr.data.pictures import MOST_PIXELS
from crnn_seq2seq_ocr.pages import pdf
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


def test_a_relative_path_counts_from_the_folder_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, picture in (("first", WHITE), ("second", BLUE)):
        (tmp_path / folder).mkdir()
        picture.save(tmp_path / folder / "scan.pdf", resolution=72)
    for folder, red in (("first", 255), ("second", 0)):
        monkeypatch.chdir(tmp_path / folder)
        assert abs(int(pixels("scan.pdf")[20, 30, 0]) - red) < 6
        with pytest.raises(PictureError, match=r"^missing\.pdf "):
            page_names(Path("missing.pdf"))


def test_a_pdf_of_500_pages_is_named_without_drawing(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    for _ in range(500):
        document.new_page(200, 100)
    document.save(tmp_path / "long.pdf")
    document.close()
    names = page_names(tmp_path / "long.pdf")
    assert len(names) == 500
    assert pixels(names[-1]).shape == (100, 200, 3)


def test_a_huge_page_is_drawn_smaller(tmp_path: Path) -> None:
    WHITE.resize((600, 400)).save(tmp_path / "huge.pdf", resolution=72)
    drawn = pixels(str(tmp_path / "huge.pdf"), dpi=1500)
    assert 0.8 * MOST_PIXELS < drawn.shape[0] * drawn.shape[1] <= MOST_PIXELS


def written_pdf(path: Path, *parts: bytes, box: bytes = b"0 0 100 100") -> Path:
    """A PDF of a page that draws the form of object 5; `parts` are the objects from there on."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[" + box + b"]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        b"<</Length 5>>stream\n/F Do\nendstream",
        *parts,
    ]
    content = b"".join(b"%d 0 obj\n%b\nendobj\n" % (number, each) for number, each in enumerate(objects, 1))
    path.write_bytes(b"%PDF-1.7\n" + content + b"trailer<</Root 1 0 R/Size 99>>\n%%EOF")
    return path


def form(content: bytes, more: bytes = b"") -> bytes:
    return b"<</Type/XObject/Subtype/Form/BBox[0 0 100 100]%b/Length %d>>stream\n%b\nendstream" % (
        more, len(content), content,
    )  # fmt: skip


def test_a_page_that_draws_itself_ten_thousand_million_times_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = [form(b"/F Do " * 10, b"/Resources<</XObject<</F %d 0 R>>>>" % (6 + depth)) for depth in range(10)]
    bomb = written_pdf(tmp_path / "bomb.pdf", *forms, form(b"0 0 9 9 re f"))
    with monkeypatch.context() as patched:
        patched.setattr(pdf, "PAGE_SECONDS", 2.0)
        with pytest.raises(
            PictureError, match=r"bomb\.pdf: page 1 cannot be drawn: the process that does (took|has died)"
        ):
            pixels(str(bomb))
    WHITE.save(tmp_path / "good.pdf", resolution=72)
    assert pixels(str(tmp_path / "good.pdf")).shape == (40, 60, 3)  # by another process


@pytest.mark.parametrize("box", [b"0 0 0 0", b"0 0 1000000000 1000000000", b"0 0 1e400 -5", b"9 9 9", b"0 0 14400 1"])
def test_pages_of_any_size_are_drawn_or_refused(tmp_path: Path, box: bytes) -> None:
    path = written_pdf(tmp_path / "page.pdf", form(b"0 0 9 9 re f"), box=box)
    with contextlib.suppress(PictureError):
        height, width, _ = pixels(str(path)).shape
        assert height * width <= MOST_PIXELS


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
