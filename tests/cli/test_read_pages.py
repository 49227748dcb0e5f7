"""``crnn-ocr read --find`` and ``crnn-ocr data crop``, with the detector that comes with the extra [find]."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from tests.cli.conftest import Command
from tests.pages.conftest import draw

TEXTS = ("Open every day", "from nine to five", "closed on Sunday")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    sign = Image.fromarray(draw([(text, 40, 40 + 45 * row) for row, text in enumerate(TEXTS)]).pixels)
    empty = Image.new("RGB", (200, 200), "white")
    sign.save(folder / "sign.png")
    sign.save(folder / "scan.pdf", save_all=True, append_images=[empty], resolution=200)
    empty.save(folder / "white.jpg")
    return folder


def test_a_photograph_as_text(command: Command, photos: Path) -> None:
    answer = command("read", "words", photos / "sign.png", "--find")
    assert answer == (0, "\n".join(TEXTS) + "\n", "")


def test_an_empty_page_is_no_failure(command: Command, photos: Path) -> None:
    assert command("read", "words", photos / "white.jpg", "--find") == (0, "", "")


def test_a_folder_with_everything(command: Command, photos: Path) -> None:
    answer = command("read", "words", photos, "--find")
    assert answer.status == 0
    heads = [line for line in answer.out.splitlines() if line.startswith("#")]
    names = ("scan.pdf#page=1", "scan.pdf#page=2", "sign.png", "white.jpg")
    assert heads == [f"# {photos / name}" for name in names]
    assert answer.out.count("\n".join(TEXTS)) == 2


def test_a_table_goes_on_where_it_stopped(command: Command, photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    answer = command("read", "words", photos, "--find", "--output", table, "--for", "excel")
    assert answer.status == 0
    assert "4 of 4 pages, 4 of them now" in answer.out
    whole = table.read_bytes()
    assert whole.startswith(b"\xef\xbb\xbfname,line,lines,text,confidence,")
    rows = list(csv.DictReader(whole.decode("utf-8-sig").splitlines()))
    assert [row["text"] for row in rows if row["name"].endswith("sign.png")] == list(TEXTS)
    assert len(rows[0]["confidence"]) == 6
    # Half of a page is not a page: its first line stands, the rest was lost.
    lines = whole.splitlines(keepends=True)
    table.write_bytes(b"".join(lines[:2]))
    answer = command("read", "words", photos, "--find", "--output", table, "--for", "excel")
    assert table.read_bytes() == whole
    answer = command("read", "words", photos, "--find", "--output", table, "--for", "excel")
    assert "4 of 4 pages, 0 of them now" in answer.out
    answer = command("read", "words", photos, "--find", "--output", table, "--for", "excel", "--side", 640)
    assert answer.status == 1
    assert "do not mix" in answer.err


@pytest.mark.parametrize("suffix", [".jsonl", ".tsv", ".parquet"])
def test_other_tables(command: Command, photos: Path, tmp_path: Path, suffix: str) -> None:
    table = tmp_path / f"out{suffix}"
    for now in (2, 0):
        answer = command("read", "words", photos / "scan.pdf", "--find", "--output", table)
        assert f"2 of 2 pages, {now} of them now" in answer.out
    if suffix == ".jsonl":
        pages = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
        assert [page["text"] for page in pages] == ["\n".join(TEXTS), ""]
    elif suffix == ".tsv":
        assert table.read_text(encoding="utf-8").splitlines()[1].split("\t")[3] == TEXTS[0]
    else:
        arrow = pytest.importorskip("pyarrow.parquet")
        rows = arrow.read_table(table).to_pylist()
        assert [(row["line"], row["lines"], row["text"]) for row in rows] == [
            *((number, 3, text) for number, text in enumerate(TEXTS, 1)), (0, 0, "")
        ]  # fmt: skip


def test_files_for_each_page_and_overlays(command: Command, photos: Path, tmp_path: Path) -> None:
    answer = command(
        "read", "words", photos / "scan.pdf", "--find", "--format", "alto", "--output", tmp_path / "alto",
        "--overlay", tmp_path / "over",
    )  # fmt: skip
    assert answer == (0, "", "")
    first, second = sorted((tmp_path / "alto").iterdir())
    assert first.name == "00001-scan.pdf-page-1.alto.xml"
    assert etree.parse(first).xpath("count(//*[local-name()='TextLine'])") == 3
    assert etree.parse(second).xpath("count(//*[local-name()='TextLine'])") == 0
    with Image.open(tmp_path / "over" / "00001-scan.pdf-page-1.jpg") as over:
        assert over.size == (600, 300)


def test_a_searchable_pdf_of_a_scan_and_a_photograph(command: Command, photos: Path, tmp_path: Path) -> None:
    made = tmp_path / "new" / "all.pdf"
    answer = command("read", "words", photos / "scan.pdf", photos / "sign.png", "--find", "--searchable-pdf", made)
    assert (answer.status, answer.err) == (0, "")
    texts = [page.extract_text().splitlines() for page in PdfReader(made).pages]
    assert texts == [list(TEXTS), [], list(TEXTS)]


def test_json_and_a_list(command: Command, photos: Path, tmp_path: Path) -> None:
    listed = photos / "list.txt"
    listed.write_text("sign.png\nmissing.png\n")
    answer = command("read", "words", "--input", listed, "--find", "--json")
    listed.unlink()
    assert answer.status == 1
    assert [line["text"] for line in json.loads(answer.out)["blocks"][0]["lines"]] == list(TEXTS)
    assert "missing.png cannot be opened" in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--views"], "--views and --attention are for pictures that were cut out"),
        (["--share", "--output", "x.jsonl"], "with --find, --shard i/n gives each process its part"),
        (["--for", "excel"], "are for tables: name an --output"),
        (["--format", "alto", "--output", "x.csv"], "name a folder with --output"),
        (["--output", "x.txt"], r"must end in .jsonl, .csv, .tsv or .parquet"),
        (["--output", "x.jsonl", "--for", "excel"], "must end in .csv or .tsv"),
        (["--output", "x.csv", "--overlay", "y"], "--overlay and --searchable-pdf are for what is printed"),
        (["--output", "x.csv", "--searchable-pdf", "y.pdf"], "leave them or the table of --output out"),
        (["--format", "page"], "4 pages of XML are no file together"),
    ],
)
def test_what_does_not_go_together(command: Command, photos: Path, arguments: list[str], said: str) -> None:
    answer = command("read", "words", photos, "--find", *arguments)
    assert (answer.status, answer.out) == (1, "")
    assert said in answer.err


def test_formats_are_for_pages(command: Command, photos: Path) -> None:
    answer = command("read", "words", photos / "sign.png", "--format", "alto")
    assert answer.status == 1
    assert "add --find" in answer.err


def test_without_the_extra(command: Command, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    answer = command("read", "words", photos / "sign.png", "--find")
    assert answer.status == 1
    assert answer.err == "crnn-ocr: finding text needs RapidOCR: pip install 'crnn-seq2seq-ocr[find]'\n"


def test_a_model_for_crops_says_once_that_it_is_shown_whole_photographs(command: Command, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (400, 500, 3)).astype(np.uint8)
    for name in ("a.png", "b.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "c.pdf").write_bytes(b"%PDF")
    answer = command("read", "words", tmp_path, "--no-find")
    assert answer.status == 0
    assert answer.err.count("looks like a whole photograph") == 1
    assert f"crnn-ocr read words --find {tmp_path / 'a.png'}" in answer.err
    assert f"left out 1 of PDF or HEIC ({tmp_path / 'c.pdf'})" in answer.err


def test_what_is_plainly_a_photograph_is_searched_and_crops_are_read_as_before(
    command: Command, photos: Path, tmp_path: Path
) -> None:
    crops = [tmp_path / name for name in ("a.png", "c.png")]
    for crop in crops:
        Image.fromarray(draw([("Market", 8, 4)], size=(120, 40)).pixels).save(crop)
    Image.open(photos / "sign.png").save(tmp_path / "b.png")
    large = Image.fromarray(draw([("Hotel", 40, 60)], size=(800, 400), height=240).pixels)
    large.save(tmp_path / "d.png")
    shutil.copy(photos / "scan.pdf", tmp_path / "e.pdf")
    rows = [line.split("\t") for line in command("read", "words", tmp_path).out.splitlines()]
    assert [(Path(name).name, text) for name, text, _ in rows] == [
        ("a.png", "Market"), *(("b.png", text) for text in TEXTS), ("c.png", "Market"), ("d.png", "Hotel"),
        *(("e.pdf#page=1", text) for text in TEXTS),
    ]  # fmt: skip
    as_crops = command("read", "words", tmp_path / "a.png", tmp_path / "d.png", "--no-find").out
    assert as_crops == command("read", "words", tmp_path / "a.png", tmp_path / "d.png").out
    one, two = command("read", "words", crops[0], photos / "sign.png", "--json").out.splitlines()
    assert json.loads(one)["text"] == "Market"
    assert json.loads(two)["text"] == "\n".join(TEXTS)


def test_a_photograph_without_text_is_read_as_a_crop_and_told_so(command: Command, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (400, 500, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    answer = command("read", "words", tmp_path / "a.png")
    assert answer.status == 0
    assert len(answer.out.splitlines()) == 1
    assert "no lines of text were found in it" in answer.err


def test_a_table_has_one_row_for_each_picture_unless_text_is_to_be_found(
    command: Command, photos: Path, tmp_path: Path
) -> None:
    answer = command("read", "words", photos / "sign.png", "--output", tmp_path / "out.csv")
    assert answer.status == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


def test_damaged_metadata_of_a_picture_are_no_warning(command: Command, tmp_path: Path) -> None:
    damaged = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff\xff\xff\xff\x06\0\0\0"
    Image.new("RGB", (60, 32), "white").save(tmp_path / "a.jpg", exif=damaged)
    answer = command("read", "words", tmp_path / "a.jpg")
    assert (answer.status, answer.err) == (0, "")


def test_crops_of_photographs(command: Command, photos: Path, tmp_path: Path) -> None:
    answer = command("data", "crop", photos, tmp_path / "crops")
    assert answer.status == 0
    assert answer.out == f"{tmp_path / 'crops' / 'labels.tsv'}: 6 lines of 4 pages, the least sure first\n"
    assert len(list((tmp_path / "crops").glob("*.jpg"))) == 6
    again = command("data", "crop", photos, tmp_path / "crops")
    assert again.status == 1
    assert "is there already" in again.err
