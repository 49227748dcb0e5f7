"""What may be read: pictures in many forms, opened as samples, and the files that paths, folders and globs mean."""

import glob
import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import DataError, PictureError, StorageError
from crnn_seq2seq_ocr.system.addresses import is_remote
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.system.objects import read_object
from crnn_seq2seq_ocr.system.stores import fetch

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}

Readable = str | Path | bytes | np.ndarray | Image.Image
"""A file or its address in an object store, an encoded picture, RGB pixels uint8 (H, W, 3), or a Pillow image."""


def name_of(image: Readable | Sequence[Readable], number: int) -> str:
    """Name a sample as messages do: by its path, the paths of its views, or its number."""
    paths = [str(part) for part in _parts(image) if isinstance(part, str | Path)]
    return " + ".join(paths) or f"picture {number}"


def open_sample(image: Readable | Sequence[Readable], name: str) -> Sample:
    """Something readable, or a sequence of views, as a sample without a text; nothing is decoded but Pillow images.

    Raises:
        PictureError: It cannot be opened, or is nothing of the kind.
    """
    return Sample(name, tuple(_picture(part, name) for part in _parts(image)), "")


def _parts(image: Readable | Sequence[Readable]) -> Sequence[Any]:
    return image if isinstance(image, list | tuple) else [image]


def _picture(image: Readable, name: str) -> bytes | np.ndarray:
    if isinstance(image, str) and is_remote(image):
        try:
            return read_object(image, keep=False)
        except StorageError as error:
            raise PictureError(str(error)) from None
    if isinstance(image, str | Path):
        try:
            return read_ordinary(Path(image))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PictureError(f"{image} cannot be opened ({reason}): check the path") from None
    if isinstance(image, bytes | np.ndarray):
        return image
    if isinstance(image, Image.Image):
        return _pixels(image, name)
    raise PictureError(f"{name} is {type(image).__name__}: give a path, bytes, RGB pixels or a Pillow image")


def _pixels(image: Image.Image, name: str) -> np.ndarray:
    """Return a Pillow image as its file would be read: upright, 8 bits a channel, RGBA if transparent."""
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):
            return (np.asarray(image) // 256).clip(0, 255).astype(np.uint8)
        return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    except Exception as error:  # an opened file is decoded here: whatever that raises
        raise PictureError(f"{name}: the Pillow image cannot be used ({error}): open it anew") from None


def find_pictures(patterns: Sequence[str], suffixes: Collection[str] = PICTURE_SUFFIXES) -> list[str]:
    """Find the picture files of paths, folders and globs, in a stable order; a missing file stays in the list.

    Args:
        patterns: Paths, folders and globs.
        suffixes: Of the files that a folder means.

    Raises:
        DataError: A folder or a glob has no pictures.
    """
    return list(itertools.chain.from_iterable(_pictures_of(pattern, suffixes) for pattern in patterns))


def _pictures_of(pattern: str, suffixes: Collection[str]) -> list[str]:
    if is_remote(pattern):
        pattern = str(fetch(pattern))
    path = Path(pattern)
    if os.path.isdir(pattern):  # that of Path raises for names that no file can have
        inside = [str(each) for each in sorted(path.rglob("*")) if each.suffix.lower() in suffixes]
        if not inside:
            raise DataError(f"{path} holds no pictures ({', '.join(sorted(suffixes))})")
        return inside
    if glob.has_magic(pattern) and not os.path.exists(pattern):
        matches = sorted(each for each in glob.glob(pattern, recursive=True) if not Path(each).is_dir())
        if not matches:
            raise DataError(f"no file matches {pattern}")
        return matches
    return [pattern]
