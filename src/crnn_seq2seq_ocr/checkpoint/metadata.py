"""What a model says of itself: how it reads, which characters, what it is good for. No PyTorch."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ValidationError

from crnn_seq2seq_ocr.config import ModelSettings, Preprocessing
from crnn_seq2seq_ocr.errors import CharsetError, CheckpointError
from crnn_seq2seq_ocr.text import Tokenizer

FORMAT = 1
"""Changes when what is written cannot be read by an earlier version."""

LONGEST = 100_000
"""More characters than any text has: a number beyond is damage."""


@dataclass(frozen=True)
class Result:
    """What a model that is handed out read of some data.

    Attributes:
        data: What `data.sources.open_source` opens.
        samples: How many were read.
        sequence_accuracy: Share of whole texts right by the profile ``strict``.
        folded_accuracy: The same by the profile ``folded``.
        cer: Character error rate by the profile ``strict``.
        calibration_error: How far the confidence is from the share right, see `metrics.expected_calibration_error`.
    """

    data: str
    samples: int
    sequence_accuracy: float
    folded_accuracy: float
    cer: float
    calibration_error: float


@dataclass(frozen=True)
class Description:
    """All that is needed to use the weights; `about` and `results` tell people what a released model is good for."""

    charset: str
    max_length: int
    preprocessing: Preprocessing
    model: ModelSettings
    name: str = "unnamed"
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    about: str = ""
    results: tuple[Result, ...] = ()
    allow: str | None = None
    pattern: str | None = None
    """What it reads where nothing else is said, see `Reader.constraint`."""

    @classmethod
    def from_dict(cls, content: Any, where: str) -> "Description":
        """Make the metadata again of what `to_dict` gave, from a file.

        Args:
            content: The dictionary.
            where: The file, for messages.

        Raises:
            CheckpointError: It is damaged, or of another version.
        """
        version = content.get("format") if isinstance(content, dict) else None
        if version != FORMAT:
            raise CheckpointError(
                f"{where} has format {version}, this version of crnn-seq2seq-ocr reads format {FORMAT}: "
                "use the version that wrote it, or train again"
            )
        try:
            if not isinstance(content["name"], str) or type(content["step"]) is not int:
                raise TypeError("the name is no text, or the step no number")
            if type(content["max_length"]) is not int or not 1 <= content["max_length"] <= LONGEST:
                raise TypeError(f"max_length is no number from 1 to {LONGEST}")
            if not all(isinstance(content.get(name), str | None) for name in ("allow", "pattern")):
                raise TypeError("what it may read is no text")
            return cls(
                charset=Tokenizer(content["charset"]).charset,
                max_length=content["max_length"],
                preprocessing=Preprocessing.model_validate(content["preprocessing"]),
                model=ModelSettings.model_validate(content["model"]),
                name=content["name"],
                step=content["step"],
                metrics=content["metrics"],
                about=content.get("about", ""),
                results=tuple(Result(**each) for each in content.get("results", ())),
                allow=content.get("allow"),
                pattern=content.get("pattern"),
            )
        except (KeyError, TypeError, AttributeError, ValidationError, CharsetError) as error:
            raise CheckpointError(f"{where} is damaged or of another version: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """All of it, and the format's number, for JSON."""
        return {
            "format": FORMAT,
            **asdict(self),
            "preprocessing": self.preprocessing.model_dump(),
            "model": self.model.model_dump(),
        }
