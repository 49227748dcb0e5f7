"""ONNX files of people that mean harm: time and memory are bounded, no other file is read, and sentences say why."""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference import onnx_isolated
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.onnx_metadata import read_metadata
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.conftest import python

pytestmark = pytest.mark.slow

IMAGES, MASK = np.zeros((1, 1, 32, 32, 3), np.uint8), np.ones((1, 1), bool)
OUTPUTS = {
    "tokens": (TensorProto.INT64, [1, 1]), "log_probs": (TensorProto.FLOAT, [1, 1]),
    "lengths": (TensorProto.INT64, [1]),
    "attention": (TensorProto.FLOAT, [1, 1, 1, 1, 1]), "likely": (TensorProto.INT64, [1, 1, 4]),
    "likely_log_probs": (TensorProto.FLOAT, [1, 1, 4]),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(exported: Path) -> str:
    """What the small reader's file says of itself."""
    return read_metadata(exported)["crnn-seq2seq-ocr"]


def reader(
    path: Path, told: str, nodes: Sequence[NodeProto] = (), *, weights: Sequence[TensorProto] = (), **outputs: list
) -> Path:
    """A file with the inputs and outputs of a reader, all zeros, but for what `nodes` and `outputs` say."""
    made = {name for node in nodes for name in node.output}
    shapes = {name: (kind, outputs.get(name, shape)) for name, (kind, shape) in OUTPUTS.items()}
    constants = [
        helper.make_node("Constant", [], [name], value=helper.make_tensor("", kind, shape, [0] * int(np.prod(shape))))
        for name, (kind, shape) in shapes.items()
        if name not in made
    ]
    graph = helper.make_graph(
        [*nodes, *constants],
        "hostile",
        [
            helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "v", 3, "h", "w"]),
            helper.make_tensor_value_info("view_mask", TensorProto.BOOL, ["n", "v"]),
        ],
        [helper.make_tensor_value_info(name, kind, None) for name, (kind, _) in shapes.items()],
        initializer=weights,
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, {"crnn-seq2seq-ocr": told})
    path.write_bytes(model.SerializeToString())
    return path


def endless() -> NodeProto:
    """A loop that always goes on, counting."""
    number = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "body",
        [number("i", TensorProto.INT64, []), number("go", TensorProto.BOOL, []), number("sum", TensorProto.INT64, [1])],
        [number("again", TensorProto.BOOL, []), number("more", TensorProto.INT64, [1])],
    )
    return helper.make_node("Loop", ["", "true", "one"], ["lengths"], body=body)


def constant(name: str, values: object, kind: str = "int64") -> TensorProto:
    return numpy_helper.from_array(np.array(values, kind), name)


def test_a_file_that_gives_what_a_reader_gives_is_read(tmp_path: Path, told: str) -> None:
    outputs = OnnxBackend.load(reader(tmp_path / "a.onnx", told)).read(IMAGES, MASK)
    assert outputs.tokens.tolist() == [[0]]


def test_a_loop_without_end_is_ended(tmp_path: Path, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_isolated, "READ_SECONDS", 1.0)
    path = reader(
        tmp_path / "a.onnx", told, [endless()], weights=[constant("true", True, "bool"), constant("one", [1])]
    )
    backend = OnnxBackend.load(path, threads=1)
    for _ in range(2):  # and stays so
        with pytest.raises(CheckpointError, match=r"a\.onnx cannot be read with: the process that runs it (took|has)"):
            backend.read(IMAGES, MASK)


@pytest.mark.parametrize("elements", [1 << 60, 1_000_000_000])
def test_memory_beyond_the_limit_is_not_taken(
    tmp_path: Path, told: str, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_isolated, "most_memory", lambda: 3 << 30)
    grow = helper.make_node("ConstantOfShape", ["shape"], ["log_probs"])
    path = reader(tmp_path / "a.onnx", told, [grow], weights=[constant("shape", [elements])])
    with pytest.raises(CheckpointError, match=r"a\.onnx cannot be (used|read)"):
        OnnxBackend.load(path, threads=1).read(IMAGES, MASK)


