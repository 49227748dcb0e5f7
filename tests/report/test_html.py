"""The HTML page: complete, self-contained, and safe with any text."""

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.metrics import PROFILES
from crnn_seq2seq_ocr.report.cards import data_uri, differing, shown
from crnn_seq2seq_ocr.report.content import CardSection, SampleCard, summarize
from crnn_seq2seq_ocr.report.html import render_html
from crnn_seq2seq_ocr.report.templates import templates

HOSTILE = "<script>alert('x')</script>\" onload=\"y&amp;"
VOID = {"meta", "img"}


class Balance(HTMLParser):
    """Collects the tags of a page and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Balance()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser.seen


def sample(**changes) -> SampleCard:
    picture = np.full((20, 80, 3), 200, np.uint8)
    values = {
        "name": "a.png", "reference": "Rue Foch", "prediction": "Rue Fach", "confidence": 0.7,
        "characters": tuple(zip("Rue Fach", [0.99, 0.99, 0.99, 0.99, 0.99, 0.3, 0.6, 0.99], strict=True)),
        "picture": picture, "overview": picture, "heat_maps": (picture,) * 8,
    }  # fmt: skip
    return SampleCard(**(values | changes))


def card(sample: SampleCard) -> str:
    """One sample as the page shows it."""
    return str(templates().get_template("cards.html").module.card(shown(sample)))


@pytest.fixture(scope="module")
def page() -> str:
    report = summarize(
        "Tiny on twelve signs",
        ["Rue Foch", "Quai"],
        ["Rue Fach", "Quai"],
        [0.7, 0.9],
        facts=[("model", "runs/tiny")],
        dropped={"empty text": 3},
        lead=CardSection("Four signs", "", (sample(name="first.png"),)),
        sections=[CardSection("Worst cases", "most edits first", (sample(),))],
    )
    return render_html(report)


def test_page_has_every_part_in_order(page: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page)

    assert headings == [
        "Four signs", "Scores", "Samples", "Accuracy by length", "What the confidence is worth",
        "Most frequent confusions", "Worst cases",
    ]  # fmt: skip
    assert "<h1>Tiny on twelve signs</h1>" in page
    assert "runs/tiny" in page
    assert "dropped: empty text" in page
    assert page.count("<svg") == 3
    assert "mean confidence" in page
    for profile in PROFILES:
        assert f'<th scope="row">{profile.name}</th>' in page
        assert profile.description.split(";")[0].split("'")[0] in page


def test_page_is_well_formed_and_needs_nothing_else(page: str) -> None:
    seen = tags(page)

    assert not re.search(r"https?://|//[a-z]+\.|url\(|@import", page)
    assert {tag for tag, _ in seen}.isdisjoint({"script", "link", "iframe", "object"})
    sources = [attributes["src"] for tag, attributes in seen if tag == "img"]
    assert len(sources) == 2 * 10
    assert all(source is not None and source.startswith("data:image/jpeg;base64,") for source in sources)


def test_links_lead_to_sections(page: str) -> None:
    seen = tags(page)
    targets = {attributes["id"] for tag, attributes in seen if tag == "section"}

    assert {str(attributes["href"])[1:] for tag, attributes in seen if tag == "a"} == targets


def test_page_knows_dark_and_narrow_screens(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_hostile_texts_stay_texts() -> None:
    hostile = sample(name=HOSTILE, reference=HOSTILE, prediction=HOSTILE[::-1], characters=(), heat_maps=())
    mapped = sample(prediction="<", characters=(("<", 0.5),), heat_maps=(np.zeros((4, 4, 3), np.uint8),))
    report = summarize(
        HOSTILE, [HOSTILE, "<b>"], [HOSTILE[::-1], "<i>"], [0.5, 0.6], facts=[(HOSTILE, HOSTILE)],
        dropped={HOSTILE: 1}, sections=[CardSection(HOSTILE, HOSTILE, (hostile, mapped))],
    )  # fmt: skip

    seen = tags(render_html(report))

    assert {tag for tag, _ in seen}.isdisjoint({"script", "b>", "i"})
    assert not any("onload" in attributes for _, attributes in seen)
    assert any(attributes.get("alt") == f"picture with the way of the attention of {HOSTILE}" for _, attributes in seen)


def test_empty_evaluation_has_a_page() -> None:
    page = render_html(summarize("Nothing", [], [], [], sections=[CardSection("Worst cases", "", ())]))

    tags(page)
    assert page.count("No samples.") == 3
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower()


def test_pictures_decode_to_their_size_and_colours() -> None:
    picture = np.zeros((30, 40, 3), np.uint8)
    picture[..., 0] = 200  # red

    encoded = base64.b64decode(data_uri(picture).split(",")[1])
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)

    assert decoded.shape == (30, 40, 3)
    assert decoded[15, 20] == pytest.approx([200, 0, 0], abs=6)


def test_large_pictures_are_scaled_down() -> None:
    encoded = base64.b64decode(data_uri(np.zeros((300, 2400, 3), np.uint8)).split(",")[1])

    assert cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).shape == (150, 1200, 3)


@pytest.mark.parametrize(
    ("reference", "prediction", "missed", "wrong"),
    [
        ("Foch", "Fach", {1}, {1}),
        ("Foch", "Fch", {1}, set()),
        ("Foch", "Foich", set(), {2}),
        ("l’A", "l'A", set(), set()),
        ("e\u0301a", "éb", {1}, {1}),
        ("", "ab", set(), {0, 1}),
    ],
)
def test_differences(reference: str, prediction: str, missed: set[int], wrong: set[int]) -> None:
    assert differing(reference, prediction) == (missed, wrong)


def test_card_marks_wrong_and_doubtful_characters() -> None:
    text = card(sample())

    assert "✗ wrong" in text
    assert '<span class="missed">o</span>' in text
    assert '<span class="wrong doubtful" title="30.0%">a</span>' in text
    assert '<span class="unsure" title="60.0%">c</span>' in text
    assert '<span class="confidence unsure"' in text


def test_card_without_a_reference_judges_nothing() -> None:
    text = card(sample(reference=None))

    assert "verdict" not in text
    assert "<dt>true</dt>" not in text


def test_card_without_pictures_or_probabilities_still_shows_the_texts() -> None:
    text = card(sample(picture=None, overview=None, heat_maps=(), characters=(), prediction=""))

    assert "<img" not in text
    assert "nothing" in text
