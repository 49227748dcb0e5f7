"""The settings of a tuning: those of the model, and what the number of samples asks for."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.config import Recipe, load_recipe, make_recipe
from crnn_seq2seq_ocr.data.sources import SYNTHETIC, open_source, with_option
from crnn_seq2seq_ocr.text import UNASSIGNED, Tokenizer

BATCH_SIZE = 16
OWN = 0.6
"""Share of the pictures seen that are the user's own; the others are of what the model was trained on."""

STEPS_AT_100, FEWEST_STEPS, MOST_STEPS = 600, 200, 20_000
"""Steps for a hundred samples; they grow with the root of the number. docs/comparison.md has what was measured."""
USUAL_LENGTH = 10
"""Characters of a text above which fewer steps are made: a longer text teaches more at once, and takes longer."""
STEPS_FROM_SCRATCH = 20_000

LEARNING_RATE, LEARNING_RATE_FROM_SCRATCH = 3e-4, 1e-3
HARM = {
    "crop_area": 1.0,
    "brightness": 0.3,
    "contrast": 0.7,
    "coarse": 0.3,
    "blur": 0.3,
    "noise": 0.3,
    "jpeg": 0.2,
    "perspective": 0.08,
    "stretch": 0.15,
    "invert": 0.2,
}
"""Over the augmentation of the model's recipe: few pictures are soon known by heart. Users' pictures are cut out
closely, so no crop: one of nine tenths of the area cuts more than a third of a digit off every third counter."""
LABEL_SMOOTHING = 0.02
WRONG = 0.2
"""Share of the tokens fed that are wrong: the decoder would soon know two hundred texts by their first characters."""

VALIDATIONS, PATIENCE = 10, 6
"""How often a tuning is measured, and after how many that are clearly worse than the best it stops."""
TOLERATED = 1.5
"""Held-out texts by which a later checkpoint may be worse: by one, of some forty, chance decides."""


@dataclass(frozen=True)
class Drawn:
    """What a model that comes with the package was trained on.

    Attributes:
        base: Name of its recipe.
        learn: To mix in. Lines and all: a reader that sees none of them for some hundred steps loses them.
        test: To measure what is left of what the model knew.
        validation: To set the confidence right with.
    """

    base: str
    learn: str
    test: str
    validation: str


DRAWN = {
    "words": Drawn(
        "words",
        "synthetic:words?seed=7",
        "synthetic:words?part=test&count=300&seed=3",
        "synthetic:words?part=validation&count=200&seed=4",
    ),
    "signs": Drawn(
        "fsns",
        "synthetic:signs?seed=7",
        "synthetic:signs?names=test&count=100&seed=3",
        "synthetic:signs?names=validation&count=50&seed=4",
    ),
}


def steps_for(samples: int, length: float) -> int:
    """Return the number of steps of a training that goes on from a model, by samples and characters of a text."""
    steps = STEPS_AT_100 * math.sqrt(samples / 100 * min(1.0, USUAL_LENGTH / max(1.0, length)))
    return int(min(max(steps, FEWEST_STEPS), MOST_STEPS))


def free_length(base: Description) -> bool:
    """Whether a model reads texts of any length: one that attends by position has learnt its longest."""
    return base.model.decoder.attention == "content"


def lacking(base: Description, characters: Iterable[str]) -> str:
    """Characters that a model cannot read yet, in order."""
    tokenizer = Tokenizer(base.charset)
    return "".join(sorted({new for character in characters for new in tokenizer.unknown(character)}))


def tuning_recipe(
    base: Description,
    *,
    name: str,
    learn: str,
    check: str,
    keep: str | None,
    samples: int,
    checked: int,
    characters: str,
    longest: int,
    length: float,
    from_scratch: bool,
    allow: str | None = None,
    pattern: str | None = None,
    settings: Sequence[str] = (),
) -> Recipe:
    """Return the recipe of a tuning.

    Args:
        base: What the model says of itself.
        name: What the new one is called.
        learn: Samples to learn from.
        check: Held-out samples.
        keep: What to mix in against forgetting; None mixes nothing.
        samples: How many `learn` has.
        checked: How many `check` has.
        characters: What the model lacks; added to its own, which all stay.
        longest: Most characters of a text.
        length: Characters of a text on average.
        from_scratch: The weights begin fresh.
        allow: The only characters that the model will read; None as the base.
        pattern: What every text matches that it will read; None as the base.
        settings: ``section.setting=value``, over all others.

    Raises:
        RecipeError: A setting is wrong.
    """
    if allow is None and pattern is None:
        allow, pattern = base.allow, base.pattern
    kind = DRAWN["words" if base.preprocessing.views == 1 else "signs"]
    raw = load_recipe(kind.base).model_dump(mode="json")
    steps = STEPS_FROM_SCRATCH if from_scratch else steps_for(samples, length)
    raw |= {
        "name": name,
        "text": {
            "charset": base.charset.rstrip(UNASSIGNED) + characters,
            "charset_policy": "union",
            "allow": allow,
            "pattern": pattern,
            "max_length": max(base.max_length, longest) if free_length(base) else base.max_length,
        },
        "preprocessing": base.preprocessing.model_dump(mode="json"),
        "model": base.model.model_dump(mode="json"),
        "data": {"train": _mixture(learn, keep, samples, steps), "validation": check, "workers": 1},
    }
    raw["augmentation"] = (raw["augmentation"] or {}) | HARM
    every = max(1, steps // VALIDATIONS)
    raw["training"] |= {
        "steps": steps,
        "batch_size": BATCH_SIZE,
        "accumulate": 1,
        "loss": raw["training"]["loss"] | {"label_smoothing": LABEL_SMOOTHING} | _cell_losses(base),
        "teacher_forcing": raw["training"]["teacher_forcing"]
        | ({} if from_scratch else {"start": 1.0, "end": 1.0, "wrong": WRONG}),
        "precision": "fp32",
        # Few pictures of one kind say little of the means of all pictures.
        "freeze_norm": not from_scratch,
        "log_every": max(1, every // 4),
        "evaluate_every": every,
        "save_every": every,
        "keep_last": 1,
        "patience": None if from_scratch else PATIENCE,
        "tolerance": min(0.5, TOLERATED / checked),
    }
    raw["training"]["optimizer"] |= {
        "learning_rate": LEARNING_RATE_FROM_SCRATCH if from_scratch else LEARNING_RATE,
        "warmup": min(500 if from_scratch else 20, steps // 4),
        "average": 0.999 if from_scratch else 0.99,
    }
    return make_recipe(raw, list(settings), name=name)


def _mixture(learn: str, keep: str | None, samples: int, steps: int) -> str:
    """All pictures of the training: the user's own repeated, beside the others, so that their share is `OWN`."""
    if keep is None:
        return learn
    if keep.startswith(SYNTHETIC) and "count=" not in keep:
        keep = f"{keep}&count={max(1, round((1 - OWN) * steps * BATCH_SIZE))}"
    times = max(1, round(OWN / (1 - OWN) * len(open_source(keep)) / samples))
    return f"{with_option(learn, f'repeat={times}') if times > 1 else learn} + {keep}"


def _cell_losses(base: Description) -> dict[str, float]:
    """Weights of the losses on the second output, for models that have one."""
    encoder, preprocessing = base.model.encoder, base.preprocessing
    one_row = encoder.cells(preprocessing)[0] == 1 and preprocessing.views == 1
    ctc = 0.3 if encoder.cell_output and one_row else 0.0
    return {"ctc": ctc, "counts": 0.1 if encoder.cell_output and not one_row else 0.0}
