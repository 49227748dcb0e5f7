"""A trained reader: weights, settings, charset and preprocessing, loaded from one place, read by one method."""

import glob
import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crnn_seq2seq_ocr.checkpoint import Description, load_model
from crnn_seq2seq_ocr.data.batches import normalise
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.transforms import prepare
from crnn_seq2seq_ocr.errors import DataError, DeviceError, PictureError
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.search import Found, search
from crnn_seq2seq_ocr.text import EOS_ID, Tokenizer

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}

Readable = str | Path | bytes | np.ndarray | Any
"""A file, an encoded picture, RGB pixels uint8 (H, W, 3), or a Pillow image."""


@dataclass(frozen=True)
class Character:
    """One character read.

    Attributes:
        text: The character.
        confidence: The model's probability of it, given those before.
        view: Which view the decoder looked at most, from 0; None where the model mixes views.
        x: Where in the view it looked, 0 left to 1 right (centre of mass of the attention).
        y: The same, 0 top to 1 bottom; 0.5 where the model's memory has no rows.
    """

    text: str
    confidence: float
    view: int | None
    x: float
    y: float


@dataclass(frozen=True)
class Reading:
    """What was read of one text.

    Attributes:
        name: The file or sample.
        text: The text; empty if it could not be read.
        confidence: The model's probability of exactly this text: the product over its characters and its end.
        characters: One by one.
        complete: False where the text was cut at the model's longest.
        attention: float32 (characters, views, rows, columns), where the decoder looked; None with an error.
        views: uint8 (V, H, W, 3), what the model saw; None with an error.
        error: Why the pictures could not be read; None if they could.
        reason: The kind of the error, the name of its class.
    """

    name: str
    text: str
    confidence: float
    characters: tuple[Character, ...]
    complete: bool = True
    attention: np.ndarray | None = None
    views: np.ndarray | None = None
    error: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures, for JSON."""
        content: dict[str, Any] = {"name": self.name}
        if self.error is not None:
            return content | {"error": self.error}
        characters = [
            {"text": each.text, "confidence": each.confidence, "view": each.view, "x": each.x, "y": each.y}
            for each in self.characters
        ]
        return content | {
            "text": self.text,
            "confidence": self.confidence,
            "complete": self.complete,
            "characters": characters,
        }


class Reader:
    """Reads pictures of text with a trained model.

    Example:
        >>> reader = Reader.load("runs/tiny")  # doctest: +SKIP
        >>> reader.read(["sign.png"])[0].text  # doctest: +SKIP
        'Avenue du Général Leclerc'
    """

    def __init__(self, recognizer: Recognizer, description: Description) -> None:
        self.recognizer = recognizer
        self.description = description
        self.tokenizer = Tokenizer(description.charset)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "auto") -> "Reader":
        """The reader of a model folder, or of a training run (its best checkpoint).

        Args:
            path: The folder.
            device: As PyTorch names it; ``auto`` takes an accelerator if there is one.

        Raises:
            CheckpointError: There is none, it is damaged, or of another version.
        """
        recognizer, description = load_model(Path(path))
        return cls(recognizer.to(_device(device)).eval(), description)

    def read(
        self,
        images: Sequence[Readable | Sequence[Readable]],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Lexicon | None = None,
    ) -> list[Reading]:
        """Readings of pictures, in order; several pictures in a sequence are views of one text.

        A picture that cannot be read gives a reading with an `error`; the rest go on.
        """
        samples = (as_sample(image, number) for number, image in enumerate(images))
        return list(self.stream(samples, batch_size=batch_size, beam=beam, lexicon=lexicon))

    def stream(
        self,
        samples: Iterable[Sample | Reading],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Lexicon | None = None,
    ) -> Iterator[Reading]:
        """Readings of samples in order, in bounded memory; pictures are prepared while the model reads.

        A reading in the place of a sample (one with an error) is handed on as it is.
        """
        with ThreadPoolExecutor(max_workers=2) as pool:
            waiting = (pool.map(self._prepare, batch) for batch in _batched(samples, batch_size))
            ahead = next(waiting, None)
            while ahead is not None:
                now, ahead = list(ahead), next(waiting, None)
                yield from self._read_batch(now, beam=beam, lexicon=lexicon)

    def _prepare(self, sample: Sample | Reading) -> "Reading | _Prepared":
        if isinstance(sample, Reading):
            return sample
        try:
            views, view_mask = prepare(sample, self.description.preprocessing)
        except DataError as error:
            return failed(sample.name, error)
        return _Prepared(sample.name, views, view_mask)

    def _read_batch(
        self, prepared: "list[Reading | _Prepared]", *, beam: int, lexicon: Lexicon | None
    ) -> Iterator[Reading]:
        good = [each for each in prepared if isinstance(each, _Prepared)]
        readings = iter(self._recognise(good, beam=beam, lexicon=lexicon) if good else [])
        for each in prepared:
            yield each if isinstance(each, Reading) else next(readings)

    @torch.inference_mode()
    def _recognise(self, prepared: "list[_Prepared]", *, beam: int, lexicon: Lexicon | None) -> list[Reading]:
        device = next(self.recognizer.parameters()).device
        view_mask = np.stack([each.view_mask for each in prepared])  # (N, V)
        views = view_mask.shape[1]
        if self.description.model.encoder.views == "memory":
            views = int(np.flatnonzero(view_mask.any(0)).max()) + 1
        images = np.stack([each.views[:views] for each in prepared])  # (N, V, H, W, 3)
        pixels = normalise(torch.from_numpy(images).to(device).permute(0, 1, 4, 2, 3))
        memory = self.recognizer.encode(pixels, torch.from_numpy(view_mask[:, :views].copy()).to(device))
        found = search(
            self.recognizer, memory, max_length=self.description.max_length, beam=beam, lexicon=lexicon
        )
        return [
            self._reading(each, found, row, memory.grid) for row, each in enumerate(prepared)
        ]

    def _reading(self, prepared: "_Prepared", found: Found, row: int, grid: tuple[int, int, int]) -> Reading:
        length = int(found.lengths[row])
        ids = found.tokens[row, :length].tolist()
        log_probs = found.log_probs[row, :length].double().cpu().numpy()
        complete = ids[-1:] == [EOS_ID]
        attention = found.attention[row, :length].float().cpu().numpy().reshape(length, *grid)
        if complete:
            ids, attention = ids[:-1], attention[:-1]
        characters = tuple(
            self._character(number, float(np.exp(log_probs[place])), attention[place])
            for place, number in enumerate(ids)
        )
        return Reading(
            name=prepared.name,
            text="".join(each.text for each in characters),
            confidence=float(np.exp(log_probs.sum())),
            characters=characters,
            complete=complete,
            attention=attention,
            views=prepared.views,
        )

    def _character(self, number: int, confidence: float, attention: np.ndarray) -> Character:
        """attention: (views, rows, columns)."""
        mixed = self.description.model.encoder.views == "channels"
        view = int(attention.sum((1, 2)).argmax())
        weights = attention[view] / max(float(attention[view].sum()), 1e-12)
        rows, columns = weights.shape
        x = float(weights.sum(0) @ (np.arange(columns) + 0.5) / columns)
        y = float(weights.sum(1) @ (np.arange(rows) + 0.5) / rows)
        return Character(self.tokenizer.character(number), confidence, None if mixed else view, x, y)


@dataclass(frozen=True)
class _Prepared:
    """views uint8 (V, H, W, 3), view_mask bool (V,)."""

    name: str
    views: np.ndarray
    view_mask: np.ndarray


def _device(name: str) -> torch.device:
    if name != "auto":
        try:
            return torch.zeros((), device=name).device
        except (RuntimeError, AssertionError) as error:
            raise DeviceError(f"the device {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")  # type: ignore[return-value]


def failed(name: str, error: Exception) -> Reading:
    """The reading of something that cannot be read."""
    return Reading(name=name, text="", confidence=0.0, characters=(), error=str(error), reason=type(error).__name__)


def as_sample(image: Readable | Sequence[Readable], number: int) -> Sample | Reading:
    """Something readable, or a sequence of views, as a sample; a reading with an error if it cannot be opened."""
    several = isinstance(image, list | tuple)
    parts: Sequence[Readable] = image if several else [image]
    paths = [str(part) for part in parts if isinstance(part, str | Path)]
    name = " + ".join(paths) or f"picture {number}"
    try:
        return Sample(name, tuple(_picture(part, name) for part in parts), "")
    except DataError as error:
        return failed(name, error)


def _picture(image: Readable, name: str) -> bytes | np.ndarray:
    if isinstance(image, str | Path):
        try:
            return Path(image).read_bytes()
        except OSError as error:
            raise PictureError(f"{image} cannot be opened: {error.strerror}") from None
    if isinstance(image, bytes | np.ndarray):
        return image
    if hasattr(image, "convert"):
        return np.asarray(image.convert("RGB"))
    raise PictureError(f"{name} is {type(image).__name__}: give a path, bytes, RGB pixels or a Pillow image")


def find_pictures(patterns: Sequence[str]) -> list[str]:
    """The picture files that paths, folders and globs mean, in a stable order; a missing file stays in the list.

    Raises:
        DataError: A folder or a glob has no pictures.
    """
    return list(itertools.chain.from_iterable(_pictures_of(pattern) for pattern in patterns))


def _pictures_of(pattern: str) -> list[str]:
    path = Path(pattern)
    if path.is_dir():
        inside = [str(each) for each in sorted(path.rglob("*")) if each.suffix.lower() in PICTURE_SUFFIXES]
        if not inside:
            raise DataError(f"{path} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))})")
        return inside
    if glob.has_magic(pattern) and not path.exists():
        matches = sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise DataError(f"no file matches {pattern}")
        return matches
    return [pattern]


def _batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of `size` items; itertools.batched is not in Python 3.11."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
