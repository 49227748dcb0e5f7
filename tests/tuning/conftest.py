"""A folder of texts for a reader of coloured columns."""

from itertools import product
from pathlib import Path

import pytest

from tests.conftest import write_folder


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy-two pictures of two to four of the characters a, b, c."""
    texts = ["".join(each) for length in (2, 3, 4) for each in product("abc", repeat=length)]
    return write_folder(tmp_path_factory.mktemp("labels") / "mine", texts[:72])
