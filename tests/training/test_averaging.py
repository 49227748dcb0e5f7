"""Weights of two models averaged."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.averaging import average_models
from tests.cli.conftest import Command, command

__all__ = ["command"]


@pytest.fixture
def other(trained: Path, tmp_path: Path) -> Path:
    """Another model of the same sizes that knows one more character, in front of the others."""
    _, description = load_model(trained)
    wider: Description = replace(description, charset="d" + description.charset)
    torch.manual_seed(7)
    classes = len(Tokenizer(wider.charset))
    save_model(Recognizer(wider.model, wider.preprocessing, classes), wider, tmp_path / "other")
    return tmp_path / "other"


def test_weights_lie_between_those_of_both_by_character(trained: Path, other: Path, tmp_path: Path) -> None:
    average_models(trained, other, tmp_path / "mean", share=0.25)
    (old, before), (new, after), (mean, described) = map(load_model, (trained, other, tmp_path / "mean"))
    assert described.charset == after.charset
    one, two, three = (each.state_dict() for each in (old, new, mean))
    name = "encoder.convolutions.0.weight"
    torch.testing.assert_close(three[name], 0.75 * one[name] + 0.25 * two[name])
    name = "decoder.embedding.weight"
    for character in before.charset:
        rows = [4 + charset.index(character) for charset in (before.charset, after.charset)]
        expected = 0.75 * one[name][rows[0]] + 0.25 * two[name][rows[1]]
        torch.testing.assert_close(three[name][rows[1]], expected)
    torch.testing.assert_close(three[name][4], two[name][4])  # the character that only one of them knows


def test_the_command(trained: Path, other: Path, tmp_path: Path, command: Command) -> None:
    assert command("average", trained, other, tmp_path / "mean", "--share", 1).status == 0
    one, two = (load_model(each)[0].state_dict() for each in (other, tmp_path / "mean"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    again = command("average", trained, other, tmp_path / "mean")
    assert again.status == 1
    assert "is there already" in again.err


def test_nothing_is_overwritten(trained: Path, other: Path, tmp_path: Path) -> None:
    (tmp_path / "mean").mkdir()
    with pytest.raises(StorageError, match="is there already"):
        average_models(trained, other, tmp_path / "mean", share=0.5)
