"""PAGE and ALTO: our own writer's files, those of other tools by their layout, and what is wrong with some."""

import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.check import check_source
from crnn_seq2seq_ocr.data.convert import convert_to_folder
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError, RecordError
from tests.conftest import picture_of

RED, BLUE, PAPER = (200, 30, 30), (30, 30, 200), (240, 235, 220)

# As eScriptorium exports it.
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
 <Metadata><Creator>escriptorium</Creator></Metadata>
 <Page imageFilename="{picture}" imageWidth="200" imageHeight="100">
  <TextRegion id="r1"><Coords points="0,0 200,0 200,100 0,100"/>
   <TextLine id="l1"><Coords points="20,10 120,10 110,39 20,39"/><Baseline points="20,35 120,35"/>
    <TextEquiv index="1"><Unicode>wrong</Unicode></TextEquiv>
    <TextEquiv index="0"><Unicode>re\u0301d</Unicode></TextEquiv>
   </TextLine>
   <TextLine id="l2"><Coords points="20,60 120,60 120,80 20,80"/>
    <Word id="w1"><Coords points="0,0 1,1 2,2"/><TextEquiv><Unicode>blue</Unicode></TextEquiv></Word>
    <Word id="w2"><Coords points="0,0 1,1 2,2"/><TextEquiv><Unicode>line</Unicode></TextEquiv></Word>
   </TextLine>
   <TextLine id="l3"><Coords points="0,90 9,90 9,95"/><TextEquiv><Unicode> </Unicode></TextEquiv></TextLine>
   <TextLine id="l4"><Coords points="500,500 600,500 600,550"/><TextEquiv><Unicode>far</Unicode></TextEquiv></TextLine>
  </TextRegion>
 </Page>
</PcGts>"""

# As kraken's `-a` writes it; the second line has no polygon.
ALTO = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">
 <Description><MeasurementUnit>{unit}</MeasurementUnit>
  <sourceImageInformation><fileName>/elsewhere/{picture}</fileName></sourceImageInformation></Description>
 <Layout><Page WIDTH="200" HEIGHT="100" ID="p"><PrintSpace><TextBlock ID="b">
  <TextLine ID="l1" BASELINE="20,35 120,35" HPOS="0" VPOS="0" WIDTH="1" HEIGHT="1">
   <Shape><Polygon POINTS="20 10 120 10 110 39 20 39"/></Shape>
   <String CONTENT="réd"/><SP/><String CONTENT="one"/><HYP CONTENT="-"/></TextLine>
  <TextLine ID="l2" HPOS="20" VPOS="60" WIDTH="100" HEIGHT="20">
   <String CONTENT="blue"/><String CONTENT="line"/></TextLine>
 </TextBlock></PrintSpace></Page></Layout>
</alto>"""


def cut_of(source: Source, index: int) -> np.ndarray:
    (cut,) = source[index].images
    assert isinstance(cut, np.ndarray)
    return cut


def page(folder: Path) -> np.ndarray:
    """A page of two coloured blocks, written as ``p.png``."""
    folder.mkdir(exist_ok=True)
    pixels = np.full((100, 200, 3), PAPER, np.uint8)
    pixels[12:38, 25:105] = RED
    pixels[62:79, 20:120] = BLUE
    cv2.imwrite(str(folder / "p.png"), pixels[..., ::-1])
    return pixels


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    page(tmp_path / "pages")
    (tmp_path / "pages" / "p.xml").write_text(PAGE.format(picture="p.png"), encoding="utf-8")
    (tmp_path / "pages" / "METS.xml").write_text("<mets/>")
    return tmp_path / "pages"


def test_lines_of_page_are_cut_along_their_polygons(pages: Path) -> None:
    source = open_source(str(pages))
    assert [source.text(index) for index in range(len(source))] == ["r\u00e9d", "blue line", "far"]
    assert "1 lines without a text left out" in source.description
    cut = cut_of(source, 0)
    assert cut.shape == (30, 101, 3)
    assert np.array_equal(cut[10, 50], RED)
    assert source[0].name == "p.xml#l1"
    # Outside of the polygon is the colour that most of the inside has.
    assert np.array_equal(cut[29, 100], RED)
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(cut_of(again, 0), cut)
    with pytest.raises(RecordError, match="outside of the picture"):
        source[2]


def test_lines_of_alto(tmp_path: Path) -> None:
    page(tmp_path)
    (tmp_path / "a.xml").write_text(ALTO.format(picture="p.png", unit="pixel"), encoding="utf-8")
    source = open_source(str(tmp_path / "a.xml"))
    assert [source.text(index) for index in range(len(source))] == ["réd one-", "blue line"]
    assert cut_of(source, 0).shape == (30, 101, 3)
    assert cut_of(source, 1).shape == (21, 101, 3)
    assert np.array_equal(cut_of(source, 1)[10, 50], BLUE)


