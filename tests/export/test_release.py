"""Making of a run what can be handed out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.errors import CheckpointError, DataError, ExportError, StorageError
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation, evaluate
from crnn_seq2seq_ocr.export import check
from crnn_seq2seq_ocr.export import release as module
from crnn_seq2seq_ocr.export.graph import Pieces
from crnn_seq2seq_ocr.export.release import release
from tests.conftest import write_folder

pytestmark = pytest.mark.slow


def test_a_model_that_reads_otherwise_in_fp16_is_not_handed_out(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: Iterator[bool] = iter([False, True])

    def other(*arguments: Any, **options: Any) -> Evaluation:
        found = evaluate(*arguments, **options)
        lines = [replace(found.lines[0], prediction="?"), *found.lines[1:]] if next(turns) else found.lines
        return replace(found, lines=lines)

    monkeypatch.setattr(module, "evaluate", other)
    with pytest.raises(CheckpointError, match=r"in fp16 .* 1 of 12 texts of .* otherwise, such as '\?' for 'ab'"):
        release(trained, tmp_path / "out", [str(pictures)], name="x", about="")
    assert not (tmp_path / "out").exists()


def test_an_onnx_file_that_reads_otherwise_is_not_handed_out(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: Pieces
) -> None:
    monkeypatch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", lambda *_, **__: pieces)
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    with pytest.raises(ExportError, match=r"reads otherwise .* First difference in a batch .* token 1 of text 1 is"):
        release(trained, tmp_path / "new" / "abc", [str(pictures)], name="x", about="")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["abc.failed.onnx"]


def test_nothing_is_written_over(trained: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is there already: name a new folder"):
        release(trained, tmp_path, [str(pictures)], name="x", about="")


def test_it_is_not_measured_on_what_it_is_calibrated_with(trained: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot tell how well it is calibrated itself: measure on other data"):
        release(trained, tmp_path / "out", [str(pictures)], name="x", about="", calibration=str(pictures))


def test_data_that_measure_nothing_are_refused(trained: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["a"])
    (folder / "000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of .* can be read"):
        release(trained, tmp_path / "out", [str(folder)], name="x", about="")


def test_damaged_results_are_told(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "exactly_half", lambda *_, **__: (b"", None))
    release(trained, tmp_path / "out", [str(pictures)], name="x", about="")
    path = tmp_path / "out" / "model.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"results": [{"data": "x"}]}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"model.json is damaged or of another version"):
        load_model(tmp_path / "out")
