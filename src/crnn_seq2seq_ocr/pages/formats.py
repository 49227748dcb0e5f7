"""Pages as files that other programs read: plain text, JSON, hOCR, ALTO and PAGE."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crnn_seq2seq_ocr.pages.values import Block, Line, Page, PlacedCharacter, Quadrilateral, Word
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.version import __version__

ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
PAGE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
XHTML = "http://www.w3.org/1999/xhtml"
MAKER = f"crnn-seq2seq-ocr {__version__}"

Part = Block | Line | Word | PlacedCharacter


def as_text(page: Page) -> str:
    """Write the text as a person would copy it, with its end of line; nothing where there is none."""
    return page.text + "\n" if page.text else ""


def as_json(page: Page) -> str:
    """Write what `Page.to_dict` gives in one line."""
    return json.dumps(page.to_dict(), ensure_ascii=False) + "\n"


def as_hocr(page: Page) -> str:
    """Write the page as hOCR 1.2, an XHTML document.

    Source: the specification, https://kba.github.io/hocr-spec/1.2/.

    Raises:
        DependencyError: lxml is not installed.
    """
    etree = _lxml()
    html = etree.Element(f"{{{XHTML}}}html", nsmap={None: XHTML})
    head = _add(html, "head")
    _add(head, "title").text = _valid(page.name)
    _add(head, "meta", charset="utf-8")
    _add(head, "meta", name="ocr-system", content=MAKER)
    _add(head, "meta", name="ocr-capabilities", content="ocr_page ocr_carea ocr_par ocr_line ocrx_word")
    width, height = page.size
    title = f'image "{_valid(page.name)}"; bbox 0 0 {width} {height}'
    sheet = _add(_add(html, "body"), "div", {"class": "ocr_page", "id": "page_1", "title": title})
    for block_number, block in enumerate(page.blocks, 1):
        number = f"1_{block_number}"
        area = _add(sheet, "div", {"class": "ocr_carea", "id": f"block_{number}", "title": _bbox(block)})
        paragraph = _add(area, "p", {"class": "ocr_par", "id": f"par_{number}", "title": _bbox(block)})
        for line_number, line in enumerate(block.lines, 1):
            place = f"{number}_{line_number}"
            row = _add(paragraph, "span", {"class": "ocr_line", "id": f"line_{place}", "title": _bbox(line)})
            for word_number, word in enumerate(line.words, 1):
                title = f"{_bbox(word)}; x_wconf {word.confidence * 100:.0f}"
                name = f"word_{place}_{word_number}"
                span = _add(row, "span", {"class": "ocrx_word", "id": name, "title": title})
                span.text, span.tail = _valid(word.text), " "
    return _written(html, doctype="<!DOCTYPE html>")


def as_alto(page: Page) -> str:
    """Write the page as ALTO 4.2 XML, with a glyph for each character.

    Source: the schema, https://www.loc.gov/standards/alto/.

    Raises:
        DependencyError: lxml is not installed.
    """
    etree = _lxml()
    root = etree.Element(f"{{{ALTO}}}alto", nsmap={None: ALTO})
    about = _add(root, "Description")
    _add(about, "MeasurementUnit").text = "pixel"
    _add(_add(about, "sourceImageInformation"), "fileName").text = _valid(page.name)
    software = _add(_add(about, "OCRProcessing", ID="ocr_1"), "ocrProcessingStep")
    _add(_add(software, "processingSoftware"), "softwareName").text = MAKER
    width, height = (str(each) for each in page.size)
    sheet = _add(
        _add(root, "Layout"), "Page", ID="page_1", PHYSICAL_IMG_NR="1", WIDTH=width, HEIGHT=height,
        PC=f"{page.confidence:.4f}",
    )  # fmt: skip
    space = _add(sheet, "PrintSpace", HPOS="0", VPOS="0", WIDTH=width, HEIGHT=height)
    for block_number, block in enumerate(page.blocks, 1):
        region = _add(space, "TextBlock", ID=f"block_{block_number}", **_alto_box(block))
        _alto_shape(region, block)
        for line_number, line in enumerate(block.lines, 1):
            name = f"{block_number}_{line_number}"
            row = _add(region, "TextLine", ID=f"line_{name}", **_alto_box(line))
            _alto_shape(row, line)
            for number, word in enumerate(line.words, 1):
                _alto_word(row, word, f"{name}_{number}", first=number == 1)
    return _written(root)


def as_page_xml(page: Page) -> str:
    """Write the page as PAGE XML (2019-07-15).

    Source: the schema, https://github.com/PRImA-Research-Lab/PAGE-XML.

    Raises:
        DependencyError: lxml is not installed.
    """
    etree = _lxml()
    root = etree.Element(f"{{{PAGE}}}PcGts", nsmap={None: PAGE})
    about = _add(root, "Metadata")
    _add(about, "Creator").text = MAKER
    for moment in ("Created", "LastChange"):
        _add(about, moment).text = _now()
    width, height = (str(each) for each in page.size)
    sheet = _add(root, "Page", imageFilename=_valid(page.name), imageWidth=width, imageHeight=height)
    if page.blocks:
        order = _add(_add(sheet, "ReadingOrder"), "OrderedGroup", id="order")
        for number in range(len(page.blocks)):
            _add(order, "RegionRefIndexed", index=str(number), regionRef=f"block_{number + 1}")
    for block_number, block in enumerate(page.blocks, 1):
        region = _add(sheet, "TextRegion", id=f"block_{block_number}")
        _add(region, "Coords", points=_points(block.quadrilateral))
        for line_number, line in enumerate(block.lines, 1):
            name = f"{block_number}_{line_number}"
            row = _add(region, "TextLine", id=f"line_{name}")
            _add(row, "Coords", points=_points(line.quadrilateral))
            _add(row, "Baseline", points=_points((line.quadrilateral[3], line.quadrilateral[2])))
            for number, word in enumerate(line.words, 1):
                item = _add(row, "Word", id=f"word_{name}_{number}")
                _add(item, "Coords", points=_points(word.quadrilateral))
                _page_text(item, word.text, word.confidence)
            _page_text(row, line.text, line.confidence)
        _page_text(region, block.text, block.confidence)
    return _written(root)


FORMS: dict[str, tuple[str, Callable[[Page], str]]] = {
    "text": (".txt", as_text),
    "json": (".json", as_json),
    "hocr": (".hocr", as_hocr),
    "alto": (".alto.xml", as_alto),
    "page": (".page.xml", as_page_xml),
}
"""The end of a file's name, and what is in it, by the names of formats."""


