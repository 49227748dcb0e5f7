"""The weights that come with the source read what they never saw."""

from pathlib import Path

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.reader import Reader

WEIGHTS = Path(__file__).parent.parent / "weights" / "fsns"


def test_clean_signs_with_names_of_no_training() -> None:
    signs = open_source("synthetic:signs?names=test&difficulty=0&count=20&seed=11")
    readings = list(Reader.load(WEIGHTS, device="cpu").stream(signs[index] for index in range(20)))
    right = sum(reading.text == signs.text(index) for index, reading in enumerate(readings))
    assert right >= 6, [reading.text for reading in readings]
    assert all(reading.complete and 0 < reading.confidence <= 1 for reading in readings)
