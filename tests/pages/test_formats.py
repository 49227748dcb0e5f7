import json

import pytest
from lxml import etree, html

from crnn_seq2seq_ocr.pages.formats import ALTO, FORMS, PAGE
from crnn_seq2seq_ocr.pages.values import Block, Line, Page, PlacedCharacter, Word


def box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def word(text: str, left: float, top: float) -> Word:
    letters = tuple(
        PlacedCharacter(each, 0.9, box(left + 10 * place, top, left + 10 * place + 10, top + 20))
        for place, each in enumerate(text)
    )
    return Word(text, 0.8, box(left, top, left + 10 * len(text), top + 20), letters)


def line(top: float, *texts: str) -> Line:
    words = tuple(word(text, 10 + 100 * place, top) for place, text in enumerate(texts))
    return Line(" ".join(texts), 0.7, box(10, top, 90 * len(texts), top + 20), words)


SAMPLE = Page(
    'a "scan" & more.png',
    (400, 300),
    (
        Block((line(10, "Léa", "<b>"), line(40, "two")), box(10, 10, 180, 60)),
        Block((line(200, "&\x01"),), box(10, 200, 90, 220)),
    ),
)
EMPTY = Page("empty.png", (40, 30), ())


def test_text() -> None:
    assert FORMS["text"][1](SAMPLE) == "Léa <b>\ntwo\n\n&\x01\n"
    assert FORMS["text"][1](EMPTY) == ""


def test_json() -> None:
    told = json.loads(FORMS["json"][1](SAMPLE))
    assert told["text"] == SAMPLE.text
    assert told["blocks"][0]["lines"][0]["words"][1] == {
        "text": "<b>", "confidence": 0.8, "quadrilateral": [[110, 10], [140, 10], [140, 30], [110, 30]]
    }  # fmt: skip


def test_hocr_is_read_by_a_parser_of_html() -> None:
    root = html.document_fromstring(FORMS["hocr"][1](SAMPLE).encode())
    assert root.xpath("count(//*[@class='ocr_page'])") == 1
    assert [each.text for each in root.xpath("//*[@class='ocrx_word']")] == ["Léa", "<b>", "two", "&\ufffd"]
    assert root.xpath("//*[@class='ocrx_word']/@title")[0] == "bbox 10 10 40 30; x_wconf 80"
    assert next(each.text_content().split() for each in root.xpath("//*[@class='ocr_line']")) == ["Léa", "<b>"]
    identities = root.xpath("//@id")
    assert len(identities) == len(set(identities))


def test_alto() -> None:
    root = etree.fromstring(FORMS["alto"][1](SAMPLE).encode())
    names = {"a": ALTO}
    assert root.xpath("//a:String/@CONTENT", namespaces=names) == ["Léa", "<b>", "two", "&\ufffd"]
    first = root.xpath("//a:String", namespaces=names)[0]
    assert {key: first.get(key) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT", "WC")} == {
        "HPOS": "10", "VPOS": "10", "WIDTH": "30", "HEIGHT": "20", "WC": "0.8000"
    }  # fmt: skip
    assert [each.tag.rpartition("}")[2] for each in first] == ["Shape", "Glyph", "Glyph", "Glyph"]
    row = root.xpath("//a:TextLine", namespaces=names)[0]
    assert [each.tag.rpartition("}")[2] for each in row] == ["Shape", "String", "SP", "String"]


def test_page_xml() -> None:
    root = etree.fromstring(FORMS["page"][1](SAMPLE).encode())
    names = {"p": PAGE}
    assert root.xpath("//p:TextLine/p:TextEquiv/p:Unicode/text()", namespaces=names) == ["Léa <b>", "two", "&\ufffd"]
    order = root.xpath("//p:RegionRefIndexed/@regionRef", namespaces=names)
    assert order == root.xpath("//p:TextRegion/@id", namespaces=names)
    assert root.xpath("//p:Word[1]/p:Coords/@points", namespaces=names)[0] == "10,10 40,10 40,30 10,30"


@pytest.mark.parametrize("form", ["hocr", "alto", "page"])
def test_an_empty_page_is_a_whole_document(form: str) -> None:
    assert etree.fromstring(FORMS[form][1](EMPTY).encode()) is not None
