"""French Street Name Signs: its TFRecords as a source, its record layout to write.

Source of the layout: tensorflow/models, research/attention_ocr, ``datasets/fsns.py``.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crnn_seq2seq_ocr.data.formats.example import Values, parse_example, serialize_example
from crnn_seq2seq_ocr.data.formats.format import Format, Options
from crnn_seq2seq_ocr.data.formats.tfrecord import OnTruncated, TFRecords, is_tfrecord
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import CharsetError, DataError, RecordError
from crnn_seq2seq_ocr.text import FSNS_CHARSET, describe_character, normalize, plain

VIEWS = 4
"""Views of a sign in one picture, the missing ones filled with noise."""

MAX_LENGTH = 37
"""Ids of ``image/class``: no text of the set is longer."""

SHARD = re.compile(r"(?P<prefix>.*)-\d+-of-(?P<count>\d+)|.*\.(tfrecords?|tfrec)")
"""Names of files of records: ``train-00000-of-00512``, ``signs.tfrecord``."""

_TEXT_KEYS = ("image/text", "image/unpadded_class", "image/class")
_KEYS = (*_TEXT_KEYS, "image/encoded", "image/width", "image/orig_width")


class FsnsRecords:
    """TFRecord shards in the layout of FSNS as a source.

    Any TFRecords with ``image/encoded`` and ``image/text`` will do, whatever the size of their
    pictures. The text is ``image/text``, or the characters of ``image/unpadded_class`` or
    ``image/class`` where it is absent; in NFC and with plain apostrophes, double quotes and hyphens
    (`text.plain`), because the set's own ids do not tell the typographic ones apart. The number of
    real views follows from ``image/orig_width``.

    Args:
        paths: A shard, several, or a folder of them.
        on_truncated: ``keep`` reads the whole records of shards that break off; see `faults`.

    Raises:
        DataError: There are no shards or no records, or a folder holds several sets.
        RecordError: A shard is truncated or damaged and ``on_truncated`` is ``error``.
    """

    def __init__(self, paths: str | Path | Sequence[str | Path], *, on_truncated: OnTruncated = "error") -> None:
        places = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
        shards = [shard for place in places for shard in (find_shards(place) if place.is_dir() else [place])]
        self._where = str(places[0]) if len(places) == 1 else f"{places[0]} and {len(places) - 1} more"
        self._records = TFRecords(shards, on_truncated=on_truncated)

    @property
    def description(self) -> str:
        """One line for people: what it is, where, how many."""
        shards = len(self._records.paths)
        named = SHARD.fullmatch(self._records.paths[0].name)
        of = f" of {int(named['count'])}" if named and named["count"] else ""
        return f"TFRecords {self._where}: {len(self):,} samples in {shards}{of} shard{'s' if shards > 1 else ''}"

    @property
    def faults(self) -> list[str]:
        """What is wrong with shards that were kept though truncated, one line each."""
        return self._records.faults

    @property
    def shard_ends(self) -> np.ndarray:
        """(S,) where each shard ends among all samples."""
        return self._records.ends

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Sample:
        """Return a sample, its record's checksum verified.

        Raises:
            RecordError: The record is damaged or lacks its picture or text.
        """
        name = self._records.name(index)
        features = _parse(self._records[index], _KEYS, name)
        encoded = features.get("image/encoded")
        if not encoded or not isinstance(encoded[0], bytes):
            raise RecordError(f"{name}: the record has no picture (image/encoded)")
        return Sample(name, (encoded[0],), _text(features, name), _real_views(features))

    def text(self, index: int) -> str:
        """Return the text of a sample; the checksum is not verified, and the picture not even read."""
        name = self._records.name(index)
        return _text(_parse(self._records.view(index), _TEXT_KEYS, name), name)


def _open(paths: list[Path], options: Options) -> FsnsRecords:
    truncated = options.get("truncated", "error")
    if truncated not in ("error", "keep"):
        raise DataError(f"{paths[0]}: truncated must be 'error' or 'keep', not {truncated!r}")
    return FsnsRecords(paths, on_truncated=truncated)  # type: ignore[arg-type]


FORMAT = Format(
    name="TFRecord shards",
    accepted="a folder or file of TFRecord shards (NAME-00000-of-00001, NAME.tfrecord)",
    marks=lambda name: SHARD.fullmatch(name) is not None,
    reads=lambda path: SHARD.fullmatch(path.name) is not None or is_tfrecord(path),
    open=_open,
    options=("truncated",),
    shard="a TFRecord shard",
)


def find_shards(folder: Path) -> list[Path]:
    """Find the shards of records in a folder, in order of their names.

    Raises:
        DataError: There are none, or of several sets, which are not to be mixed unawares.
    """
    named = {path: SHARD.fullmatch(path.name) for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
    shards = {path: found for path, found in named.items() if found}
    if not shards:
        raise DataError(f"{folder} holds no TFRecord shards (NAME-00000-of-00001 or NAME.tfrecord)")
    sets = {f"{found['prefix']}-*-of-{found['count']}" for found in shards.values() if found["prefix"]}
    if len(sets) > 1:
        raise DataError(
            f"{folder} holds shards of several sets ({', '.join(sorted(sets))}): "
            f"choose one, as in '{folder}/{min(sets)}'"
        )
    return list(shards)


def _parse(data: bytes | memoryview, keys: Sequence[str], name: str) -> dict[str, Values]:
    try:
        return parse_example(data, keys)
    except ValueError as error:
        raise RecordError(f"{name}: the record is not a tf.train.Example: {error}") from None


def _text(features: dict[str, Values], name: str) -> str:
    encoded = features.get("image/text")
    if encoded and isinstance(encoded[0], bytes):
        try:
            return plain(normalize(encoded[0].decode()))
        except UnicodeDecodeError as error:
            raise RecordError(f"{name}: image/text is not UTF-8 (byte {error.start})") from None
    ids = features.get("image/unpadded_class") or features.get("image/class")
    if not ids:
        raise RecordError(f"{name}: the record has no text (image/text, image/unpadded_class or image/class)")
    null = len(FSNS_CHARSET)
    if not all(isinstance(number, int) and 0 <= number <= null for number in ids):
        raise RecordError(f"{name}: image/class holds ids other than 0 to {null}, and there is no image/text")
    return "".join(FSNS_CHARSET[number] for number in ids if number != null)  # type: ignore[index]


def _real_views(features: dict[str, Values]) -> int | None:
    """Real views by the share of the width that is original; None where the record does not say."""
    width, original = (_number(features, f"image/{name}") for name in ("width", "orig_width"))
    if not width or original is None:
        return None
    return min(max(round(VIEWS * original / width), 1), VIEWS)


def _number(features: dict[str, Values], key: str) -> int | None:
    values = features.get(key)
    return values[0] if values and isinstance(values[0], int) else None


def encode_example(
    image: bytes, text: str, *, width: int, orig_width: int, height: int,
    charset: str = FSNS_CHARSET, max_length: int = MAX_LENGTH, null_id: int | None = None,
) -> bytes:  # fmt: skip
    """Make a record in the layout of FSNS, with all its keys.

    Args:
        image: The encoded picture.
        text: What is to be read.
        width: Of the picture, pixels.
        orig_width: Of the part of it that is real, pixels.
        height: Of the picture, pixels.
        charset: Characters in the order of their ids, from 0.
        max_length: Length of ``image/class``.
        null_id: Fills ``image/class``; the first id after the charset where not given (133 for FSNS).

    Raises:
        CharsetError: The charset lacks a character of the text.
        DataError: The text is empty or longer than ``max_length``.
    """
    text = normalize(text)
    if not 0 < len(text) <= max_length:
        raise DataError(f"the text {text!r} has {len(text)} characters: there must be 1 to {max_length}")
    ids = [_id(character, charset) for character in text]
    null = len(charset) if null_id is None else null_id
    return serialize_example(
        {
            "image/encoded": [image],
            "image/format": [b"jpeg" if image.startswith(b"\xff\xd8") else b"png"],
            "image/width": [width],
            "image/orig_width": [orig_width],
            "image/height": [height],
            "image/class": ids + [null] * (max_length - len(ids)),
            "image/unpadded_class": ids,
            "image/text": [text.encode()],
        }
    )


def _id(character: str, charset: str) -> int:
    for candidate in (character, plain(character)):
        if candidate in charset:
            return charset.index(candidate)
    raise CharsetError(f"the charset has no {describe_character(character)}")
