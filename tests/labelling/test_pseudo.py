"""Labels without people: when a text is taken, and what is written."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr import open_source
from crnn_seq2seq_ocr.data.pictures import encode_picture
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.labelling.pseudo import Rule, judge, label_folder
from crnn_seq2seq_ocr.labelling.readers import Guess
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS, write_folder

__all__ = ["command"]


@pytest.mark.parametrize(
    ("guesses", "text", "reason"),
    [
        ([Guess("Rue", 0.5), Guess("Rue", 0.4)], "Rue", "all agree"),
        ([Guess("RUE", 0.95), Guess("Rue", 0.97)], "Rue", "all agree but for case and spaces"),
        ([Guess("RUE", 0.5), Guess("Rue", 0.97)], None, "they differ in case or spaces"),
        ([Guess("Rue", 0.99), Guess("Due", 0.6)], "Rue", "one is sure enough"),
        ([Guess("Rue", 0.9), Guess("Due", 0.6)], None, "they disagree"),
        ([Guess("Rue", 0.99)], "Rue", "one is sure enough"),
        ([Guess("Rue", 0.9)], None, "not sure enough"),
        ([Guess("", 0.9), Guess("", 0.99)], None, "no text was read"),
        ([Guess("Rue", 1.0), Guess("", 0.0, "x.png is empty")], None, "x.png is empty"),
    ],
)
def test_when_a_text_is_taken(guesses: list[Guess], text: str | None, reason: str) -> None:
    verdict = judge(guesses, Rule())
    assert verdict.text == text
    assert verdict.reason.startswith(reason)


def test_agreement_may_be_asked_to_be_sure() -> None:
    assert judge([Guess("a", 0.9), Guess("a", 0.3)], Rule(agree=0.5)).text is None
    assert judge([Guess("a", 1.0), Guess("b", 0.3)], Rule(alone=None)).text is None


class Fixed:
    """Says what it is told to."""

    def __init__(self, *guesses: Guess) -> None:
        self.guesses = guesses

    def read(self, paths: Iterable[Path]) -> Iterator[Guess]:
        for _, guess in zip(paths, self.guesses, strict=True):
            yield guess


def test_a_folder_is_labelled_the_least_sure_first(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "crops", TEXTS[:4])
    pictures = {path.name: path for path in sorted(folder.glob("*.png"))}
    one = Fixed(Guess("sure", 0.99), Guess("less", 0.6), Guess("x", 0.5), Guess("", 0.0, "broken"))
    two = Fixed(Guess("sure", 0.98), Guess("less", 0.7), Guess("y", 0.5), Guess("", 0.0))
    out = tmp_path / "out"
    reasons = label_folder(pictures, out, {"one": one, "two": two}, rule=Rule())
    assert reasons == {"all agree": 2, "they disagree": 1, "unreadable picture": 1}
    assert (out / "labels.tsv").read_text().splitlines() == [
        "file\ttext\tconfidence\tby",
        "001.png\tless\t0.7000\tall agree",
        "000.png\tsure\t0.9900\tall agree",
    ]
    left = (out / "left-out.tsv").read_text().splitlines()
    assert left[0] == "file\treason\tone\tone confidence\ttwo\ttwo confidence"
    assert left[1] == "002.png\tthey disagree\tx\t0.5000\ty\t0.5000"
    assert left[2].startswith("003.png\tbroken")
    source = open_source(str(out))
    assert [source[index].text for index in range(len(source))] == ["less", "sure"]
    with pytest.raises(StorageError, match="is there already"):
        label_folder(pictures, out, {"one": one}, rule=Rule())


def test_our_model_beside_another(command: Command, trained: Path, tmp_path: Path) -> None:
    """The other reads colours as no text: what ours is sure of is taken against it."""
    folder = write_folder(tmp_path / "crops", TEXTS[:3])
    (folder / "damaged.png").write_bytes(b"no picture")
    (folder / "street.png").write_bytes(encode_picture(np.zeros((300, 400, 3), np.uint8)))
    answer = command("data", "label", folder, tmp_path / "out", "--with", f"{trained},rapidocr", "--alone", "0.5")
    assert answer.status == 0, answer.err
    assert "1 of 5 pictures have the size and the shape of whole photographs" in answer.err
    assert "1\tunreadable picture" in answer.out
    source = open_source(str(tmp_path / "out"))
    read = {source[index].name: source[index].text for index in range(len(source))}
    read.pop("street.png", None)
    assert {f"{number:03d}.png": text for number, text in enumerate(TEXTS[:3])}.items() >= read.items()
    assert read


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--with", "words,words"], "names no readers, or one twice"),
        (["--with", " , "], "names no readers"),
        (["--with", "wordz"], "wordz does not exist"),
    ],
)
def test_mistakes(command: Command, tmp_path: Path, options: list[str], message: str) -> None:
    folder = write_folder(tmp_path / "crops", TEXTS[:1])
    answer = command("data", "label", folder, tmp_path / "out", *options)
    assert answer.status == 1
    assert message in answer.err
    assert not (tmp_path / "out").exists()
