"""What the tools of a comparison read: pictures of any source as files that all of them know."""

import sys
from dataclasses import dataclass
from pathlib import Path

from crnn_seq2seq_ocr.data.pictures import decode_picture, encode_picture, picture_format
from crnn_seq2seq_ocr.data.sample import Picture, Sample
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.data.views import real_views, split_views
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError

KINDS = ("words", "lines", "signs")

VIEWS = 4
"""Of a sign that is one strip."""


@dataclass(frozen=True)
class Data:
    """Pictures as files, and their texts.

    Attributes:
        name: In the table.
        kind: One of `KINDS`.
        references: The texts.
        whole: The files of each sample as they are: one picture, or the views if they are single files.
        views: One file for each real view of a sign; as `whole` for words and lines.
        left_out: Samples that could not be had; no tool is asked for them.
    """

    name: str
    kind: str
    references: list[str]
    whole: list[list[str]]
    views: list[list[str]]
    left_out: int


def prepare(name: str, spec: str, kind: str, folder: Path, limit: int | None) -> Data:
    """The pictures of a source as files in a folder; of more than `limit` samples so many, evenly spread.

    Raises:
        CrnnOcrError: The source cannot be opened, or has nothing to read.
    """
    source = open_source(spec)
    count = len(source) if limit is None else min(limit, len(source))
    data = Data(name, kind, [], [], [], 0)
    left_out = 0
    for place in range(count):
        try:
            sample = source[place * len(source) // count]
            whole, views = _files(sample, kind, folder / f"{place:06d}")
        except DataError as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            left_out += 1
            continue
        data.references.append(sample.text)
        data.whole.append(whole)
        data.views.append(views)
    if not data.references:
        raise DataError(f"{spec} has no picture that can be read")
    return Data(name, kind, data.references, data.whole, data.views, left_out)


def _files(sample: Sample, kind: str, stem: Path) -> tuple[list[str], list[str]]:
    """Files of a sample as it is, and those of its views."""
    if kind != "signs" and len(sample.images) > 1:
        raise CrnnOcrError(f"{sample.name} has several pictures: give it with --signs")
    stem.parent.mkdir(parents=True, exist_ok=True)
    whole = [_write(picture, f"{stem}-{place}") for place, picture in enumerate(sample.images)]
    if kind != "signs" or len(whole) > 1:
        return whole, whole
    views = split_views(decode_picture(sample.images[0], name=sample.name), VIEWS)
    real = views[: sample.views or real_views(views)]
    return whole, [_write(view, f"{stem}-0-{place}") for place, view in enumerate(real)]


def _write(picture: Picture, stem: str) -> str:
    """A picture as a file: as it is where all tools know the format, else as PNG."""
    if isinstance(picture, bytes) and picture_format(picture) is None:
        picture = decode_picture(picture, name=stem)
    data = picture if isinstance(picture, bytes) else encode_picture(picture)
    place = Path(f"{stem}.{picture_format(data)}")
    place.write_bytes(data)
    return str(place)
