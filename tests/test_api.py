"""What the package shows to programs."""

import subprocess
import sys
from pathlib import Path

import pytest

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr import errors
from tests.conftest import TEXTS


def test_what_is_public() -> None:
    assert {"Reader", "Reading", "Character", "train", "evaluate", "load_recipe", "open_source"} <= set(
        crnn_seq2seq_ocr.__all__
    )
    assert crnn_seq2seq_ocr.__version__.count(".") == 2


@pytest.mark.parametrize("name", sorted(set(crnn_seq2seq_ocr.__all__) - {"__version__"}))
def test_a_public_name_is_the_one_of_its_module(name: str) -> None:
    found = getattr(crnn_seq2seq_ocr, name)
    assert getattr(sys.modules[found.__module__], name) is found


def test_every_error_is_public() -> None:
    raised = {name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Exception)}
    assert raised <= set(crnn_seq2seq_ocr.__all__)


def test_the_first_lines_of_the_manual(trained: Path, pictures: Path) -> None:
    from crnn_seq2seq_ocr import Reader

    readings = Reader.load(trained).read(sorted(pictures.glob("*.png"))[:2])
    assert [reading.text for reading in readings] == TEXTS[:2]


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'crnn_seq2seq_ocr' has no attribute 'Raeder'"):
        crnn_seq2seq_ocr.Raeder  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys; import crnn_seq2seq_ocr as package\n"
        "print({'torch', 'numpy', 'cv2', 'pydantic', 'typer'} & set(sys.modules), package.__version__)\n"
        "from crnn_seq2seq_ocr import Reader; print('torch' in sys.modules, Reader.__module__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"set() {crnn_seq2seq_ocr.__version__}\nFalse crnn_seq2seq_ocr.inference.reader\n"
