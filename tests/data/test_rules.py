"""What cannot be used is the same for training, for checking and for reading."""

import numpy as np
import pytest

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.data.check import check_source
from crnn_seq2seq_ocr.data.rules import check_pictures, encode_text, text_refusals
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.transforms import prepare
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import Tokenizer


class Some:
    """Samples of several pictures and texts."""

    description = "some"
    faults: list[str] = []  # noqa: RUF012

    def __init__(self, *samples: tuple[int, str]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        pictures, text = self.samples[index]
        return Sample(f"s{index}", tuple(np.full((8, 32, 3), 50 * n + index, np.uint8) for n in range(pictures)), text)

    def text(self, index: int) -> str:
        return self.samples[index][1]


@pytest.mark.parametrize("views", [1, 2, 4])
def test_check_lists_exactly_what_training_drops(views: int) -> None:
    source = Some((1, "ab"), (2, "ab"), (3, "ab"), (1, " "), (1, "abcab"), (1, "xyz"), (2, "e\u0301"), (0, "ab"))
    tokenizer, preprocessing = Tokenizer("abcé"), Preprocessing(height=32, width=64, views=views)
    dropped = {}
    for index in range(len(source)):
        sample = source[index]
        try:
            encode_text(sample.text, tokenizer, 4, name=sample.name)
            prepare(sample, preprocessing)
        except DataError as error:
            dropped[sample.name] = str(error)
    report = check_source(source, charset=tokenizer.charset, max_length=4, views=views)
    told = {problem.name: f"{problem.name}: {problem.detail}" for problem in reversed(report.problems)}
    assert told == dropped
    assert report.dropped == len(dropped)


def test_all_reasons_of_a_text_are_given() -> None:
    assert [reason for reason, _ in text_refusals("xxxxx", Tokenizer("abc"), 4)] == ["character", "text too long"]
    assert list(text_refusals("anything", None, None)) == []


def test_too_many_pictures_are_named() -> None:
    with pytest.raises(DataError, match="s: it has 3 pictures, the model takes 1 to 2"):
        check_pictures(3, 2, name="s")
