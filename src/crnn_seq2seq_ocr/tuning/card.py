"""What a tuning tells of itself: a card in Markdown, and the lines of its plan and its end."""

from dataclasses import dataclass

from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.evaluation.evaluate import Evaluation
from crnn_seq2seq_ocr.text import UNASSIGNED
from crnn_seq2seq_ocr.tuning.plan import Plan

MOST_FORGOTTEN = 0.01
"""A larger loss on what the model knew before is told."""


@dataclass(frozen=True)
class Measured:
    """What was read of a data set before and after."""

    data: str
    before: Evaluation
    after: Evaluation

    @property
    def gain(self) -> float:
        """How much larger the share of whole texts right is after than before."""
        return _right(self.after) - _right(self.before)


def plan_lines(plan: Plan) -> list[str]:
    """Return what a tuning would do, for people."""
    settings, optimizer = plan.recipe.training, plan.recipe.training.optimizer
    start = "fresh weights, sizes of" if plan.request.from_scratch else "the weights of"
    lines = [
        f"begins with {start} {plan.request.model}",
        f"learns from {plan.learnt:,} samples: {plan.split.learn}",
        f"measures with {plan.checked:,} that it never learns from: {plan.split.check}",
        f"trains on {plan.recipe.data.train}",
        f"at most {settings.steps:,} steps of {settings.batch_size} pictures, learning rate {optimizer.learning_rate:g}"
        + (f", stops after {settings.patience} of {_validations(plan)} measurements without a better one"
           if settings.patience else ""),
    ]  # fmt: skip
    if within := _within(plan.recipe):
        lines.append(within.removeprefix("- ").rstrip())
    new = "".join(each for each in plan.recipe.text.charset if each not in plan.base.charset)
    if new:
        lines.append(f"new characters: {new}")
    if plan.lost:
        lines.append(f"{len(plan.lost)} samples cannot be used:")
        lines += [f"  {line}" for line in plan.lost[:20]]
    return lines


def end_lines(own: Measured, known: Measured | None) -> list[str]:
    """Before and after, for people."""
    lines = [f"held-out part: {_told(own)}"]
    if known is not None:
        lines.append(f"what it knew before: {_told(known)}")
        if known.gain < -MOST_FORGOTTEN:
            lines.append(
                f"it has lost {-known.gain:.1%} of what it knew before: where that matters, mix in more of it by --keep"
            )
    return lines


def card(
    plan: Plan, recipe: Recipe, *, own: Measured, known: Measured | None, share: float, temperature: float | None
) -> str:
    """Return the card of a tuned model, Markdown."""
    averaged = (
        f"Its weights are averages: {share:.0%} those of the training, {1 - share:.0%} those it began with. More of "
        "what the model knew before was read right that way, and as many of the held-out samples.\n\n"
        if share < 1
        else ""
    )
    confidence = (
        f"Its logits were divided by {temperature:.2f}, which makes its confidence what it reads right."
        if temperature is not None
        else f"Its confidence is as the training left it: {plan.checked} held-out samples are too few to set it right."
    )
    rows = [_row("held-out part", own)] + ([_row("what it knew before", known)] if known else [])
    characters = recipe.text.charset.replace(UNASSIGNED, "")
    start = "with fresh weights" if plan.request.from_scratch else f"from `{plan.request.model}`"
    return (
        f"# {recipe.name}\n\nA model for `{plan.request.data}`, trained {start} on {plan.learnt:,} samples of it"
        f"{' beside what the model knew before' if plan.known else ''}.\n\n"
        "| data | samples | right before | right after | CER before | CER after |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n" + "\n".join(rows) + "\n\n"
        "Right: the whole text with case, accents and spaces. The best checkpoint was chosen and the confidence set "
        "right with the held-out part, so its numbers are a little too good; pictures taken later tell more.\n\n"
        f"{averaged}{confidence}\n\n{_accepted(own.after)}"
        f"- held-out part: `{own.data}`\n"
        + (f"- what it knew before: `{known.data}`\n" if known else "")
        + f"- trained on: `{recipe.data.train}`\n- {len(characters)} characters: `` {characters} ``\n{_within(recipe)}"
        f"- texts of up to {recipe.text.max_length} characters, views of "
        f"{recipe.preprocessing.height} pixels in height\n- all settings: `run/recipe.yaml`; worst cases: "
        "`report/report.html`\n"
    )


def _within(recipe: Recipe) -> str:
    said = [("pattern", recipe.text.pattern), ("characters", recipe.text.allow)]
    told = " of the ".join(f"{name} `` {value} ``" for name, value in said if value is not None)
    return f"- reads nothing but texts of the {told}\n" if told else ""


def _accepted(evaluation: Evaluation) -> str:
    points = evaluation.report.coverages
    if not points:
        return ""
    rows = [f"| {each.threshold:.3f} | {each.accepted:.1%} | {each.error:.2%} |" for each in points]
    head = "| confidence from | accepted | wrong among them |\n| ---: | ---: | ---: |\n"
    return head + "\n".join(rows) + "\n\n"


def _row(name: str, measured: Measured) -> str:
    before, after = measured.before, measured.after
    shares = (_right(before), _right(after), _cer(before), _cer(after))
    return f"| {name} | {after.report.evaluated:,} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"


def _told(measured: Measured) -> str:
    before, after = measured.before, measured.after
    return (
        f"{_right(before):.1%} right before, {_right(after):.1%} after (CER {_cer(before):.1%}, {_cer(after):.1%}; "
        f"{after.report.evaluated:,} samples of {measured.data})"
    )


def _right(evaluation: Evaluation) -> float:
    return evaluation.report.scores["strict"]["sequence_accuracy"] or 0.0


def _cer(evaluation: Evaluation) -> float:
    return evaluation.report.scores["strict"]["cer"] or 0.0


def _validations(plan: Plan) -> int:
    return plan.recipe.training.steps // plan.recipe.training.evaluate_every
