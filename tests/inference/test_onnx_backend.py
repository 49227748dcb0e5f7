"""Reading with an ONNX file: the same readings as with the folder, without PyTorch, and plain words when it fails."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.onnx_session import LocalSession
from crnn_seq2seq_ocr.inference.reader import Reader, as_sample
from tests.conftest import TEXTS, python


@pytest.fixture(scope="module")
def files(pictures: Path) -> list[str]:
    return sorted(str(path) for path in pictures.glob("*.png"))


def test_the_same_readings(trained: Path, exported: Path, files: list[str], tmp_path: Path) -> None:
    unreadable = tmp_path / "no.png"
    unreadable.write_bytes(b"no picture")
    given = [*files, str(unreadable)]
    expected, found = (Reader.load(path).read(given, batch_size=5) for path in (trained, exported))
    assert [reading.text for reading in found] == [*TEXTS, ""]
    for one, other in zip(expected, found, strict=True):
        assert (one.name, one.text, one.complete, one.error) == (other.name, other.text, other.complete, other.error)
        assert other.confidence == pytest.approx(one.confidence, abs=1e-4)
        assert len(one.characters) == len(other.characters)
        for mine, its in zip(one.characters, other.characters, strict=True):
            assert (mine.text, mine.view) == (its.text, its.view)
            assert [mine.confidence, mine.x, mine.y] == pytest.approx([its.confidence, its.x, its.y], abs=1e-3)
            for others in zip(mine.alternatives, its.alternatives, strict=True):
                assert others[0].confidence == pytest.approx(others[1].confidence, abs=1e-3)
            assert mine.confidence == pytest.approx(its.confidence, abs=1e-4)
        if one.error is None:
            np.testing.assert_array_equal(one.views, other.views)
            np.testing.assert_allclose(one.attention, other.attention, atol=1e-4)


def test_no_pytorch_is_needed(exported: Path, files: list[str]) -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'accelerate', 'safetensors', 'onnx', 'onnxscript']))\n"
        "from crnn_seq2seq_ocr import Reader\n"
        f"print(*(reading.text for reading in Reader.load({str(exported)!r}).read({files!r})))\n"
    )
    with python("-c", code) as child:
        out, err = child.communicate(timeout=60)
    assert out.split() == TEXTS, err


def test_the_backend_follows_from_the_path_or_is_insisted_on(trained: Path, exported: Path) -> None:
    for path, backend in ((exported, "onnx"), (trained, "torch")):
        assert Reader.load(path).backend.__class__ is Reader.load(path, backend=backend).backend.__class__
    with pytest.raises(CheckpointError, match=r"is an ONNX file, which PyTorch cannot run: name the model that it was"):
        Reader.load(exported, backend="torch")
    with pytest.raises(CheckpointError, match=r"has no model\.onnx: make one with `crnn-ocr export .*model\.onnx`"):
        Reader.load(trained, backend="onnx")


class Unknown:
    """A constraint of another kind."""

    description, fingerprint, shortest = "what there is not", "", 1

    def start(self, rows: int) -> np.ndarray:
        return np.zeros(rows)

    def allowed(self, state: np.ndarray, room: int) -> np.ndarray:
        return np.ones((len(state), 9), bool)

    def after(self, state: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        return state


def test_what_only_pytorch_can_do(trained: Path, exported: Path, files: list[str]) -> None:
    reader = Reader.load(exported)
    with pytest.raises(CheckpointError, match="reads greedily: for a beam, load the model"):
        reader.read(files, beam=2)
    with pytest.raises(CheckpointError, match="reads within a pattern or a lexicon, not within what there is not"):
        reader.read(files, lexicon=Unknown())
    with pytest.raises(CheckpointError, match="is of an ONNX file, which can read and be evaluated"):
        _ = reader.recognizer
    with pytest.raises(CheckpointError, match="has the precision it was exported with: leave out bf16"):
        Reader.load(exported, precision="bf16")


def test_devices(exported: Path, files: list[str]) -> None:
    assert Reader.load(exported, device="cpu").read(files[:1])[0].text == TEXTS[0]
    with pytest.raises(DeviceError, match=r"ONNX Runtime cannot use the device 'npu' here: take auto or .*cpu"):
        Reader.load(exported, device="npu")


def test_threads_are_as_many_as_the_environment_says(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def threads(**options: int) -> int:
        backend = OnnxBackend.of(exported.read_bytes(), where="abc.onnx", **options)
        assert isinstance(backend._session, LocalSession)
        return backend._session.threads

    for value, expected in (("1", 1), ("", 0), ("4,2", 0)):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert threads() == expected
        assert threads(threads=2) == 2
    for value, expected in (("4", 3), ("1", 1)):  # a caller more works too
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert threads(concurrency=2) == expected
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert threads(concurrency=10_000) == 1


def test_several_threads_read_at_once_what_one_reads_alone(exported: Path, files: list[str]) -> None:
    reader = Reader.load(exported, concurrency=2)
    assert reader.backend.concurrency == 2
    prepared = [reader.prepare(as_sample(file, 0)) for file in files]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: reader.read_prepared([each])[0].text, prepared * 3))
    assert found == TEXTS * 3


# --- files that are none --------------------------------------------------------------------------


def foreign(path: Path, **metadata: str) -> Path:
    """An ONNX file that adds."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Add", ["a", "a"], ["b"])], "adds", values[:1], values[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def test_files_that_are_no_reader(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.onnx is not there: give a file that `crnn-ocr export` wrote"):
        Reader.load(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(CheckpointError, match=r"text\.onnx is no ONNX file"):
        Reader.load(tmp_path / "text.onnx")
    (tmp_path / "cut.onnx").write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"cut\.onnx is no ONNX file"):
        Reader.load(tmp_path / "cut.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"empty\.onnx"):
        Reader.load(tmp_path / "empty.onnx")
    with pytest.raises(CheckpointError, match="is an ONNX file, but not of a reader of this package"):
        Reader.load(foreign(tmp_path / "foreign.onnx"))


def test_metadata_that_cannot_be_used(tmp_path: Path, exported: Path) -> None:
    path = foreign(tmp_path / "a.onnx", **{"crnn-seq2seq-ocr": "{"})
    with pytest.raises(CheckpointError, match=r"the metadata of .* is damaged"):
        Reader.load(path)
    path = foreign(tmp_path / "b.onnx", **{"crnn-seq2seq-ocr": json.dumps({"format": 99})})
    with pytest.raises(CheckpointError, match="has format 99, this version of crnn-seq2seq-ocr reads format 1"):
        Reader.load(path)
    path = foreign(tmp_path / "c.onnx", **{"crnn-seq2seq-ocr": json.dumps({"format": 1, "charset": "abc"})})
    with pytest.raises(CheckpointError, match=r"c\.onnx is damaged or of another version"):
        Reader.load(path)
