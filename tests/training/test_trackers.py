"""Trackers: TensorBoard's files, services that are told the recipe, packages that are missing."""

from pathlib import Path
from typing import Any

import pytest
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

from crnn_seq2seq_ocr.errors import DependencyError
from crnn_seq2seq_ocr.training import trackers
from crnn_seq2seq_ocr.training.log import TrainingLog
from crnn_seq2seq_ocr.training.trackers import start_trackers
from tests.conftest import MakeRecipe
from tests.training.test_log import write_all


class Service(GeneralTracker):
    """Keeps what it is told, as services on the network do."""

    name = "trackio"
    requires_logging_directory = False
    told: list[Any]

    def __init__(self, run_name: str) -> None:
        super().__init__()
        self.run_name, self.told = run_name, []

    @property
    def tracker(self) -> list[Any]:
        return self.told

    def start(self) -> None:
        self.told.append("start")

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self.told.append(values)

    def log(self, values: dict[str, Any], step: int | None, **_: Any) -> None:
        self.told.append((step, values))

    def finish(self) -> None:
        self.told.append("finish")


def test_tensorboard_gets_the_numbers(micro: MakeRecipe, tmp_path: Path) -> None:
    started = start_trackers(micro(), tmp_path)
    write_all(TrainingLog(tmp_path, total=10, active=True, console=None, trackers=started))
    (file,) = (tmp_path / "tensorboard").iterdir()
    written = file.read_bytes()
    for name in ("training/loss", "training/data_wait", "validation/cer"):
        assert name.encode() in written


def test_a_service_is_told_the_recipe_and_the_numbers(
    micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "trackio", Service)
    monkeypatch.setattr(trackers, "get_available_trackers", lambda: ["trackio"])
    recipe = micro(training__trackers=["trackio"])
    started = start_trackers(recipe, tmp_path)
    write_all(TrainingLog(tmp_path, total=10, active=True, console=None, trackers=started))
    start, told, training, validation, finish = started[0].tracker
    assert (start, finish) == ("start", "finish")
    assert told == recipe.model_dump(mode="json")
    assert training[0] == validation[0] == 5
    assert training[1]["training/loss"] == 2.25
    assert not (tmp_path / "trackio").exists()


def test_none_is_none(micro: MakeRecipe, tmp_path: Path) -> None:
    assert start_trackers(micro(training__trackers=[]), tmp_path) == []


def test_a_package_that_is_missing_is_told(micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "get_available_trackers", lambda: ["tensorboard"])
    recipe = micro(training__trackers=["tensorboard", "comet_ml"])
    with pytest.raises(DependencyError, match=r"training\.trackers comet_ml: not installed here\. .*install comet-ml"):
        start_trackers(recipe, tmp_path)
    assert list(tmp_path.iterdir()) == []
