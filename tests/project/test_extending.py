"""What ARCHITECTURE.md says of a new encoder, done to a copy of the package: one file, and a member of a union."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SETTINGS = '''
class PatchSettings(EncoderSettings):
    """Patches of the picture, each on its own."""

    kind: Literal["patches"] = "patches"
    side: Size = 8

    def cells(self, preprocessing: Preprocessing) -> tuple[int, int]:
        return preprocessing.height // self.side, preprocessing.width // self.side


AnyEncoder = '''

NETWORK = """
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import Preprocessing
from crnn_seq2seq_ocr.config.encoders import PatchSettings
from crnn_seq2seq_ocr.model.encoder import Encoder


class Patches(Encoder):
    def __init__(self, settings: PatchSettings, preprocessing: Preprocessing, *, width: int, classes: int) -> None:
        super().__init__(settings)
        self.make_places(*settings.cells(preprocessing), width)
        self.patches = nn.Conv2d(3, width, settings.side, settings.side)
        self.cell_output = nn.Linear(width, classes) if settings.cell_output else None

    def features(self, views: Tensor) -> Tensor:
        return self.patches(views).permute(0, 2, 3, 1)
"""

RECIPE = """
name: patches
text: {charset: fsns}
preprocessing: {height: 32, width: 64}
augmentation: null
model: {width: 16, encoder: {kind: patches, side: 16}, decoder: {attention_size: 8}}
data: {train: "synthetic:signs?count=8&views=1", validation: "synthetic:signs?count=2&views=1&seed=3", workers: 0}
training: {steps: 2, batch_size: 4, trackers: []}
"""


def insert(file: Path, before: str, after: str) -> None:
    """Replace what stands once in a file."""
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} in {file.name}"
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.slow
def test_an_encoder_is_one_file_and_one_member(tmp_path: Path) -> None:
    package = tmp_path / "src" / "crnn_seq2seq_ocr"
    shutil.copytree(ROOT / "src" / "crnn_seq2seq_ocr", package, ignore=shutil.ignore_patterns("weights", "__pycache__"))
    insert(package / "config" / "encoders.py", "\nAnyEncoder = ", SETTINGS)
    insert(package / "config" / "encoders.py", "VggLstmSettings | Conv", "VggLstmSettings | PatchSettings | Conv")
    (package / "model" / "patches.py").write_text(NETWORK, encoding="utf-8")
    recognizer = package / "model" / "recognizer.py"
    insert(
        recognizer, "    VggLstmSettings: VggLstm,\n", "    VggLstmSettings: VggLstm,\n    PatchSettings: Patches,\n"
    )
    insert(recognizer, "\nENCODERS:", "from crnn_seq2seq_ocr.model.patches import Patches, PatchSettings\n\nENCODERS:")
    (tmp_path / "patches.yaml").write_text(RECIPE, encoding="utf-8")

    def crnn_ocr(*words: str, fails: bool = False) -> str:
        command = [sys.executable, "-m", "crnn_seq2seq_ocr", *words]
        environment = {"PYTHONPATH": str(tmp_path / "src"), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())

    crnn_ocr("train", "patches.yaml", "--out", "run")
    crnn_ocr("export", "run", "model.onnx")  # which checks that it reads as PyTorch does
    assert '"evaluated": 3' in crnn_ocr("evaluate", "model.onnx", "synthetic:signs?count=3&views=1", "--json")
    wrong = crnn_ocr("train", "patches.yaml", "model.encoder.kind=patchs", fails=True)
    assert "model.encoder.kind: there is no 'patchs' (did you mean 'patches'?)" in wrong
