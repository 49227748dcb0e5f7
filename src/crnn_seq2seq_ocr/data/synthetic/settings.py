"""Settings of the synthetic signs and words, and their form as options of a source's name."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, field_validator

from crnn_seq2seq_ocr.config import Settings
from crnn_seq2seq_ocr.config.explain import explain_options
from crnn_seq2seq_ocr.data.options import parse_options
from crnn_seq2seq_ocr.errors import DataError

Part = Literal["train", "validation", "test"]


class DrawnSettings(Settings):
    """What every drawn source has; the same settings, fonts and files always give the same pictures."""

    source: ClassVar[str]
    """The name of the source, for messages."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Fixes everything, together with the index."""
    count: Annotated[int, Field(ge=1)] = 1_000_000
    """Number of samples."""

    @classmethod
    def from_options(cls, options: str) -> Self:
        """Parse settings such as ``seed=1&count=1000&...`` (percent-encoding allowed, empty: all defaults).

        Raises:
            DataError: Unknown or wrong options: all are listed, unknown ones with the nearest known name.
        """
        chosen = parse_options(options, cls.source)
        try:
            return cls.model_validate(chosen)
        except ValidationError as error:
            raise DataError(f"options of {cls.source}: {explain_options(error, cls)}") from None


class SignSettings(DrawnSettings):
    """Which signs are drawn."""

    source = "synthetic:signs"

    names: Part = "train"
    """A name belongs to exactly one part by a hash of it: 90 % train, 5 % validation, 5 % test."""
    difficulty: Annotated[float, Field(ge=0, le=1)] = 1.0
    """0: large, frontal, sharp plates on a calm background; 1: as hard as the real ones; smooth in between."""
    views: Annotated[int, Field(ge=1, le=4)] = 4
    """Most real views of a sign; the others are noise."""
    max_length: Annotated[int, Field(ge=12)] = 37
    """Longer names are not drawn."""
    corpus: Path | None = None
    """A file of names instead of invented ones: one a line, optionally TAB weight, `.gz` allowed."""
    places: Path | None = None
    """A file of further places (one a line) for names such as `Rue de Lunel`."""
    fonts: Path | Literal["system"] | None = None
    """Further fonts: those of a folder, or of the system. By default the packaged ones alone, so that a seed
    gives the same pictures on every machine."""


class WordSettings(DrawnSettings):
    """Which words and lines are drawn."""

    source = "synthetic:words"

    part: Part = "train"
    """A text of more than three characters belongs to exactly one part by a hash of its letters and figures,
    whatever their case: 90 % train, 5 % validation, 5 % test."""
    difficulty: Annotated[float, Field(ge=0, le=1)] = 1.0
    """0: level, sharp words on a calm background; 1: as hard as words in photographs; smooth in between."""
    max_length: Annotated[int, Field(ge=4, le=200)] = 90
    """Longer texts are not drawn."""
    lines: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the samples that are lines of several words."""
    corpus: tuple[Path, ...] = ()
    """Files of words or lines, separated by commas: one a line, optionally TAB weight, `.gz` allowed. Seven words
    in ten come from them, the others stay invented."""
    fonts: Path | Literal["system"] | None = None
    """Further fonts: those of a folder, or of the system; each writes the texts that it has the characters for."""
    backgrounds: Path | None = None
    """A folder of photographs (JPEG or PNG) without text: some words are drawn on cuts of them."""

    @field_validator("corpus", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value
