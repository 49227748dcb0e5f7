"""What the package shows to programs."""

import subprocess
import sys
from pathlib import Path

import pytest

import crnn_seq2seq_ocr
from tests.conftest import TEXTS


def test_what_is_public() -> None:
    assert sorted(crnn_seq2seq_ocr.__all__) == ["Reader", "__version__"]
    assert crnn_seq2seq_ocr.__version__.count(".") == 2


def test_the_first_lines_of_the_manual(trained: Path, pictures: Path) -> None:
    from crnn_seq2seq_ocr import Reader

    readings = Reader.load(trained).read(sorted(pictures.glob("*.png"))[:2])
    assert [reading.text for reading in readings] == TEXTS[:2]


def test_the_reader_is_the_one_of_its_module() -> None:
    from crnn_seq2seq_ocr.inference.reader import Reader

    assert crnn_seq2seq_ocr.Reader is Reader


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
