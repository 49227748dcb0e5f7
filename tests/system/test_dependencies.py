"""What is said of a package that is missing."""

import importlib

import pytest

from crnn_seq2seq_ocr.errors import DependencyError
from crnn_seq2seq_ocr.system.dependencies import needing


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("torch.nn", r"work needs PyTorch: pip install 'crnn-seq2seq-ocr\[train\]'"),
        ("uvicorn", r"work needs uvicorn: pip install 'crnn-seq2seq-ocr\[serve\]'"),
        ("spellchecker", r"work needs pyspellchecker: pip install 'crnn-seq2seq-ocr\[train\]'"),
    ],
)
def test_the_extra_that_brings_it(module: str, said: str) -> None:
    with pytest.raises(DependencyError, match=f"^{said}$"), needing("work"):
        raise ModuleNotFoundError("No module", name=module)


def test_our_own_mistakes_stay_what_they_are() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_part") as caught, needing("work"):
        importlib.import_module("crnn_seq2seq_ocr.no_such_part")
    assert not isinstance(caught.value, DependencyError)
