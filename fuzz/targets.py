"""What is attacked: each target reads bytes as one kind of input, and has good ones to begin with."""

import contextlib
import json
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from crnn_seq2seq_ocr.checkpoint.folders import DESCRIPTION, WEIGHTS, count_parameters, load_description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.formats.example import parse_example, serialize_example
from crnn_seq2seq_ocr.data.formats.labels import read_labels
from crnn_seq2seq_ocr.data.formats.mindrecord import MindRecords
from crnn_seq2seq_ocr.data.formats.tfrecord import TFRecords, frame
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.mindspore.charset_files import read_charset_file
from crnn_seq2seq_ocr.mindspore.checkpoint_file import read_mindspore
from crnn_seq2seq_ocr.model.lexicon import read_lexicon
from crnn_seq2seq_ocr.serve.keys import read_keys
from crnn_seq2seq_ocr.text import Tokenizer

MINDRECORD = Path(__file__).parent.parent / "tests" / "fixtures" / "mindrecord_small" / "train"


class Target(NamedTuple):
    """One kind of input.

    Attributes:
        seeds: Makes good inputs.
        read: Reads one in an empty folder; a `CrnnOcrError` is a good answer, all else that is raised is not.
    """

    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], object]


def _pictures() -> list[bytes]:
    picture = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)
    return [cv2.imencode(suffix, picture)[1].tobytes() for suffix in (".png", ".jpg", ".bmp", ".webp", ".tiff")]


def _examples() -> list[bytes]:
    features: dict[str, list[bytes] | list[int] | list[float]] = {
        "image/encoded": [b"x" * 20],
        "image/text": ["Été".encode()],
        "image/class": [1, -2, 300],
        "f": [0.5],
    }
    return [serialize_example(features)]


def _read_example(content: bytes, _folder: Path) -> object:
    try:
        return parse_example(content)
    except ValueError:  # which is what it promises
        return None


def _records() -> list[bytes]:
    return [frame(b"abc") + frame(b"") + frame(_examples()[0])]


def _read_records(content: bytes, folder: Path) -> object:
    path = _file(content, folder, "train-00000-of-00001")
    records = TFRecords([path], on_truncated="keep")
    return [records[number] for number in range(len(records))]


def _shards() -> list[bytes]:
    names = ("fsns.mindrecord0", "fsns.mindrecord0.db")
    return [bytes([place]) + (MINDRECORD / name).read_bytes() for place, name in enumerate(names)]


def _read_shard(content: bytes, folder: Path) -> object:
    for name in ("fsns.mindrecord0", "fsns.mindrecord0.db", "fsns.mindrecord1", "fsns.mindrecord1.db"):
        (folder / name).write_bytes((MINDRECORD / name).read_bytes())
    (folder / ("fsns.mindrecord0", "fsns.mindrecord0.db")[content[:1] == b"\1"]).write_bytes(content[1:])
    source = MindRecords(folder)
    return [source[number] for number in range(min(5, len(source)))]


def _mindspore() -> list[bytes]:
    def part(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    tensor = b"\x08\x02\x08\x03" + part(2, b"Float32") + part(3, struct.pack("<6f", *range(6)))
    return [part(1, part(1, b"a.weight") + part(2, tensor))]


def _safetensors() -> list[bytes]:
    head = json.dumps({"a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    return [len(head).to_bytes(8, "little") + head + bytes(24)]


def _descriptions() -> list[bytes]:
    return [(folder / DESCRIPTION).read_bytes() for folder in pretrained_models().values()]


def _metadata() -> list[bytes]:
    """Make the smallest ONNX model with a description in its metadata: a graph that hands its input on."""
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"crnn-seq2seq-ocr": _descriptions()[0].decode()})
    return [model.SerializeToString()]


def _texts() -> list[bytes]:
    return [
        "file\ttext\na.png\tÉté\nb.png\tn° 3\n".encode(),
        b'file,text\na.png,"x, y"\nb.png,"z"\n',
        b'{"file": "a.png", "text": "x"}\n{"file": ["b.png", "c.png"], "text": "y"}\n',
    ]


def _read_list(content: bytes, folder: Path) -> object:
    suffix = (".tsv", ".csv", ".jsonl", ".txt")[len(content) % 4]
    return read_labels(_file(content, folder, f"labels{suffix}"))


def _recipes() -> list[bytes]:
    return [b"name: mine\nmodel:\n  width: 16\ntraining: {steps: 6, batch_size: 4}\ntext: {charset: abc}\n"]


def _file(content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


TARGETS = {
    "picture": Target(_pictures, lambda content, _: decode_picture(content, name="a picture")),
    "tfrecord": Target(_records, _read_records),
    # Framed anew after it was changed, so that its checksum is right.
    "example": Target(_examples, _read_example),
    "mindrecord": Target(_shards, _read_shard),
    "mindspore": Target(_mindspore, lambda content, folder: read_mindspore(_file(content, folder, "a.ckpt"))),
    "safetensors": Target(
        _safetensors, lambda content, folder: count_parameters(_file(content, folder, WEIGHTS).parent)
    ),
    "description": Target(
        _descriptions, lambda content, folder: load_description(_file(content, folder, DESCRIPTION).parent)
    ),
    "onnx": Target(_metadata, lambda content, _: OnnxBackend.of(content, where="a.onnx", threads=1)),
    "labels": Target(_texts, _read_list),
    "recipe": Target(_recipes, lambda content, folder: load_recipe(str(_file(content, folder, "recipe.yaml")))),
    "charset": Target(
        lambda: ["0\ta\n1\té\n2\t \n".encode()],
        lambda content, folder: read_charset_file(_file(content, folder, "charset.txt")),
    ),
    "lexicon": Target(
        lambda: [b"rue\navenue\n"],
        lambda content, folder: read_lexicon(_file(content, folder, "names.txt"), Tokenizer("aeurvn")),
    ),
    "keys": Target(
        lambda: [b"0123456789abcdef0123456789abcdef\n"],
        lambda content, folder: read_keys(_file(content, folder, "keys.txt")),
    ),
}


def attack(name: str, content: bytes) -> None:
    """Let a target read an input; what it must not raise comes through."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, contextlib.suppress(CrnnOcrError):
        TARGETS[name].read(content, Path(folder))
