"""What a training left in its folder, and steps that go wrong, for tests."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.weights import load_state
from crnn_seq2seq_ocr.training import optimization


def log_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["kind"] == kind]


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in log_of(folder, "training")]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of the network that is trained, at its last checkpoint."""
    state: dict[str, torch.Tensor] = load_state(checkpoints(folder)[-1])["model"]
    return state


def spoil_step(monkeypatch: pytest.MonkeyPatch, spoilt: set[int]) -> None:
    """Let the losses of some steps, counted from 0, be NaN."""
    real, count = optimization.batch_loss, iter(range(1000))

    def batch_loss(*arguments: Any, **options: Any) -> torch.Tensor:
        loss = real(*arguments, **options)
        return loss * float("nan") if next(count) in spoilt else loss

    monkeypatch.setattr(optimization, "batch_loss", batch_loss)


def flat(value: Any, *names: str) -> Any:
    """A state as plain lists, to compare."""
    if names:
        return [flat(value[name]) for name in names]
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: flat(inner) for key, inner in value.items()}
    return [flat(inner) for inner in value] if isinstance(value, list | tuple) else value
