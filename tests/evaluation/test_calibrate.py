"""Confidences set right: what is read stays the same, how sure the model says it is follows how often it is right."""

from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.evaluation.calibrate import calibrate
from crnn_seq2seq_ocr.evaluation.evaluate import evaluate
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.conftest import TEXTS, write_folder


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Pictures that the model of `trained` reads; what is said of every fourth is wrong."""
    folder = write_folder(tmp_path / "data", TEXTS * 3)
    rows = (folder / "labels.tsv").read_text("utf-8").splitlines()
    told = [f"{row}c" if number % 4 == 3 else row for number, row in enumerate(rows)]
    (folder / "labels.tsv").write_text("\n".join(told) + "\n", "utf-8")
    return str(folder)


@pytest.mark.parametrize(("factor", "sure"), [(0.2, False), (1.0, True)])
def test_a_model_that_is_too_unsure_or_too_sure(trained: Path, data: str, factor: float, *, sure: bool) -> None:
    reader, source = Reader.load(trained, device="cpu", backend="torch"), open_source(data)
    output = reader.recognizer.decoder.output
    with torch.no_grad():
        output.weight *= factor
        output.bias *= factor
    before = evaluate(reader, source, shown=0)
    temperature = calibrate(reader.recognizer, reader.description, source)
    after = evaluate(reader, source, shown=0)
    assert (temperature > 1) is sure
    assert [line.prediction for line in after.lines] == [line.prediction for line in before.lines]
    error, error_before = after.report.calibration_error, before.report.calibration_error
    assert error is not None
    assert error_before is not None
    assert error < 0.7 * error_before


def test_too_few_texts(trained: Path, pictures: Path) -> None:
    reader = Reader.load(trained, device="cpu", backend="torch")
    with pytest.raises(DataError, match="12 texts can be read, 20 are the fewest to calibrate with"):
        calibrate(reader.recognizer, reader.description, open_source(str(pictures)))
