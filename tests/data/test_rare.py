"""Samples with rare characters come more often, by a rule that a resumed training follows too."""

from collections import Counter
from pathlib import Path

from crnn_seq2seq_ocr.data.sources import open_source


def test_the_rarer_the_oftener(tmp_path: Path) -> None:
    texts = ["ab"] * 9_000 + ["ac"] * 100 + ["ad"] * 25 + ["ae"]
    rows = [f"{number}.png\t{text}" for number, text in enumerate(texts)]
    (tmp_path / "labels.tsv").write_text("file\ttext\n" + "\n".join(rows) + "\n")
    source = open_source(f"{tmp_path}?rare=5")
    counts = Counter(source.text(index) for index in range(len(source)))
    # Of 9,126: 1 % is 91.26; sqrt(91.26 / 100) is 1, sqrt(91.26 / 25) is 2, and sqrt(91.26) is more than 5.
    assert counts == {"ab": 9_000, "ac": 100, "ad": 50, "ae": 5}
    assert [source.text(index) for index in range(5)] == ["ab"] * 5
    both = open_source(f"0.5*{tmp_path}?rare=5 + 0.5*{tmp_path}")
    assert len(both) == 2 * len(source)
