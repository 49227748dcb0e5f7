"""Good inputs of every kind, small, that attacks begin with."""

import io
import json
import struct
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from crnn_seq2seq_ocr.checkpoint.folders import DESCRIPTION, ONNX
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.data.formats.example import serialize_example
from crnn_seq2seq_ocr.data.formats.tfrecord import frame, read_index
from crnn_seq2seq_ocr.data.formats.webdataset import write_tar

MINDRECORD = Path(__file__).parent.parent / "tests" / "fixtures" / "mindrecord_small" / "train"
NAMES = ("fsns.mindrecord0", "fsns.mindrecord0.db", "fsns.mindrecord1", "fsns.mindrecord1.db")

PIXELS = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)


def pictures() -> list[bytes]:
    """Of all formats that are read, and the ways in which they differ."""
    colour = Image.fromarray(PIXELS)
    turned = Image.Exif()
    turned[0x0112] = 6
    saved = [
        _saved(colour.convert("P"), "PNG", transparency=3),
        _saved(colour.convert("LA"), "PNG"),
        _saved(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257), "PNG"),
        _saved(colour, "JPEG", progressive=True, exif=turned),
        _saved(colour, "GIF"),
        _saved(colour, "TIFF", compression="tiff_lzw"),
        _saved(colour, "WEBP", lossless=True),
        _saved(colour.convert("1"), "PPM"),
        _saved(colour.convert("L"), "PPM"),
    ]
    suffixes = (".png", ".jpg", ".bmp", ".webp", ".tiff", ".ppm")
    return saved + [cv2.imencode(suffix, PIXELS)[1].tobytes() for suffix in suffixes]


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def documents() -> list[bytes]:
    """Each after the letter of its kind: a PDF of a page, a TIFF of two, and a HEIC photograph where it can be made."""
    first, second = Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1])
    found = [
        b"p" + _saved(first, "PDF"),
        b"t" + _saved(first, "TIFF", save_all=True, append_images=[second]),
        b"t" + _saved(first.convert("1"), "TIFF", compression="group4"),
    ]
    try:
        import pillow_heif
    except ImportError:
        return found
    buffer = io.BytesIO()
    pillow_heif.from_pillow(first).save(buffer, quality=50)
    return [*found, b"h" + buffer.getvalue()]


def examples() -> list[bytes]:
    """Messages as in TFRecord files."""
    picture = cv2.imencode(".png", PIXELS)[1].tobytes()
    features: dict[str, list[bytes] | list[int] | list[float]] = {
        "image/encoded": [picture],
        "image/format": [b"png"],
        "image/width": [24],
        "image/orig_width": [24],
        "image/text": ["Été".encode()],
        "image/class": [1, -2, 300],
        "f": [0.5],
    }
    return [serialize_example(features)]


def records() -> list[bytes]:
    """Files of records."""
    return [frame(examples()[0]) * 2, frame(b"abc") + frame(b"") + frame(examples()[0])]


def record_indexes() -> list[bytes]:
    """Make what is kept beside a file of records: where they are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train-00000-of-00001"
        path.write_bytes(records()[0])
        read_index(path)
        return [path.with_name(f".{path.name}.index").read_bytes()]


def shards() -> list[bytes]:
    """MindRecord's two kinds of files, each after its number."""
    return [bytes([place]) + (MINDRECORD / name).read_bytes() for place, name in enumerate(NAMES[:2])]


def tars() -> list[bytes]:
    """WebDataset."""
    picture = cv2.imencode(".png", PIXELS)[1].tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tar"
        write_tar(path, [("a", {"png": picture, "txt": b"x"}), ("b", {"0.png": picture, "json": b'{"text": "y"}'})])
        return [path.read_bytes()]


