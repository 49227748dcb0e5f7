"""The order of the layers, and what must not be imported early."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = "crnn_seq2seq_ocr"
SOURCES = ROOT / "src" / PACKAGE

READING = [
    "bulk.run", "cli", "data.sources", "evaluation.evaluate", "inference.reader", "pages.reader", "report.html",
    "serve.app",
]  # fmt: skip
"""What reads, measures and serves without PyTorch, and with it all that these import."""


def test_layers_import_only_what_stands_below_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract is in pyproject.toml; a new package without a layer breaks it too."""
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_the_architecture_page_shows_every_package() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    assert not {name for name in packages if f"{name}/" not in page}


def test_the_architecture_page_names_files_that_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:tests/)?([\w/]+\.py)`", page)
    assert named
    assert not [name for name in named if not (SOURCES / name).exists() and not (ROOT / "tests" / name).exists()]


@pytest.mark.parametrize("module", READING)
def test_reading_imports_no_torch(module: str) -> None:
    heavy = "{'torch', 'accelerate', 'safetensors', 'faker', 'onnx'}"
    code = f"import sys, {PACKAGE}.{module}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n", done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['crnn-ocr', '--help']\n"
        f"from {PACKAGE}.cli import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print({'torch', 'numpy', 'cv2', 'accelerate', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"
