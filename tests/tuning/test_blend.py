"""The share of the tuned weights: what is held out is never read worse, and of what was known most is kept."""

from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.tuning import blend as module
from crnn_seq2seq_ocr.tuning.blend import SHARES, blend


@pytest.mark.parametrize(
    ("own", "known", "began", "expected"),
    [
        ([9, 9, 9, 2], [5, 6, 8, 9], 9, 0.6),  # the smallest share reads fewer of the held-out samples
        ([9, 9, 9, 9], [5, 7, 7, 6], 9, 0.8),  # none is good enough: of equals the largest
        ([9, 8, 8, 8], [5, 9, 9, 9], 9, 1.0),  # all others read fewer of them
        ([8, 9, 9, 9], [7, 7, 7, 7], 7, 1.0),  # nothing was forgotten
        ([9, 9, 9, 9], [5, 7, 8, 9], 7, 0.8),  # enough is kept: no more of the old weights than that needs
    ],
)
def test_the_share_that_keeps_most_and_loses_nothing(
    trained: Path,
    labels: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: list[int],
    known: list[int],
    began: int,
    expected: float,
) -> None:
    recognizer, description = load_model(trained)
    before = {name: tensor.clone() for name, tensor in recognizer.state_dict().items()}
    with torch.no_grad():
        for parameter in recognizer.parameters():
            parameter.add_(1.0)
    mine, theirs = open_source(str(labels)), open_source(str(labels))
    counts = {id(mine): dict(zip(SHARES, own, strict=True)), id(theirs): dict(zip(SHARES, known, strict=True))}
    counts[id(theirs)][0.0] = began
    name = next(name for name, _ in recognizer.named_parameters())

    def right(network: object, _: object, source: object) -> int:
        moved = float((network.state_dict()[name] - before[name]).mean())  # type: ignore[attr-defined]
        return counts[id(source)][round(moved, 2)]

    monkeypatch.setattr(module, "_right", right)
    assert blend(recognizer, description, trained, own=mine, known=theirs) == expected
    for key, parameter in recognizer.named_parameters():
        torch.testing.assert_close(parameter.detach(), before[key] + expected, rtol=0, atol=1e-5)


def test_it_measures_with_the_readers_own_search(trained: Path, labels: Path) -> None:
    recognizer, description = load_model(trained)
    source = open_source(f"{labels}?limit=8")
    # The weights they began with are the same: every share reads alike, and the largest is taken.
    assert blend(recognizer, description, trained, own=source, known=source) == 1.0
