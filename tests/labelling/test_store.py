"""Labels on disk: what a label may be, and that none is ever lost."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr import open_source
from crnn_seq2seq_ocr.errors import DataError, StorageError
from crnn_seq2seq_ocr.labelling.store import Label, LabelStore, is_listable
from tests.conftest import TEXTS


def test_every_label_is_on_disk_at_once_and_is_a_sample(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    folder.mkdir()
    for path in pictures.glob("*.png"):
        (folder / path.name).write_bytes(path.read_bytes())
    store = LabelStore(folder)
    store.set("000.png", Label("  a\u0301b ", "Zoé"))
    store.set("001.png", Label(None, "Zoé"))
    assert LabelStore(folder).labels == {"000.png": Label("áb", "Zoé"), "001.png": Label(None, "Zoé")}
    source = open_source(str(folder))
    assert [source[index].text for index in range(len(source))] == ["áb"]
    assert len(TEXTS) > 2


def test_a_label_can_be_changed_and_forgotten(tmp_path: Path) -> None:
    store = LabelStore(tmp_path)
    store.set("a.png", Label("one", "x"))
    store.set("b.png", Label("two", "x"))
    store.set("a.png", Label(None, "y"))
    assert (tmp_path / "labels.tsv").read_text() == "file\ttext\tby\nb.png\ttwo\tx\n"
    assert (tmp_path / "unreadable.tsv").read_text() == "file\tby\na.png\ty\n"
    store.set("a.png", None)
    assert LabelStore(tmp_path).labels == {"b.png": Label("two", "x")}


def test_a_list_of_two_columns_can_be_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("file\ttext\na.png\told\n")
    assert LabelStore(tmp_path).labels == {"a.png": Label("old", "")}


@pytest.mark.parametrize("text", ["", "  ", "a\tb", "a\nb", "\ud800"])
def test_texts_that_no_list_can_hold_are_refused(tmp_path: Path, text: str) -> None:
    store = LabelStore(tmp_path)
    with pytest.raises(DataError, match="the text"):
        store.set("a.png", Label(text, "x"))
    assert store.labels == {}


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LabelStore(tmp_path)
    store.set("a.png", Label("one", "x"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("crnn_seq2seq_ocr.system.files.os.replace", full)
        with pytest.raises(StorageError, match="free some space"):
            store.set("a.png", Label("two", "x"))
    assert store.labels == LabelStore(tmp_path).labels == {"a.png": Label("one", "x")}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", "file,text\n", "labels.csv lists the pictures already"),
        ("labels.tsv", "a.png\tone\n", "has no header with file and text"),
        ("labels.tsv", "file\ttext\na.png\n", "row 2 has 1 cells where the header has 2"),
        ("unreadable.tsv", "name\n", "has no header with file"),
    ],
)
def test_lists_that_are_not_ours_are_left_alone(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        LabelStore(tmp_path)
    assert (tmp_path / name).read_text() == content


@pytest.mark.parametrize(
    ("name", "listable"), [("a b.png", True), ("é/x.png", True), ("a|b.png", False), ("a\tb", False)]
)
def test_names_that_a_list_can_hold(name: str, listable: bool) -> None:
    assert is_listable(name) is listable
