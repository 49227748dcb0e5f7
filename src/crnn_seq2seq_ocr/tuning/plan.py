"""What a tuning would do: the data checked and split, and a recipe made from the model and the number of samples."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from crnn_seq2seq_ocr.checkpoint.folders import find_model, load_description
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.data.check import CheckReport, check_source, summary_lines
from crnn_seq2seq_ocr.data.sources import open_source, with_option
from crnn_seq2seq_ocr.errors import CheckpointError, DataError
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.system.files import write_whole
from crnn_seq2seq_ocr.text import UNASSIGNED, Tokenizer, normalize
from crnn_seq2seq_ocr.tuning.recipe import DRAWN, free_length, lacking, tuning_recipe
from crnn_seq2seq_ocr.tuning.split import Split, split

REQUEST = "tune.json"

MOST_LOST = 0.05
"""A larger share of samples that cannot be used stops a tuning."""

_TOLD = 20
"""Unusable samples that the message lists."""


@dataclass(frozen=True)
class Request:
    """What the user asked for; kept beside the run, so that it can be resumed by its folder alone.

    Attributes:
        model: The model to go on from, as for reading.
        data: The user's samples, as `data.sources.open_source` takes them.
        held_out: Samples to measure with; None holds out a part of `data`.
        keep: What the model was trained on, mixed in against forgetting; None draws words or signs, "" mixes nothing.
        from_scratch: Take the model's sizes and settings, not its weights.
        allow: The only characters that the model will read; None as the one it goes on from.
        pattern: What every text matches that it will read; None as the one it goes on from.
        drop_unusable: Go on without the samples that cannot be used, however many they are.
        settings: ``section.setting=value`` of the recipe, over those of the plan.
    """

    model: str
    data: str
    held_out: str | None = None
    keep: str | None = None
    from_scratch: bool = False
    drop_unusable: bool = False
    allow: str | None = None
    pattern: str | None = None
    settings: tuple[str, ...] = ()

    def save(self, folder: Path) -> None:
        """Write it into a folder.

        Raises:
            StorageError: It could not be written.
        """
        write_whole(folder / REQUEST, json.dumps(asdict(self), ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, folder: Path) -> "Request":
        """Load what `save` wrote.

        Raises:
            CheckpointError: There is nothing to resume in the folder, or the file is damaged.
        """
        try:
            content = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
            return cls(**{**content, "settings": tuple(content["settings"])})
        except (FileNotFoundError, NotADirectoryError):
            raise CheckpointError(f"{folder} holds no tuning to resume: start without --resume") from None
        except (ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"{folder / REQUEST} is damaged ({error}): start again in another folder") from None


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is trained.

    Attributes:
        request: What was asked for.
        base: What the model says of itself.
        split: Samples to learn from and to measure with.
        learnt: Number of usable samples to learn from.
        checked: Number of samples held out.
        known: A test set of what the model knew before; None where nothing is known of it.
        calibration: Other samples of that kind, to set the confidence right with; None as before.
        lost: What the check of the data found unusable, a line each.
        keep: What is mixed in against forgetting; None mixes nothing.
        longest: Most characters of a text to learn from.
        length: Its characters on average.
        characters: Those that the model lacks.
        name: What the new model is called.
    """

    request: Request
    base: Description
    split: Split
    learnt: int
    checked: int
    known: str | None
    calibration: str | None
    lost: tuple[str, ...]
    keep: str | None
    longest: int
    length: float
    characters: str
    name: str

    @property
    def recipe(self) -> Recipe:
        """Of the training on all samples to learn from."""
        return recipe_of(self, self.split.learn, self.learnt)


