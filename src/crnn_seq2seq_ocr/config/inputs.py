"""Settings of what comes in: texts, pictures and where they are."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crnn_seq2seq_ocr.config.base import Settings, Share, Size


class TextSettings(Settings):
    """Which texts can be read."""

    charset: str = "fsns"
    """``fsns`` (the data set's 133 characters), ``words`` (English and French), ``auto`` (those of the training
    texts) or the characters (``characters:word`` where they look like a name)."""
    charset_policy: Literal["fail", "union", "new"] = "fail"
    """Going on from a model (``--init``) that lacks some of these characters: ``fail`` names them, ``union`` adds them
    to the model's own, which it keeps in any case, ``new`` takes exactly these. What is known of a character is kept;
    a new one begins with fresh weights."""
    max_length: Size = 37
    """Most characters of a text; longer ones are dropped from training and counted."""
    allow: str | None = None
    """The only characters that the model reads, as within the brackets of a regular expression: ``0-9A-F``. It is
    trained as without; reading with another ``--allow`` or ``--pattern`` goes before."""
    pattern: str | None = None
    """A regular expression that every text matches which the model reads, such as ``[A-Z]{2}-\\d{3}``."""
    classes: int | None = None
    """Fill the charset with unassigned ids up to so many classes, special ids included (the original: 10000)."""


class Preprocessing(Settings):
    """From pictures to the network's input; the same in training, evaluation, reading and serving."""

    height: Size = 128
    """Height of one view in pixels."""
    width: Size = 128
    """Width of one view in pixels."""
    views: Annotated[int, Field(ge=1, le=16)] = 1
    """Most views of one text. More than 1: a strip (width at least 3/4 of views x height) is cut into so many."""
    resize: Literal["stretch", "pad", "fit"] = "stretch"
    """``stretch`` to the size; keep the aspect and ``pad`` to it with the colour of the right or lower edge; or
    ``fit`` the height and let the width follow: as wide as the aspect asks for, at most ``width``, then padded to
    a multiple of ``width_step``. For text of any length in one view."""
    width_step: Size = 32
    """For ``fit``: widths are multiples of so many pixels."""

    @model_validator(mode="after")
    def _fits(self) -> "Preprocessing":
        if self.resize == "fit" and (self.views > 1 or self.width % self.width_step):
            raise ValueError("resize 'fit' needs one view, and a width that is a multiple of width_step")
        return self


class Augmentation(Settings):
    """Changes to training pictures, each view on its own; its crops, colours and interpolations are the defaults."""

    views: Size | None = None
    """Keep at most so many views of a sample, drawn at random: cheaper, and the reader learns to do with few."""
    crop_area: Share = 0.8
    """Smallest share of the area that a crop keeps; 1 keeps all."""
    crop_aspect: tuple[float, float] = (0.8, 1.2)
    """Width over height of the crop, as a multiple of the view's own."""
    brightness: Share = 32 / 255
    """Factor drawn from 1 - b to 1 + b."""
    contrast: Share = 0.5
    """Factor drawn from 1 - c to 1 + c."""
    saturation: Share = 0.5
    """Factor drawn from 1 - s to 1 + s."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.2
    """Shift drawn from -h to h of the full circle."""
    interpolations: bool = True
    """Resize by one of linear, cubic, area and nearest; else always linear."""
    blur: Share = 0.0
    """Probability of a Gaussian or a motion blur."""
    noise: Share = 0.0
    """Probability of Gaussian noise."""
    jpeg: Share = 0.0
    """Probability of JPEG compression at quality 20 to 80."""
    coarse: Share = 0.0
    """Probability that a view is reduced to 0.35 to 0.9 of its size and enlarged again, as if taken from afar."""
    perspective: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Most that a corner moves, as a share of the view's shorter side."""
    stretch: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Width multiplied by a factor drawn from 1 - s to 1 + s; only where resize is ``fit``."""
    invert: Share = 0.0
    """Probability that light becomes dark and dark light."""


class DataSettings(Settings):
    """Where samples come from and how they are fed."""

    train: str
    """A path or a name that `data.sources.open_source` knows, such as ``synthetic:signs``."""
    validation: str | None = None
    """The same; evaluated as the training goes."""
    order: Literal["random", "shards"] = "random"
    """``shards`` reads tar files and TFRecords one after the other, in another order in each epoch, and
    shuffles 4,096 samples at a time: for data that is larger than the memory, or on a slow disk."""
    workers: Annotated[int, Field(ge=0)] = 2
    """Processes that prepare batches; 0 prepares them in the training process."""
    train_samples: Size | None = None
    """Train on the first so many samples only."""