def tables() -> list[bytes]:
    """Make a Parquet and an Arrow file, each after the letter of its kind."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return []
    picture = cv2.imencode(".png", PIXELS)[1].tobytes()
    rows = [{"image": {"bytes": picture, "path": "a.png"}, "text": "x"}, {"image": {"bytes": b"", "path": None}}]
    table = pyarrow.Table.from_pylist(rows)
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pyarrow.parquet.write_table(table, parquet)
    with pyarrow.ipc.new_stream(arrow, table.schema) as stream:
        stream.write_table(table)
    return [b"p" + parquet.getvalue(), b"a" + arrow.getvalue()]


def mindspore() -> list[bytes]:
    """Make a checkpoint of MindSpore."""

    def part(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    tensor = b"\x08\x02\x08\x03" + part(2, b"Float32") + part(3, struct.pack("<6f", *range(6)))
    return [part(1, part(1, b"a.weight") + part(2, tensor))]


def safetensors() -> list[bytes]:
    """Weights."""
    head = json.dumps({"a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    return [len(head).to_bytes(8, "little") + head + bytes(24)]


def descriptions() -> list[bytes]:
    """Return what models say of themselves."""
    return [(folder / DESCRIPTION).read_bytes() for folder in pretrained_models().values()]


def networks() -> list[bytes]:
    """Make the smallest ONNX model with a description, and a real one without its weights."""
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "g", value[:1], value[1:])
    small = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    real = onnx.load_model(str(pretrained_models()["words"] / ONNX))
    for weight in real.graph.initializer:
        if len(weight.raw_data) > 64:
            weight.raw_data = b""
    for model in (small, real):
        helper.set_model_props(model, {"crnn-seq2seq-ocr": descriptions()[0].decode()})
    return [small.SerializeToString(), real.SerializeToString()]


def tab_lists() -> list[bytes]:
    """Labels in .tsv."""
    return [
        "file\ttext\na.png\tÉté\nb.png|c.png\tn° 3\n".encode(),
        b"a.png\tx\nb.png\ty\n",
        "a.png\tx\n".encode("utf-16"),
    ]


def comma_lists() -> list[bytes]:
    """Labels in .csv."""
    return [b'file,text\na.png,"x, y"\nb.png,"z"\n', b'filename;words;views\na.png;"x ""y""";2\n']


def line_lists() -> list[bytes]:
    """Labels in .jsonl."""
    return [b'{"file": "a.png", "text": "x"}\n{"file": ["b.png", "c.png"], "text": "y", "views": 2}\n']


def json_lists() -> list[bytes]:
    """Labels in .json."""
    return [b'{"a.png": "x", "b.png": "y"}', b'[{"file": "a.png", "text": "x"}, {"image": ["b"], "label": "y"}]']


def text_lists() -> list[bytes]:
    """Labels in .txt."""
    return [b'word_1.png, "x"\nword_2.png, "y ""z"\n', b"a.png x y\nb.png z\n", b'["a.png", "b.png"]\tx\nc.png\ty\n']


def recipes() -> list[bytes]:
    """Return settings of trainings."""
    return [
        b"name: mine\nmodel:\n  width: 16\ntraining: {steps: 6, batch_size: 4}\ntext: {charset: abc}\n",
        b"text: {charset: 'characters:abc', max_length: 4}\npreprocessing: {height: 32, width: 32, views: 1}\n"
        b"augmentation: null\nmodel:\n  encoder:\n    stages:\n    - {channels: 8, pool: [4, 2]}\n"
        b"data: {train: x, validation: null, workers: 0}\ntraining:\n  optimizer: {learning_rate: 0.01}\n",
    ]


def requests() -> list[bytes]:
    """Whole requests of HTTP/1.1 to the service."""
    picture = cv2.imencode(".png", PIXELS)[1].tobytes()
    form = (
        b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
        + picture
        + b'\r\n--b\r\nContent-Disposition: form-data; name="detail"\r\n\r\ntext\r\n--b--\r\n'
    )
    import base64

    views = {"texts": [{"name": "a", "views": [base64.b64encode(picture).decode()]}], "detail": "characters"}
    return [
        _post("/v1/read", "multipart/form-data; boundary=b", form),
        _post("/v1/read", "application/json", json.dumps(views).encode()),
        _post("/v1/pages?form=alto", "application/json", json.dumps(views).encode()),
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-API-Key: 0123456789abcdef\r\n\r\n",
        b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
        b"POST /v1/read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}x\r\n0\r\n\r\n",
    ]


def _post(address: str, kind: str, body: bytes) -> bytes:
    head = f"POST {address} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def results() -> list[bytes]:
    """Return what bulk reading has written, which is gone on with: JSON lines, and tables."""
    return [
        b'{"name": "a.png", "text": "x", "confidence": 0.5, "complete": true, "characters": []}\n'
        b'{"name": "b.png", "error": "no"}\n',
        b'name,text,confidence,complete,error\na.png,"x, y",0.5,true,\nb.png,\'=1,0.5,true,\n',
    ]


def exchanged() -> list[bytes]:
    """Files of other labelling tools: Label Studio's, and PPOCRLabel's two kinds."""
    task = {
        "data": {"ocr": "/data/local-files/?d=a.png"},
        "annotations": [{"result": [{"type": "textarea", "value": {"text": ["x"]}}]}],
    }
    return [json.dumps([task]).encode(), b"a.png\tx\nb.png\ty\n", b'a.png\t[{"transcription": "x", "points": []}]\n']