def bounds(shape: Quadrilateral) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a quadrilateral in whole pixels."""
    across, down = zip(*shape, strict=True)
    return round(min(across)), round(min(down)), round(max(across)), round(max(down))


def _lxml() -> Any:
    with needing("hOCR, ALTO and PAGE"):
        from lxml import etree
    return etree


def _add(parent: Any, tag: str, attributes: dict[str, str] | None = None, /, **more: str) -> Any:
    """Add a child in its parent's namespace."""
    namespace = parent.tag.partition("}")[0]
    child = parent.makeelement(f"{namespace}}}{tag}", {**(attributes or {}), **more})
    parent.append(child)
    return child


def _written(root: Any, *, doctype: str | None = None) -> str:
    data = _lxml().tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True, doctype=doctype)
    return str(data.decode())


def _bbox(part: Part) -> str:
    return "bbox {} {} {} {}".format(*bounds(part.quadrilateral))


def _alto_box(part: Part) -> dict[str, str]:
    left, top, right, bottom = bounds(part.quadrilateral)
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}


def _alto_shape(parent: Any, part: Part) -> None:
    _add(_add(parent, "Shape"), "Polygon", POINTS=_points(part.quadrilateral))


def _alto_word(row: Any, word: Word, name: str, *, first: bool) -> None:
    if not first:
        _add(row, "SP")
    string = _add(
        row, "String", ID=f"word_{name}", CONTENT=_valid(word.text), WC=f"{word.confidence:.4f}", **_alto_box(word)
    )
    _alto_shape(string, word)
    for number, each in enumerate(word.characters, 1):
        if text := _valid(each.text):
            _add(
                string, "Glyph", ID=f"glyph_{name}_{number}", CONTENT=text, GC=f"{each.confidence:.4f}",
                **_alto_box(each),
            )  # fmt: skip


def _points(points: Quadrilateral) -> str:
    return " ".join(f"{max(0, round(x))},{max(0, round(y))}" for x, y in points)


def _page_text(parent: Any, text: str, confidence: float) -> None:
    _add(_add(parent, "TextEquiv", conf=f"{confidence:.4f}"), "Unicode").text = _valid(text)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _valid(text: str) -> str:
    """Remove what XML may not hold: names of files may have half characters and control characters."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