def make_plan(request: Request, *, name: str) -> Plan:
    """Check the data, split it, and choose the settings.

    Args:
        request: What the user asked for.
        name: What the model will be called.

    Raises:
        DataError: Too much of the data cannot be used, which is listed; or it is too little.
        CheckpointError: There is no such model.
        RecipeError: A setting of the request is wrong.
    """
    base = load_description(find_model(Path(request.model)))
    parts = split(request.data, request.held_out)
    longest = None if free_length(base) else base.max_length
    learn = check_source(open_source(parts.learn), max_length=longest)
    check = check_source(open_source(parts.check), max_length=longest)
    _check_lost(request, learn, check)
    if request.allow is not None or request.pattern is not None:
        _check_pattern(request, base, parts)
    if learn.usable == 0 or check.usable == 0:
        raise DataError(f"{request.data}: no usable samples are left to learn from or to measure with: label some more")
    drawn = DRAWN["words" if base.preprocessing.views == 1 else "signs"] if request.keep is None else None
    plan = Plan(
        request=request,
        base=base,
        split=parts,
        learnt=learn.usable,
        checked=check.usable,
        known=drawn.test if drawn else with_option(request.keep, "limit=1000") if request.keep else None,
        calibration=drawn.validation if drawn else None,
        lost=tuple(f"{problem.name}: {problem.detail}" for problem in (*learn.problems, *check.problems)),
        keep=drawn.learn if drawn else request.keep or None,
        longest=max(learn.lengths),
        length=_mean(learn.lengths),
        characters=lacking(base, learn.characters),
        name=name,
    )
    recipe_of(plan, parts.learn, learn.usable)  # a wrong setting is said now
    return plan


def _mean(lengths: dict[int, int]) -> float:
    return sum(length * count for length, count in lengths.items()) / sum(lengths.values())


def recipe_of(plan: Plan, learn: str, samples: int) -> Recipe:
    """Return the recipe of a training on so many samples.

    Args:
        plan: All that does not depend on them.
        learn: The samples, as `data.sources.open_source` takes them.
        samples: Their number.

    Raises:
        RecipeError: A setting of the request is wrong.
    """
    return tuning_recipe(
        plan.base,
        name=plan.name,
        learn=learn,
        check=plan.split.check,
        keep=plan.keep,
        samples=samples,
        checked=plan.checked,
        characters=plan.characters,
        longest=plan.longest,
        length=plan.length,
        from_scratch=plan.request.from_scratch,
        allow=plan.request.allow,
        pattern=plan.request.pattern,
        settings=plan.request.settings,
    )


def _check_lost(request: Request, *reports: CheckReport) -> None:
    """Stop where much of the data would be dropped.

    Raises:
        DataError: Which samples, and why.
    """
    samples, lost = sum(report.samples for report in reports), sum(report.dropped for report in reports)
    if sum(report.usable for report in reports) == 0 or (lost > MOST_LOST * samples and not request.drop_unusable):
        found = "\n".join(line for report in reports if report.dropped for line in summary_lines(report, most=_TOLD))
        raise DataError(
            f"{lost:,} of {samples:,} samples cannot be used: mend them, or go on without them by --drop-unusable\n"
            f"{found}"
        )


def _check_pattern(request: Request, base: Description, parts: Split) -> None:
    """Stop where texts are not what the model shall read: their labels are wrong, or the pattern is.

    Raises:
        DataError: Which texts; or the pattern is none.
    """
    sources = [open_source(part) for part in (parts.learn, parts.check)]
    texts = {normalize(source.text(index)) for source in sources for index in range(len(source))}
    tokenizer = Tokenizer("".join(sorted({*base.charset, *"".join(texts)} - {UNASSIGNED})))
    pattern = Pattern(tokenizer, allow=request.allow, expression=request.pattern)
    wrong = sorted(text for text in texts if not pattern.matches(tokenizer.encode(text)))
    if wrong:
        more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise DataError(
            f"{len(wrong)} of {len(texts)} texts of {request.data} are not within {pattern.description}: correct "
            f"them, or what is allowed: {', '.join(map(repr, wrong[:_TOLD]))}{more}"
        )
