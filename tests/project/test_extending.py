"""What ARCHITECTURE.md says of a new format, backend, detector and encoder, done."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr import Page, PageReader, Reader, open_source
from crnn_seq2seq_ocr.checkpoint.folders import load_description
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.data import sources
from crnn_seq2seq_ocr.data.formats.format import Format
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.backend import Backend
from crnn_seq2seq_ocr.model.outputs import Outputs
from crnn_seq2seq_ocr.pages.detector import Detector
from crnn_seq2seq_ocr.text import EOS_ID, SPECIAL_COUNT

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


class Arrays:
    """A source: a NumPy file with an array of pictures and one of texts."""

    def __init__(self, path: Path) -> None:
        self.description = f"arrays of {path}"
        self.faults: list[str] = []
        self._path = path
        self._texts = np.load(path)["texts"]

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> Sample:
        return Sample(f"{self._path.name}#{index}", (np.load(self._path)["pictures"][index],), self.text(index))

    def text(self, index: int) -> str:
        return str(self._texts[index])


ARRAYS = Format(
    name="arrays",
    accepted="a .npz file of pictures and texts",
    marks=lambda name: name.endswith(".npz"),
    reads=lambda path: path.suffix == ".npz",
    open=lambda paths, options: Arrays(paths[0] / "mine.npz" if paths[0].is_dir() else paths[0]),
)


def test_a_format_is_one_value_in_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FORMATS", (*sources.FORMATS, ARRAYS))
    np.savez(tmp_path / "mine.npz", pictures=np.zeros((3, 8, 16, 3), np.uint8), texts=np.array(["a", "b", "c"]))
    for spec in (tmp_path, tmp_path / "mine.npz"):
        source = open_source(f"{spec}?limit=2&repeat=2")
        assert [source.text(index) for index in range(len(source))] == ["a", "b", "a", "b"]
        assert source[1].name == "mine.npz#1"


class Constant:
    """A backend that reads an A in each picture, at its left edge."""

    device, concurrency, can_search, recognizer = "nowhere", 1, False, None

    def __init__(self, description: Description) -> None:
        self.description = description

    def read(self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: object = None) -> Outputs:
        samples, views = view_mask.shape
        tokens = np.tile(
            np.array([SPECIAL_COUNT + self.description.charset.index("A"), EOS_ID]), (samples, 1)
        )  # (N, 2)
        log_probs = np.zeros((samples, 2), np.float32)
        attention = np.zeros((samples, 2, views, 1, 4), np.float32)
        attention[..., 0] = 1
        return Outputs(tokens, log_probs, np.full(samples, 2), attention, tokens[..., None], log_probs[..., None])


class Whole:
    """A detector that takes the whole picture for one line."""

    def find(self, picture: np.ndarray) -> list[np.ndarray]:
        height, width = picture.shape[:2]
        return [np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)]


def test_a_backend_and_a_detector_are_any_objects_with_the_methods() -> None:
    backend: Backend = Constant(load_description(pretrained_models()["words"]))
    detector: Detector = Whole()
    reader, picture = Reader(backend), np.full((20, 60, 3), 255, np.uint8)
    (reading,) = reader.read([picture])
    assert (reading.text, reading.confidence) == ("A", 1)
    assert reading.characters[0].x == 0.125
    (page,) = PageReader(detector, reader, turn=False).read([picture])
    assert isinstance(page, Page)
    assert page.text == "A"
