"""Labels from and to other labelling tools."""

import json
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.labelling.exchange import Tool, export_labels, import_labels
from crnn_seq2seq_ocr.labelling.store import Label, LabelStore

FILES = ["a.png", "b.png", "deep/c.png"]


@pytest.mark.parametrize("tool", ["ppocrlabel", "label-studio"])
def test_what_is_exported_comes_back(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    store = LabelStore(tmp_path / "one")
    for file, text in zip(FILES, ["é à", None, "3 | x"], strict=True):
        store.set(file, Label(text, "me"))
    out = tmp_path / "out.txt"
    assert export_labels(store, tool, out) == 2
    other = LabelStore(tmp_path / "two")
    assert import_labels(other, tool, out, FILES) == (2, 0)
    assert other.labels == {"a.png": Label("é à", tool), "deep/c.png": Label("3 | x", tool)}


def test_ppocrlabels_own_files(tmp_path: Path) -> None:
    path = tmp_path / "Label.txt"
    box = {"transcription": "whole", "points": [[0, 0], [9, 0], [9, 9], [0, 9]], "difficult": False}
    path.write_text(f"crops/a.png\t{json.dumps([box])}\nb.png\tplain\nnone.png\tx\nb.png\tagain\nc.png\t\n")
    store = LabelStore(tmp_path)
    assert import_labels(store, "ppocrlabel", path, FILES) == (2, 3)
    assert {file: label.text for file, label in store.labels.items()} == {"a.png": "whole", "b.png": "plain"}


@pytest.mark.parametrize(
    ("tool", "content", "message"),
    [
        ("ppocrlabel", "a.png plain\n", "no tab between the file and its text"),
        ("ppocrlabel", "b.png\tfine\na.png\thalf\x01\n", r"file, line 2: the text holds .*; nothing was taken over"),
        ("label-studio", "{", "is not JSON"),
        ("label-studio", "[" * 100_000, "is not JSON"),
        ("label-studio", '{"a": 1}', "holds no list of tasks"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, tool: Tool, content: str, message: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        import_labels(LabelStore(tmp_path), tool, path, FILES)
