"""Sources with weights: exact shares of an epoch, every sample in it, and where a position leads never changes."""

from collections import Counter
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.combined import Joined
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, count in (("few", 3), ("many", 70)):
        (tmp_path / f"{name}.tsv").write_text("".join(f"{number}.png\t{name} {number}\n" for number in range(count)))
    return tmp_path


def test_shares_are_exact_and_no_sample_is_left_out(data: Path) -> None:
    source = open_source(f"{data}/few.tsv?repeat=1 + {data}/many.tsv")
    assert len(source) == 73  # sums without weights stay as they are
    source = open_source(f"0.3*{data}/few.tsv + 0.7 * {data}/many.tsv")
    assert isinstance(source, Joined)
    texts = Counter(source.text(index) for index in range(len(source)))
    shares = Counter(text.split()[0] for text in texts.elements())
    assert shares == {"few": 30, "many": 70}
    assert set(texts.values()) == {1, 10}
    assert len(texts) == 73
    assert source.description.startswith("100 samples: 30 out of pictures listed in")


def test_only_ratios_count(data: Path) -> None:
    sources = [open_source(f"{a}*{data}/few.tsv + {b}*{data}/many.tsv") for a, b in ((3, 7), (0.3, 0.7), (30, 70))]
    assert len({tuple(source.text(index) for index in range(len(source))) for source in sources}) == 1


def test_a_heavy_small_source_and_a_single_one(data: Path) -> None:
    assert len(open_source(f"0.99*{data}/few.tsv + 0.01*{data}/many.tsv")) == 7000
    assert len(open_source(f"0.5*{data}/few.tsv")) == 3


def test_what_is_no_weight(data: Path) -> None:
    with pytest.raises(DataError, match=r"many\.tsv has no weight: give each source one, as in 0\.3\*"):
        open_source(f"0.3*{data}/few.tsv + {data}/many.tsv")
    with pytest.raises(DataError, match="a weight must be more than 0"):
        open_source(f"0*{data}/few.tsv + 1*{data}/many.tsv")
