"""Patterns within exported files: read as PyTorch does, and what cannot be."""

import random
import re
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import CheckpointError, DataError
from crnn_seq2seq_ocr.inference.onnx_constraint import constrained
from crnn_seq2seq_ocr.inference.onnx_steps import PATTERN
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


LEXICONS = {
    "of some texts": ["ab", "abc", "a", "cb", "ccba", "bbbb", "cab"],
    "of one text": ["cab"],
    "of texts that are too long": ["abcab", "ab", "bbbbb", "cabcab"],
}


@pytest.mark.parametrize("texts", LEXICONS.values(), ids=LEXICONS)
def test_a_lexicon_is_read_within_as_pytorch_does(
    trained: Path, exported: Path, pictures: Path, texts: list[str]
) -> None:
    paths = sorted(pictures.glob("*.png"))
    one, other = Reader.load(trained, backend="torch"), Reader.load(exported)
    lexicon = Lexicon(texts, one.tokenizer)
    for expected, found in zip(one.read(paths, lexicon=lexicon), other.read(paths, lexicon=lexicon), strict=True):
        assert found.text in texts
        assert found.text == expected.text
        assert found.confidence == pytest.approx(expected.confidence, rel=1e-3, abs=1e-6)
        assert found.allowed == pytest.approx(expected.allowed, rel=1e-3, abs=1e-6)
        for left, right in zip(expected.characters, found.characters, strict=True):
            assert [each.text for each in left.alternatives] == [each.text for each in right.alternatives]
    free = other.read(paths)  # without it all is as before
    assert [each.text for each in free] == [each.text for each in one.read(paths)]


def test_a_lexicon_of_many_texts_and_the_released_file(pictures: Path) -> None:
    """A root of many edges, nodes of few, and both constraints of one reader."""
    generator = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-éèà "
    texts = ["".join(generator.choices(letters, k=generator.randint(1, 12))).strip() or "a" for _ in range(3_000)]
    paths = [pictures / f"{number:03d}.png" for number in range(4)]
    other = Reader.load("words", backend="onnx")
    one = Reader.load("words", backend="torch")
    lexicon = Lexicon(texts, one.tokenizer)
    expected, found = one.read(paths, lexicon=lexicon), other.read(paths, lexicon=lexicon)
    assert [each.text for each in found] == [each.text for each in expected]
    assert {each.text for each in found} <= {" ".join(text.split(" ")) for text in texts}
    assert re.fullmatch("[0-9]+", other.read(paths[:1], allow="0-9")[0].text)


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
    with pytest.raises(DataError, match=r"no text of a lexicon of 1 texts has 4 characters or fewer"):
        reader.read([pictures / "000.png"], lexicon=Lexicon(["abcab"], reader.tokenizer))
    with pytest.raises(CheckpointError, match="reads greedily: for a beam, load the model"):
        reader.read([pictures / "000.png"], beam=2)
    with pytest.raises(ValueError, match="not one that this package writes"):
        constrained(b"\x3a\x00", PATTERN)