def test_numbers_in_other_files_are_not_read(tmp_path: Path, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"secret!!")
    outside = TensorProto(name="lengths_", data_type=TensorProto.INT64, dims=[1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="secret.bin")
    copy = helper.make_node("Identity", ["lengths_"], ["lengths"])
    path = reader(tmp_path / "a.onnx", told, [copy], weights=[outside])
    with pytest.raises(CheckpointError, match="keeps numbers in other files, which is not read"):
        OnnxBackend.load(path)
    # The same, written so that it is not seen at once: the length of the key in two bytes.
    content = path.read_bytes()
    place = content.index(b"\x0a\x08location")
    hidden = content.replace(b"\x0a\x08location", b"\x0a\x88\x00location")
    for before in range(place):  # the lengths of the messages around it, each one byte longer
        length = hidden[before]
        if 16 < length < 127 and hidden[before + 1 : before + 1 + length].count(b"secret.bin"):
            hidden = hidden[:before] + bytes([length + 1]) + hidden[before + 1 :]
    (tmp_path / "b.onnx").write_bytes(hidden)
    with pytest.raises(CheckpointError, match=r"b\.onnx"):
        OnnxBackend.load(tmp_path / "b.onnx").read(IMAGES, MASK)


@pytest.mark.parametrize(
    "outputs",
    [
        {"tokens": [1, 9]}, {"tokens": [7]}, {"tokens": [1, 1, 1]}, {"lengths": [2]}, {"attention": [1, 1, 1]},
        {"likely": [1, 1]}, {"likely_log_probs": [1, 1, 3]},
    ],
)  # fmt: skip
def test_outputs_of_other_shapes_are_refused(tmp_path: Path, told: str, outputs: dict) -> None:
    backend = OnnxBackend.of(reader(tmp_path / "a.onnx", told, **outputs).read_bytes(), where="a.onnx")
    with pytest.raises(CheckpointError, match=r"a\.onnx gives other numbers than a reader does"):
        backend.read(IMAGES, MASK)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("tokens", [[7]], "int64"), ("tokens", [[-1]], "int64"), ("lengths", [2], "int64"),
        ("lengths", [-1], "int64"), ("log_probs", [[float("nan")]], "float32"), ("likely", [[[9] * 4]], "int64"),
        ("attention", [[[[[float("inf")]]]]], "float32"),
    ],
)  # fmt: skip
def test_outputs_of_other_numbers_are_refused(tmp_path: Path, told: str, name: str, values: list, kind: str) -> None:
    given = helper.make_node("Identity", ["x"], [name])
    path = reader(tmp_path / "a.onnx", told, [given], weights=[constant("x", values, kind)])
    backend = OnnxBackend.of(path.read_bytes(), where="a.onnx")
    with pytest.raises(CheckpointError, match=r"a\.onnx (gives other numbers|cannot be)"):
        backend.read(IMAGES, MASK)


@pytest.mark.parametrize(
    "told", ["[" * 100_000, '{"format": ' + "1" * 5000 + "}", '{"format": 1e999}', "\x1b[2J", "null"]
)
def test_metadata_deep_or_of_huge_numbers(tmp_path: Path, told: str) -> None:
    with pytest.raises(CheckpointError, match=r"a\.onnx"):
        OnnxBackend.load(reader(tmp_path / "a.onnx", told))


def test_characters_of_too_large_numbers(tmp_path: Path, told: str) -> None:
    whole = json.loads(told)
    for name, value in (("max_length", 10**12), ("step", 1e300), ("charset", "a" * 2), ("charset", "")):
        with pytest.raises(CheckpointError, match=r"a\.onnx"):
            OnnxBackend.load(reader(tmp_path / "a.onnx", json.dumps({**whole, name: value})))


def test_nothing_of_the_working_folder_is_imported(tmp_path: Path, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "onnxruntime.py").write_text("raise SystemExit(open('taken', 'w').write('x'))\n")
    (tmp_path / "numpy.py").write_text("raise SystemExit(open('taken', 'w').write('x'))\n")
    OnnxBackend.load(reader(tmp_path / "a.onnx", told)).read(IMAGES, MASK)
    assert not (tmp_path / "taken").exists()


def test_a_file_without_an_end_is_not_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole
    with pytest.raises(CheckpointError, match=r"a\.onnx cannot be read \(it has more than"):
        OnnxBackend.load(path)


def test_the_process_ends_with_the_one_that_asked(tmp_path: Path, told: str) -> None:
    """Killed in the middle of a loop without end, it leaves nothing behind."""
    path = reader(
        tmp_path / "a.onnx", told, [endless()], weights=[constant("true", True, "bool"), constant("one", [1])]
    )
    code = (
        "import numpy as np, sys\n"
        "from pathlib import Path\n"
        "from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend\n"
        f"backend = OnnxBackend.load(Path({str(path)!r}), threads=1)\n"
        "print('loaded', flush=True)\n"
        "backend.read(np.zeros((1, 1, 32, 32, 3), np.uint8), np.ones((1, 1), bool))\n"
    )
    with python("-c", code) as child:
        assert child.stdout.readline() == "loaded\n"
        (running,) = psutil.Process(child.pid).children()
        time.sleep(0.5)
        os.kill(child.pid, signal.SIGKILL)
        running.wait(30)
    assert not running.is_running()


def test_a_process_that_was_killed_is_started_anew(exported: Path, pictures: Path) -> None:
    others = set(psutil.Process().children())
    reader = Reader.load(exported)
    paths = sorted(pictures.glob("*.png"))
    before = [each.to_dict() for each in reader.read(paths)]
    (running,) = set(psutil.Process().children()) - others
    running.kill()
    running.wait(30)
    assert [each.to_dict() for each in reader.read(paths)] == before


def test_the_released_files_need_no_process(pictures: Path) -> None:
    others = set(psutil.Process().children())
    reader = Reader.load("words", backend="onnx")
    assert reader.read([pictures / "000.png"])
    assert set(psutil.Process().children()) <= others
