"""What is attacked: each target reads bytes as one kind of input, has good ones, and a way to damage them."""

import contextlib
import functools
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from crnn_seq2seq_ocr.bulk.lines import Csv, JsonLines, Lines
from crnn_seq2seq_ocr.bulk.listing import read_listing
from crnn_seq2seq_ocr.checkpoint.folders import (
    BEST,
    DESCRIPTION,
    WEIGHTS,
    count_parameters,
    find_model,
    load_description,
)
from crnn_seq2seq_ocr.config import load_recipe
from crnn_seq2seq_ocr.data.formats.example import parse_example
from crnn_seq2seq_ocr.data.formats.labels import read_labels
from crnn_seq2seq_ocr.data.formats.mindrecord import MindRecords
from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import CrnnOcrError, DependencyError
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.labelling.exchange import import_labels
from crnn_seq2seq_ocr.labelling.store import LABELS, LabelStore
from crnn_seq2seq_ocr.mindspore.charset_files import read_charset_file, read_general_chars
from crnn_seq2seq_ocr.mindspore.checkpoint_file import read_mindspore
from crnn_seq2seq_ocr.model.lexicon import read_lexicon
from crnn_seq2seq_ocr.pages.documents import open_page, page_names
from crnn_seq2seq_ocr.serve.keys import read_keys
from crnn_seq2seq_ocr.text import Tokenizer
from fuzz import seeds
from fuzz.mutations import (
    Mutation,
    damaged,
    damaged_after_length,
    damaged_frames,
    damaged_json,
    damaged_json_lines,
    damaged_png,
    damaged_protobuf,
)


class Target(NamedTuple):
    """One kind of input.

    Attributes:
        seeds: Makes good inputs.
        read: Reads one in an empty folder; a `CrnnOcrError` is a good answer, all else that is raised is not.
        change: Damages one.
    """

    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], object]
    change: Mutation = damaged


def _read_example(content: bytes, _folder: Path) -> object:
    with contextlib.suppress(ValueError):  # which is what it promises
        return parse_example(content)
    return None


def _read_source(path: Path) -> object:
    """Read the first samples of a data set, each with its picture; each may be damaged by itself."""
    source = open_source(str(path))
    for place in range(min(5, len(source))):
        with contextlib.suppress(CrnnOcrError):
            sample = source[place]
            for picture in sample.images:
                decode_picture(picture, name=sample.name)
    return source.description


def _read_index(content: bytes, folder: Path) -> object:
    path = _file(seeds.records()[0], folder, "train-00000-of-00001")
    _file(content, folder, f".{path.name}.index")
    return _read_source(path)


def _read_shard(content: bytes, folder: Path) -> object:
    for name in seeds.NAMES:
        (folder / name).write_bytes((seeds.MINDRECORD / name).read_bytes())
    (folder / seeds.NAMES[content[:1] == b"\1"]).write_bytes(content[1:])
    source = MindRecords(folder)
    return [source[number] for number in range(min(5, len(source)))]


def _read_table(content: bytes, folder: Path) -> object:
    suffix = ".arrow" if content[:1] == b"a" else ".parquet"
    return _read_source(_file(content[1:], folder, f"a{suffix}"))


def _read_document(content: bytes, folder: Path) -> object:
    suffix = {b"p": ".pdf", b"t": ".tif"}.get(content[:1], ".heic")
    path = _file(content[1:], folder, f"a{suffix}")
    for name in itertools.islice(page_names(path), 3):
        with contextlib.suppress(CrnnOcrError):
            sample = open_page(name, dpi=72)
            decode_picture(sample.images[0], name=name)
    return None


def _read_best(content: bytes, folder: Path) -> object:
    return find_model(_file(content, folder, BEST).parent)


def _read_results(content: bytes, folder: Path) -> object:
    path = _file(content, folder, "out")
    return list(Lines(path, Csv() if content.startswith(b"name,") else JsonLines()).rows())


def _import(content: bytes, folder: Path) -> object:
    tool = "label-studio" if content.lstrip().startswith(b"[") else "ppocrlabel"
    return import_labels(LabelStore(folder), tool, _file(content, folder, "labels.json"), ["a.png", "b/c.png"])  # type: ignore[arg-type]