@pytest.mark.parametrize("angle", [20.0, 90.0, 180.0])
def test_a_line_at_an_angle_is_turned_by_its_baseline(tmp_path: Path, angle: float) -> None:
    upright = np.full((300, 300, 3), PAPER, np.uint8)
    upright[130:170, 50:150], upright[130:170, 150:250] = RED, BLUE
    turn = cv2.getRotationMatrix2D((150, 150), -angle, 1.0)
    cv2.imwrite(str(tmp_path / "p.png"), cv2.warpAffine(upright, turn, (300, 300), borderValue=PAPER)[..., ::-1])

    def points(*corners: tuple[int, int]) -> str:
        return " ".join(f"{x:.0f},{y:.0f}" for x, y in np.array(corners) @ turn[:, :2].T + turn[:, 2])

    content = PAGE.format(picture="p.png")
    content = content.replace("20,10 120,10 110,39 20,39", points((40, 120), (260, 120), (260, 180), (40, 180)))
    content = content.replace("20,35 120,35", points((40, 170), (260, 170)))
    (tmp_path / "p.xml").write_text(content, encoding="utf-8")
    cut = cut_of(open_source(str(tmp_path)), 0)
    assert cut.shape[0] == pytest.approx(61, abs=3)
    assert cut.shape[1] == pytest.approx(221, abs=3)
    assert np.abs(cut[30, 60].astype(int) - RED).max() < 8
    assert np.abs(cut[30, 160].astype(int) - BLUE).max() < 8


def test_check_and_conversion(pages: Path, tmp_path: Path) -> None:
    report = check_source(open_source(str(pages)))
    assert [(each.name, each.reason) for each in report.problems] == [("sample 2", "damaged record")]
    done = convert_to_folder(open_source(str(pages)), tmp_path / "out")
    assert done.written == 2
    again = Folder(tmp_path / "out")
    assert [again.text(0), again.text(1)] == ["réd", "blue line"]


def test_files_of_our_own_writer_are_read(tmp_path: Path) -> None:
    pytest.importorskip("lxml")
    from crnn_seq2seq_ocr.pages import formats
    from tests.pages.test_formats import SAMPLE

    for name, write in (("page", formats.as_page_xml), ("alto", formats.as_alto)):
        (tmp_path / f"{name}.xml").write_text(write(SAMPLE), encoding="utf-8")
        source = open_source(str(tmp_path / f"{name}.xml"))
        expected = ["Léa <b>", "two", "&\N{REPLACEMENT CHARACTER}"]
        assert [source.text(index) for index in range(len(source))] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html/>", "neither PAGE nor ALTO: its root is <html>"),
        ("<PcGts>", "no XML that can be read"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><PcGts/>', "defines entities"),
        ("<PcGts/>", "no lines with a text"),
        (ALTO.format(picture="p.png", unit="mm10"), "measures in mm10"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "p.xml").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_source(str(tmp_path / "p.xml"))


def test_a_page_without_its_picture(tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_text(PAGE.format(picture="gone.png"), encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot read the picture .*gone\.png of a page"):
        open_source(str(tmp_path))[0]


def test_a_list_beside_them_wins(pages: Path) -> None:
    (pages / "labels.tsv").write_text("p.png\tall of it\n")
    assert len(open_source(str(pages))) == 1
    assert len(open_source(str(pages / "p*.xml"))) == 3


@pytest.mark.parametrize("file", ["kraken_alto.xml", "kraken_page.xml", "ocrd_page.xml"])
def test_files_that_other_tools_wrote(tmp_path: Path, file: str) -> None:
    """By the serializer of kraken 7.1.1, and by the models of OCR-D 3.13.3 with a second reading of each line."""
    texts = ["ab", "c", "cab", "a", "bb", "abc"]
    words = [picture_of(text) for text in texts]
    cv2.imwrite(str(tmp_path / "p.png"), np.concatenate(words)[..., ::-1])
    shutil.copy(Path(__file__).parents[2] / "fixtures" / "pages" / file, tmp_path / file)
    source = open_source(str(tmp_path))
    assert [source.text(index) for index in range(len(source))] == texts
    for index, word in enumerate(words):
        cut = source[index].images[0]
        assert isinstance(cut, np.ndarray)
        assert np.abs(cut.astype(int) - word[: cut.shape[0], : cut.shape[1]]).mean() < 1
