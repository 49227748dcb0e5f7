"""Every input that once failed is read or refused in a sentence; so are the good ones."""

from pathlib import Path

import pytest

from fuzz.run import REGRESSIONS
from fuzz.targets import TARGETS, attack

KEPT = sorted(path for path in REGRESSIONS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_read(name: str, tmp_path: Path) -> None:
    for content in TARGETS[name].seeds():
        attack(name, content, tmp_path)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_failed_once_does_not_fail_again(path: Path, tmp_path: Path) -> None:
    attack(path.parent.name, path.read_bytes(), tmp_path)