def _open_store(content: bytes, folder: Path) -> object:
    return LabelStore(_file(content, folder, LABELS).parent).labels


def _read_list(suffix: str) -> Callable[[bytes, Path], object]:
    return lambda content, folder: read_labels(_file(content, folder, f"labels{suffix}"))


@functools.cache
def _service() -> Callable[[bytes], bytes]:
    from fuzz.service import Service

    return Service().answer


def _file(content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


TARGETS = {
    "picture": Target(seeds.pictures, lambda content, _: decode_picture(content, name="a picture"), damaged_png),
    "document": Target(seeds.documents, _read_document),
    "tfrecord": Target(
        seeds.records,
        lambda content, folder: _read_source(_file(content, folder, "train-00000-of-00001")),
        damaged_frames,
    ),
    "record-index": Target(seeds.record_indexes, _read_index),
    "example": Target(seeds.examples, _read_example, damaged_protobuf),
    "mindrecord": Target(
        seeds.shards, _read_shard, lambda content, chance: content[:1] + damaged_after_length(content[1:], chance)
    ),
    "webdataset": Target(seeds.tars, lambda content, folder: _read_source(_file(content, folder, "a.tar"))),
    "table": Target(seeds.tables, _read_table),
    "mindspore": Target(
        seeds.mindspore, lambda content, folder: read_mindspore(_file(content, folder, "a.ckpt")), damaged_protobuf
    ),
    "safetensors": Target(
        seeds.safetensors,
        lambda content, folder: count_parameters(_file(content, folder, WEIGHTS).parent),
        damaged_after_length,
    ),
    "description": Target(
        seeds.descriptions,
        lambda content, folder: load_description(_file(content, folder, DESCRIPTION).parent),
        damaged_json,
    ),
    "best": Target(lambda: [b'{"checkpoint": "step-00000001", "score": 0.5}'], _read_best, damaged_json),
    "onnx": Target(
        seeds.networks, lambda content, _: OnnxBackend.of(content, where="a.onnx", threads=1), damaged_protobuf
    ),
    "labels-tsv": Target(seeds.tab_lists, _read_list(".tsv")),
    "labels-csv": Target(seeds.comma_lists, _read_list(".csv")),
    "labels-jsonl": Target(seeds.line_lists, _read_list(".jsonl"), damaged_json_lines),
    "labels-json": Target(seeds.json_lists, _read_list(".json"), damaged_json),
    "labels-txt": Target(seeds.text_lists, _read_list(".txt")),
    "label-store": Target(lambda: [b"file\ttext\tby\na.png\tx\tme\n"], _open_store),
    "exchange": Target(seeds.exchanged, _import, damaged_json_lines),
    "listing": Target(
        lambda: [b"a.png\nb.png|c.png\n"], lambda content, folder: read_listing(str(_file(content, folder, "list")))
    ),
    "results": Target(seeds.results, _read_results, damaged_json_lines),
    "recipe": Target(seeds.recipes, lambda content, folder: load_recipe(str(_file(content, folder, "recipe.yaml")))),
    "charset": Target(
        lambda: ["0\ta\n1\té\n2\t \n".encode()],
        lambda content, folder: read_charset_file(_file(content, folder, "charset.txt")),
    ),
    "general-chars": Target(
        lambda: [b"_PAD\n_GO\n_EOS\n_UNK\na\nb\n"],
        lambda content, folder: read_general_chars(_file(content, folder, "chars.txt"), classes=20),
    ),
    "lexicon": Target(
        lambda: [b"rue\navenue\n"],
        lambda content, folder: read_lexicon(_file(content, folder, "names.txt"), Tokenizer("aeurvn")),
    ),
    "keys": Target(
        lambda: [b"0123456789abcdef0123456789abcdef\n", b"sha256:" + b"0a" * 32 + b"\n# mine\n"],
        lambda content, folder: read_keys(_file(content, folder, "keys.txt")),
    ),
    "http": Target(seeds.requests, lambda content, _: _service()(content)),
}


def attack(name: str, content: bytes, folder: Path) -> None:
    """Let a target read an input in a folder, which is emptied; what it must not raise comes through."""
    try:
        TARGETS[name].read(content, folder)
    except DependencyError:
        raise
    except CrnnOcrError:
        return
    finally:
        for entry in os.scandir(folder):
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
