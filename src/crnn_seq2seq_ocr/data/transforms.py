"""From samples to the network's pixels: decode, split into views, resize; one path for every purpose."""

from collections.abc import Iterator

import cv2
import numpy as np

from crnn_seq2seq_ocr.config import Augmentation, Preprocessing
from crnn_seq2seq_ocr.data.augment import augment_view
from crnn_seq2seq_ocr.data.pictures import decode_picture, resize
from crnn_seq2seq_ocr.data.rules import check_pictures
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.data.views import real_views, split_views
from crnn_seq2seq_ocr.errors import DataError

Prepared = tuple[np.ndarray, np.ndarray]
"""A sample as the network takes it: views RGB uint8 (V, H, W, 3), which of them are real, bool (V,)."""


def resize_view(view: np.ndarray, preprocessing: Preprocessing, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """One view, RGB uint8 of any size, at the network's size (height, width, 3), stretched or padded."""
    inner = _inner_size(view, preprocessing)
    return fill(resize(view, inner, interpolation), _outer_size(inner, preprocessing))


def coverage(view: np.ndarray, preprocessing: Preprocessing) -> tuple[float, float]:
    """Which share of the network's height and width a view (H, W, ...) takes up; the rest is filling."""
    inner = _inner_size(view, preprocessing)
    outer = _outer_size(inner, preprocessing)
    return inner[0] / outer[0], inner[1] / outer[1]


def prepare(
    sample: Sample,
    preprocessing: Preprocessing,
    *,
    augmentation: Augmentation | None = None,
    rng: np.random.Generator | None = None,
) -> Prepared:
    """Prepare the network's input of a sample.

    Without augmentation a strip of views is resized as a whole and then split, which is what the
    original's validation does, to the last bit.

    Args:
        sample: One picture (a strip of views, or a single view) or one picture a view.
        preprocessing: Number and size of the views.
        augmentation: Changes for training; needs ``rng``.
        rng: All that is drawn comes from here.

    Returns:
        Pixels, RGB uint8 (V, H, W, 3), and which views are real, bool (V,). Views that are filled with
        noise keep their pixels; views that do not exist are black. Where resize is ``fit``, W is the
        picture's own.

    Raises:
        PictureError: A picture cannot be read.
        DataError: The sample has no picture, or more than there are views.
    """
    assert augmentation is None or rng is not None, "augmentation draws from rng"
    count, height, width = preprocessing.views, preprocessing.height, preprocessing.width
    pictures = [decode_picture(picture, name=sample.name) for picture in sample.images]
    check_pictures(len(pictures), count, name=sample.name)
    views = split_views(pictures[0], count) if len(pictures) == 1 else pictures
    real = _real(sample, views)
    if augmentation is not None and rng is not None and augmentation.views is not None and augmentation.views < real:
        views = [views[place] for place in sorted(rng.choice(real, augmentation.views, replace=False))]
        real = len(views)
    if preprocessing.resize == "fit":
        return _placed(views[0], preprocessing, augmentation, rng)[None], np.ones(1, bool)
    pixels = np.zeros((count, height, width, 3), np.uint8)
    if augmentation is None and len(pictures) == 1 and len(views) == count and preprocessing.resize == "stretch":
        whole = resize(pictures[0], (height, count * width))  # (H, V*W, 3)
        pixels[:] = whole.reshape(height, count, width, 3).transpose(1, 0, 2, 3)  # (V, H, W, 3)
    else:
        for place, view in enumerate(views):
            pixels[place] = _placed(view, preprocessing, augmentation, rng)
    return pixels, np.arange(count) < real


def readable(source: Source, preprocessing: Preprocessing) -> Iterator[tuple[Sample, Prepared]]:
    """Yield the readable samples of a source, in order, each with the network's input."""
    for index in range(len(source)):
        try:
            sample = source[index]
            prepared = prepare(sample, preprocessing)
        except DataError:
            continue
        yield sample, prepared


def _real(sample: Sample, views: list[np.ndarray]) -> int:
    """How many of the views are real, at least one."""
    if sample.views is not None:
        return max(1, min(sample.views, len(views)))
    # Pictures that were given one by one, and single ones, are never filling.
    return max(1, real_views(views)) if len(sample.images) == 1 and len(views) > 1 else len(views)


def _placed(
    view: np.ndarray,
    preprocessing: Preprocessing,
    augmentation: Augmentation | None,
    rng: np.random.Generator | None,
) -> np.ndarray:
    """One view, changed where augmentation asks for it, at the network's size."""
    if augmentation is None or rng is None:
        return resize_view(view, preprocessing)
    inner = _stretched(_inner_size(view, preprocessing), preprocessing, augmentation, rng)
    return fill(augment_view(view, inner, augmentation, rng), _outer_size(inner, preprocessing))


def _stretched(
    inner: tuple[int, int], preprocessing: Preprocessing, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[int, int]:
    """Change the width at random where it is the picture's own."""
    if not augmentation.stretch or preprocessing.resize != "fit":
        return inner
    factor = rng.uniform(1 - augmentation.stretch, 1 + augmentation.stretch)
    return inner[0], min(preprocessing.width, max(1, round(inner[1] * factor)))


def _inner_size(view: np.ndarray, preprocessing: Preprocessing) -> tuple[int, int]:
    """(height, width) that the view itself takes up of the network's size."""
    height, width = preprocessing.height, preprocessing.width
    if preprocessing.resize == "stretch":
        return height, width
    if preprocessing.resize == "fit":
        return height, min(width, max(1, round(view.shape[1] * height / view.shape[0])))
    scale = min(height / view.shape[0], width / view.shape[1])
    return (
        min(height, max(1, round(view.shape[0] * scale))),
        min(width, max(1, round(view.shape[1] * scale))),
    )


def _outer_size(inner: tuple[int, int], preprocessing: Preprocessing) -> tuple[int, int]:
    """(height, width) of the network's input for a view that takes up `inner` of it."""
    if preprocessing.resize != "fit":
        return preprocessing.height, preprocessing.width
    step = preprocessing.width_step
    return preprocessing.height, -(-inner[1] // step) * step


def fill(view: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fill the view's missing right columns or bottom rows (H, W, 3) with the colour of the edge beside them.

    The colour is the median of that edge: repeating the edge itself would draw stripes.
    """
    height, width = view.shape[:2]
    if (height, width) == size:
        return view
    filled = np.empty((*size, 3), np.uint8)
    filled[:, width:] = np.median(view[:, -1], axis=0)
    filled[height:] = np.median(view[-1], axis=0)
    filled[:height, :width] = view
    return filled
