"""The lock files say the same as `pyproject.toml` and `constraints.txt`, with a hash for every file."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def plain(name: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: Path) -> dict[str, str]:
    """Version of each package of a file of ``name==version`` lines."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {plain(name): version for name, version in found}


def named(requirements: list[str]) -> set[str]:
    names = {plain(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in requirements}
    return names - {"crnn-seq2seq-ocr"}


CONSTRAINTS = pins(ROOT / "constraints.txt")
EVERYTHING = [*PROJECT["dependencies"], *(each for extra in EXTRAS.values() for each in extra)]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("serve", [*PROJECT["dependencies"], *EXTRAS["serve"]]), ("dev", EVERYTHING)],
)
def test_a_lock_has_what_the_project_names_in_the_versions_of_the_constraints(lock: str, wanted: list[str]) -> None:
    locked = pins(ROOT / "locks" / f"{lock}.txt")
    assert named(wanted) <= set(locked), "run `make lock`"
    differ = {name for name in locked.keys() & CONSTRAINTS.keys() if locked[name] != CONSTRAINTS[name]}
    assert not differ, "run `make lock`"


def test_what_the_project_names_is_in_the_constraints() -> None:
    assert named(EVERYTHING) <= set(CONSTRAINTS)


@pytest.mark.parametrize("lock", ["serve", "dev"])
def test_every_locked_package_has_a_hash(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 30
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", line) for line in lines)
