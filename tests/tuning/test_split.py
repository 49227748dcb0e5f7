"""What is held out."""

from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.tuning.split import split
from tests.conftest import write_folder


def size(spec: str) -> int:
    return len(open_source(spec))


@pytest.mark.parametrize(("count", "least", "most"), [(12, 4, 8), (100, 20, 30), (1000, 200, 215)])
def test_a_fifth_is_held_out_and_at_least_twenty_and_at_most_about_a_third(
    tmp_path: Path, count: int, least: int, most: int
) -> None:
    folder = write_folder(tmp_path / "mine", [f"a{number}" for number in range(count)])
    parts = split(str(folder), None)
    assert least <= size(parts.check) <= most
    assert size(parts.learn) + size(parts.check) == count


def test_the_user_may_name_the_held_out_part(tmp_path: Path, labels: Path) -> None:
    other = write_folder(tmp_path / "other", ["ab"])
    parts = split(str(labels), str(other))
    assert (parts.learn, parts.check, size(parts.share(1.0))) == (str(labels), str(other), 72)


def test_shares_grow_and_hold_each_other(labels: Path) -> None:
    parts = split(str(labels), None)
    sources = [open_source(parts.share(share)) for share in (0.25, 0.5, 1.0)]
    texts = [{source.text(index) for index in range(len(source))} for source in sources]
    assert texts[0] < texts[1] < texts[2]
    assert len(texts[2]) == size(parts.learn)


def test_too_few_or_drawn_data_cannot_be_split(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", ["a", "b"])
    with pytest.raises(DataError, match="has 2 samples, 10 are the fewest"):
        split(str(folder), None)
    with pytest.raises(DataError, match="is drawn and has no parts: name what to measure with, by --held-out"):
        split("synthetic:words?count=20", None)
