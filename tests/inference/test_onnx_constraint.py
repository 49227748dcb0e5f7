"""Patterns within exported files: read as PyTorch does, and what cannot be."""

import re
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import CheckpointError, DataError
from crnn_seq2seq_ocr.inference.onnx_constraint import constrained
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.lexicon import Lexicon

PATTERNS = ["c[ab]", "[abc]{2,3}", "(ab|c)*", "a{4}", ".*"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_reads_what_pytorch_reads(trained: Path, exported: Path, pictures: Path, pattern: str) -> None:
    paths = sorted(pictures.glob("*.png"))
    expected = Reader.load(trained, backend="torch").read(paths, pattern=pattern)
    found = Reader.load(exported).read(paths, pattern=pattern)
    for one, other in zip(expected, found, strict=True):
        assert re.fullmatch(pattern, other.text)
        assert one.text == other.text
        assert other.confidence == pytest.approx(one.confidence, rel=1e-3, abs=1e-6)
        assert other.allowed == pytest.approx(one.allowed, rel=1e-3, abs=1e-6)


def test_the_released_files_take_patterns(pictures: Path) -> None:
    for name, pattern in (("words", r"[A-Z]{2}-\d{3}"), ("fsns", "Rue de [a-z]+")):
        reader = Reader.load(name, backend="onnx")
        (within,) = reader.read([pictures / "000.png"], pattern=pattern)
        assert re.fullmatch(pattern, within.text)
        assert within.allowed is not None
        assert within.confidence <= within.allowed < 0.5


def test_what_cannot_be_is_told(exported: Path, pictures: Path) -> None:
    reader = Reader.load(exported)
    with pytest.raises(DataError, match=r"no text of the pattern a\{9\} has 4 characters or fewer"):
        reader.read([pictures / "000.png"], pattern="a{9}")
    with pytest.raises(CheckpointError, match="reads greedily: for a beam or a lexicon"):
        reader.read([pictures / "000.png"], lexicon=Lexicon(["ab"], reader.tokenizer))
    with pytest.raises(ValueError, match="not one that this package writes"):
        constrained(b"\x3a\x00")
