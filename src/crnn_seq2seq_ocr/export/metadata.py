"""What an exported file says of itself: charset, settings, preprocessing, how to call it, what was checked."""

import json
import platform
from importlib.metadata import version
from typing import Any

import onnx
from onnx import helper

from crnn_seq2seq_ocr.checkpoint.digests import unsigned
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.inference.onnx_backend import DESCRIPTION_KEY
from crnn_seq2seq_ocr.text import SPECIAL_COUNT
from crnn_seq2seq_ocr.version import __version__

_RESIZED = {
    "stretch": "stretched to {height} x {width} pixels (bilinear)",
    "pad": "scaled to fit {height} x {width} pixels (bilinear), the rest to the right or below in the median colour of "
    "the edge beside it",
    "fit": "scaled to a height of {height} pixels (bilinear), at most {width} wide, then padded on the right to a "
    "multiple of {width_step} in the median colour of the edge; pictures of one batch have one width",
}


_ALLOWED = (
    "float32 (batch, length): natural logarithm of the probability that the network gave to all tokens which the "
    "constraint of the file allowed there."
)


def describe(
    model: onnx.ModelProto,
    description: Description,
    *,
    precision: str,
    checked: dict[str, Any] | None = None,
    measured: dict[str, Any] | None = None,
    within: str | None = None,
) -> None:
    """Write into an ONNX model all that is needed to read with it, and what was found of it.

    Args:
        model: Is changed.
        description: What it says of itself.
        precision: Of its weights.
        checked: What was compared with PyTorch.
        measured: What the precision costs.
        within: The constraint that it reads within, in words.
    """
    model.producer_name, model.producer_version = "crnn-seq2seq-ocr", __version__
    texts = usage(description) | ({"allowed": _ALLOWED} if within else {})
    model.doc_string = texts["file"]
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = texts[value.name]
    entries = {
        DESCRIPTION_KEY: description.to_dict(),
        "usage": texts,
        "precision": precision,
        "versions": _versions("torch", "onnx", "onnxruntime"),
        "checked": checked,
        "measured": measured,
        "within": within,
        **unsigned(),
    }
    helper.set_model_props(model, {name: written(entry) for name, entry in entries.items() if entry is not None})


def written(entry: Any) -> str:
    """Write a text as it is, all else as JSON."""
    return entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)


def usage(description: Description) -> dict[str, str]:
    """Describe the file and each of its inputs and outputs, in words."""
    size = description.preprocessing
    resized = _RESIZED[size.resize].format(**size.model_dump())
    return {
        "file": f"Reads text from pictures (model {description.name!r}); the metadata {DESCRIPTION_KEY!r} has charset, "
        "settings and preprocessing.",
        "images": f"uint8 (batch, views, 3, height, width), RGB from 0 to 255: the views of each text, each {resized}. "
        f"One to {size.views} views. The network normalises them itself.",
        "view_mask": "bool (batch, views), false where a text has fewer views than others of the batch.",
        "tokens": "int64 (batch, length): 0 padding, 1 begin, 2 end, 3 unknown, "
        f"from {SPECIAL_COUNT} on the characters of the charset in order; padding after the end.",
        "log_probs": "float32 (batch, length): natural logarithm of each token's probability, 0 after the end; "
        "their sum is that of the whole text.",
        "lengths": "int64 (batch): tokens of each text, the end too; a text without an end was cut at the longest.",
        "attention": "float32 (batch, length, views, rows, columns): where the network looked for each token.",
        "likely": "int64 (batch, length, likely): the likeliest tokens of each place, the chosen one first.",
        "likely_log_probs": "float32 (batch, length, likely): their log_probs.",
    }


def _versions(*packages: str) -> dict[str, str]:
    ours = {"crnn-seq2seq-ocr": __version__, "python": platform.python_version()}
    return ours | {package: version(package) for package in packages}
