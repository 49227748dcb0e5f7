"""The cards of the released models, and how what was measured gets into them."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.text import NAMED_CHARSETS
from tests.conftest import TEXTS, write_folder

CARDS = Path(__file__).parent.parent / "docs" / "models"
HEADINGS = [
    "What it is for", "What it is not for", "Data", "Sizes", "Results", "Calibration", "Known failures",
    "Going on from it", "Licences",
]  # fmt: skip


@pytest.mark.parametrize("name", ["fsns", "words"])
def test_a_card_says_all_that_it_should(name: str) -> None:
    text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    parts = [shlex.split(part)[1:] for part in re.findall(r"<!-- (?!end)(.+?) -->", text)]
    assert {model for model, _ in parts} == {name}
    for _, data in parts:
        if data.startswith("synthetic:"):
            assert len(open_source(data)) >= 1000
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (CARDS / target).exists(), target
    recipe = load_recipe(name)
    assert f"{len(NAMED_CHARSETS[recipe.text.charset])}" in text
    assert f"{recipe.text.max_length}" in text


def test_measuring_fills_in_the_parts(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(tmp_path / "data", [*TEXTS, "a|b"])
    card = tmp_path / "words.md"
    kinds = ["scores", "calibration", "failures"]
    parts = [f"<!-- {kind} words data -->\nto be measured\n<!-- end -->\n" for kind in kinds]
    left = "<!-- scores words missing -->\nto be measured\n<!-- end -->\n"
    card.write_text("# Card\n" + "\n".join(parts) + left + "The end.\n", encoding="utf-8")
    fill = runpy.run_path(str(CARDS / "measure.py"))["fill"]
    for _ in range(2):  # again, over what was filled in
        fill(card)
    text = card.read_text(encoding="utf-8")
    assert text.count("`crnn-ocr evaluate words data`: 13 samples") == 3
    assert "| strict | 92.3% | 12 / 13 |" in text
    assert "Expected calibration error 0." in text
    assert "| ![](words-failures/0.jpg) | `a\\|b` | `ab` | " in text
    assert (tmp_path / "words-failures" / "0.jpg").is_file()
    assert text.endswith(left + "The end.\n")
    assert "scores of missing left as it is: there is no missing" in capsys.readouterr().err
