"""Every input that once failed is read or refused in a sentence; so are the good ones."""

import pytest

from fuzz.run import REGRESSIONS
from fuzz.targets import TARGETS, attack

KEPT = sorted(path for path in REGRESSIONS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_read(name: str) -> None:
    for content in TARGETS[name].seeds():
        attack(name, content)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_failed_once_does_not_fail_again(path) -> None:
    attack(path.parent.name, path.read_bytes())
