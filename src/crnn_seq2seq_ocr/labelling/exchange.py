"""Labels from and to the files of other labelling tools."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from crnn_seq2seq_ocr.data.formats.labels import decode
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.labelling.store import Label, LabelStore, checked_text
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.system.parsing import parse_json

Tool = Literal["ppocrlabel", "label-studio"]

Entry = tuple[str, str, str]
"""Where it stands in its file, the name of a picture, and its text."""

_FIELDS = {"from_name": "transcription", "to_name": "image", "type": "textarea"}
"""The names of Label Studio's own template "Optical Character Recognition"."""


class _Value(BaseModel):
    text: list[str] = []


class _Result(BaseModel):
    type: str = ""
    value: _Value = _Value()


class _Annotation(BaseModel):
    result: list[_Result] = []


class _Task(BaseModel):
    """What is looked at of a task of Label Studio; it holds more."""

    annotations: list[_Annotation] | None = None
    completions: list[_Annotation] | None = None
    data: dict[str, Any] = {}


def export_labels(store: LabelStore, tool: Tool, out: Path) -> int:
    """Write all texts for another tool; returns how many.

    ``ppocrlabel`` is PPOCRLabel's list of crops, ``rec_gt.txt``: file, tab, text. ``label-studio`` is a JSON list of
    tasks, each with a picture (``data.ocr``) and a text area ``transcription``.

    Raises:
        StorageError: The file could not be written.
    """
    texts = {file: label for file, label in store.labels.items() if label.text is not None}
    if tool == "ppocrlabel":
        write_whole(out, "".join(f"{file}\t{label.text}\n" for file, label in texts.items()))
    else:
        tasks = [_task(file, label) for file, label in texts.items()]
        write_whole(out, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    return len(texts)


def import_labels(store: LabelStore, tool: Tool, path: Path, files: list[str]) -> tuple[int, int]:
    """Take over the texts of another tool's file for pictures that have none yet.

    Pictures are found by their name from the folder, or by the end of it where that is the only one so called.

    Returns:
        How many were taken over, and how many entries were left: labelled already, without a text, or of no picture
        of the folder.

    Raises:
        DataError: The file cannot be read or is of another kind.
        StorageError: A label could not be written.
    """
    entries = list(_ppocrlabel(path) if tool == "ppocrlabel" else _label_studio(path))
    known, by_last = set(files), _by_last_name(files)
    taken: dict[str, Label] = {}
    for place, name, text in entries:
        file = name if name in known else _only(by_last.get(_last_name(name), []))
        if file is None or file in store.labels or file in taken or not text.strip():
            continue
        try:
            taken[file] = Label(checked_text(text), tool)
        except DataError as error:
            raise DataError(f"{path}, {place}: {error}; nothing was taken over") from None
    if taken:
        store.add_texts(taken)
    return len(taken), len(entries) - len(taken)


def _task(file: str, label: Label) -> dict[str, Any]:
    result = {**_FIELDS, "value": {"text": [label.text]}}
    return {
        "data": {"ocr": f"/data/local-files/?d={file}"},
        "annotations": [{"result": [result], "completed_by": {"email": label.by}}],
    }


def _ppocrlabel(path: Path) -> Iterator[Entry]:
    for number, line in enumerate(decode(path).splitlines(), 1):
        if not line.strip():
            continue
        name, tab, text = line.partition("\t")
        if not tab:
            raise DataError(f"{path}:{number}: no tab between the file and its text: give PPOCRLabel's rec_gt.txt")
        if text.startswith("[{"):  # Label.txt: boxes in whole pictures; a crop has one
            boxes = _json(path, text)
            if len(boxes) == 1:
                yield f"line {number}", name, str(boxes[0].get("transcription", ""))
        else:
            yield f"line {number}", name, text


def _label_studio(path: Path) -> Iterator[Entry]:
    for number, task in enumerate(_json(path, decode(path)), 1):
        try:
            found = _Task.model_validate(task)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(f"{path}: task {number} is none of Label Studio's ({place}: {first['msg']})") from None
        results = [each for annotation in found.annotations or found.completions or () for each in annotation.result]
        texts = [text for each in results if each.type == "textarea" for text in each.value.text]
        pictures = [value for value in found.data.values() if isinstance(value, str)]
        if pictures and len(texts) == 1:
            yield f"task {number}", pictures[0].rpartition("?d=")[2], texts[0]


def _json(path: Path, content: str) -> list[dict[str, Any]]:
    try:
        found = parse_json(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise DataError(f"{path} holds no list of tasks: export it as JSON")
    return found


def _by_last_name(files: list[str]) -> dict[str, list[str]]:
    """Pictures by the end of their name, as other tools call them from another folder."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(_last_name(file), []).append(file)
    return found


def _last_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _only(files: list[str]) -> str | None:
    return files[0] if len(files) == 1 else None
