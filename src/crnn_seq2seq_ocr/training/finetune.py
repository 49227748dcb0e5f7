"""What a training begins with: its charset, and the weights of a model that it goes on from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from crnn_seq2seq_ocr.checkpoint.weights import load_model
from crnn_seq2seq_ocr.config import TextSettings
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import CharsetError, CheckpointError, DataError, RecipeError
from crnn_seq2seq_ocr.model.recognizer import CELL_OUTPUT, COLUMN_PLACES, ROW_PLACES, TOKEN_ROWS, Recognizer
from crnn_seq2seq_ocr.text import (
    SPECIAL_COUNT,
    UNASSIGNED,
    Tokenizer,
    charset_of,
    describe_character,
    named_charset,
)

TEXTS_LOOKED_AT = 1000
"""In so many texts of the training data characters that a model lacks are counted."""


@dataclass(frozen=True)
class PretrainedModel:
    """A model to go on from.

    Attributes:
        name: What it was called by.
        recognizer: Its network.
        charset: Its characters.
    """

    name: str
    recognizer: Recognizer
    charset: str

    @classmethod
    def load(cls, path: Path) -> "PretrainedModel":
        """Load the model that a path or a released name means.

        Raises:
            CheckpointError: There is none, it is damaged, or of another version.
        """
        recognizer, description = load_model(path)
        return cls(str(path), recognizer, description.charset)

    def load_into(self, recognizer: Recognizer, tokenizer: Tokenizer) -> str:
        """Put the weights into a fresh network; the rows of characters that only this has stay as they are.

        Returns:
            What became of the characters, in a line for the log.

        Raises:
            CheckpointError: The networks differ in more than their characters, rows and columns.
        """
        known, wanted = _ids(self.charset), _ids(tokenizer.charset)
        shared = sorted(known.keys() & wanted.keys(), key=str)
        old, new = [known[key] for key in shared], [wanted[key] for key in shared]
        state, fresh = self.recognizer.state_dict(), recognizer.state_dict()
        # The second output only helps training: one that is new begins fresh, one that is not wanted is left.
        state = {name: tensor for name, tensor in state.items() if name in fresh or name not in CELL_OUTPUT}
        state |= {name: fresh[name] for name in CELL_OUTPUT & fresh.keys() - state.keys()}
        try:
            state = _fitted(state, fresh)
            for name in TOKEN_ROWS & state.keys() & fresh.keys():
                rows = fresh[name].clone()
                rows[new] = state[name][old]
                state[name] = rows
            recognizer.load_state_dict(state)
        except (RuntimeError, IndexError) as error:
            raise CheckpointError(
                f"{self.name} has other sizes than the recipe: take its preprocessing and model settings. {error}"
            ) from None
        return self._told(tokenizer.charset)

    def _told(self, charset: str) -> str:
        new = "".join(character for character in charset if character not in self.charset)
        lost = "".join(character for character in self.charset if character not in charset)
        parts = [f"{len(charset.replace(UNASSIGNED, ''))} characters"]
        parts += [f"{len(new)} of them new: {new}"] if new else []
        parts += [f"{len(lost)} left out: {lost}"] if lost else []
        return f"from the weights of {self.name}: {', '.join(parts)}"


def _fitted(state: dict[str, Tensor], fresh: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of an encoder that pools otherwise: its layers renumbered, its rows and columns as many as are wanted.

    A pooling more or less moves the numbers of the layers behind it, which are told by their order; the place of a new
    row is that of the old row nearest to it, new columns on the right stay fresh.
    """
    old_layers, new_layers = _layers(state), _layers(fresh)
    names = dict(zip(old_layers, new_layers, strict=True)) if len(old_layers) == len(new_layers) else {}
    renumbered = {}
    for name, tensor in state.items():
        layer, _, rest = name.rpartition(".")
        renumbered[f"{names.get(layer, layer)}.{rest}"] = tensor
    if ROW_PLACES in renumbered and ROW_PLACES in fresh:
        old, wanted = len(renumbered[ROW_PLACES]), len(fresh[ROW_PLACES])
        renumbered[ROW_PLACES] = renumbered[ROW_PLACES][[row * old // wanted for row in range(wanted)]]
    if COLUMN_PLACES in renumbered and COLUMN_PLACES in fresh:
        columns = fresh[COLUMN_PLACES].clone()
        shared = min(len(columns), len(renumbered[COLUMN_PLACES]))
        columns[:shared] = renumbered[COLUMN_PLACES][:shared]
        renumbered[COLUMN_PLACES] = columns
    return renumbered


def _layers(state: dict[str, Tensor]) -> list[str]:
    """Return the convolutions and norms of an encoder that have weights, in order."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in state if name.startswith("encoder.convolutions.")))


def _ids(charset: str) -> dict[str | int, int]:
    """Return the id of each character, and those of special and unassigned ids under themselves."""
    ids: dict[str | int, int] = {number: number for number in range(SPECIAL_COUNT)}
    for number, character in enumerate(charset, SPECIAL_COUNT):
        ids[number if character == UNASSIGNED else character] = number
    return ids


def resolve_charset(settings: TextSettings, source: Source, initial: PretrainedModel | None = None) -> str:
    """Return the charset that the settings mean, filled with unassigned ids up to ``classes``.

    Args:
        settings: Which characters.
        source: The training data.
        initial: The model to go on from, whose characters count by ``charset_policy``.

    Raises:
        RecipeError: It has more characters than classes allow.
        CharsetError: The model lacks some, and the policy is ``fail``; or there is no charset of that name.
    """
    charset = _wanted(settings, source)
    if initial is not None and settings.charset_policy != "new":
        missing = "".join(character for character in charset if character not in initial.charset)
        if missing and settings.charset_policy == "fail":
            raise CharsetError(_lacking(initial.name, missing, source))
        charset = initial.charset.rstrip(UNASSIGNED) + missing
    if settings.classes is None:
        return charset
    unassigned = settings.classes - SPECIAL_COUNT - len(charset)
    if unassigned < 0:
        raise RecipeError(f"text.classes is {settings.classes}, the charset needs {SPECIAL_COUNT + len(charset)}")
    return charset + UNASSIGNED * unassigned


def _wanted(settings: TextSettings, source: Source) -> str:
    if settings.charset == "auto":
        return charset_of(source.text(index) for index in range(len(source)))
    return named_charset(settings.charset)


def _lacking(name: str, missing: str, source: Source, *, most: int = 10) -> str:
    """Return the message: which characters, how often and where they are first seen, and what can be done."""
    looked_at = range(min(len(source), TEXTS_LOOKED_AT))
    texts = [source.text(index) for index in looked_at]
    lines = [f"  {describe_character(character)}: {_seen(character, texts, source)}" for character in missing[:most]]
    if len(missing) > most:
        lines.append(f"  and {len(missing) - most} more: {missing[most:]}")
    return (
        f"{name} lacks {len(missing)} characters of this training (text.charset)\n" + "\n".join(lines) + "\n"
        "text.charset_policy=union adds them to the model's, text.charset_policy=new takes exactly the training's; "
        "or name a text.charset without them, then texts that hold them are dropped"
    )


def _seen(character: str, texts: Iterable[str], source: Source) -> str:
    found = [index for index, text in enumerate(texts) if character in text]
    return f"in {len(found)} texts, first of {_name(source, found[0])}" if found else "in no text looked at"


def _name(source: Source, index: int) -> str:
    try:
        return source[index].name
    except DataError:
        return f"sample {index}"
