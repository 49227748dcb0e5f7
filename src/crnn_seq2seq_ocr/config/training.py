"""Settings of the training itself."""

from typing import Annotated, Literal

from pydantic import Field

from crnn_seq2seq_ocr.config.base import Settings, Share, Size

Tracker = Literal["tensorboard", "wandb", "trackio", "mlflow", "comet_ml", "aim", "clearml", "dvclive", "swanlab"]


class LossSettings(Settings):
    """What is minimised."""

    padding: Literal["masked", "counted"] = "masked"
    """``masked``: mean over the tokens, padding left out. ``counted``: the original's, padding counts like a
    character; mean over samples, sum over steps."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over all classes."""
    ctc: Share = 0.0
    """Weight of a loss on ``model.encoder.cell_output`` where there is one view: that its columns hold the text, from
    left to right. The decoder's loss has the rest."""
    counts: Share = 0.0
    """The same for cells in rows and views: that those of each view hold each character as often as the text."""
    letters_first: Annotated[int, Field(ge=0)] = 0
    """So many first steps learn by ``ctc`` or ``counts`` alone: the decoder waits, and its loop costs nothing."""


class OptimizerSettings(Settings):
    """AdamW with warm-up, decay, clipping and weight averaging."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """The highest."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of the two moments."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Added to the root of the second moment."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled, on matrices only."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """After the warm-up."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps from 0 to the full learning rate."""
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest norm of all gradients; null leaves them."""
    average: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Decay of the exponential moving average of the weights, which is what is evaluated and kept as the
    model; null keeps the weights themselves."""


class TeacherForcing(Settings):
    """Probability that the true token is fed instead of the predicted one."""

    start: Share = 1.0
    """At the first step."""
    end: Share = 1.0
    """At the last step; linear in between."""
    per: Literal["token", "sequence"] = "token"
    """Drawn once per token, or once per text (the original)."""
    wrong: Share = 0.0
    """Probability that any token at all is fed instead of the true one: the reader learns to look at the picture,
    where it would learn a few texts by heart."""


class TrainingSettings(Settings):
    """How a model is trained."""

    steps: Size
    """Updates of the weights in all."""
    batch_size: Size = 32
    """Samples on one device at a time; the global batch is this x accumulate x devices."""
    accumulate: Size = 1
    """Batches whose gradients are summed into one update."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Fixes weights, order of the data, augmentation, dropout and teacher forcing."""
    loss: LossSettings = LossSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    teacher_forcing: TeacherForcing = TeacherForcing()
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "fp32"
    """Number type of autocast; weights stay in fp32. ``auto`` is bf16 where the device computes in it, and fp32 on a
    processor that would only imitate it, many times slower."""
    channels_last: bool = True
    """Memory layout of the convolutions."""
    compile: bool = False
    """Compile the encoder with torch.compile."""
    freeze_norm: bool = False
    """Use batch normalisation's running statistics and leave them as they are."""
    trackers: tuple[Tracker, ...] = ("tensorboard",)
    """Where the log's numbers go besides ``log.jsonl``, by Accelerate's names; all but ``tensorboard`` need a package
    of their own."""
    log_every: Size = 20
    """Steps between two lines of the log."""
    evaluate_every: Size = 1000
    """Steps between two validations, each followed by a checkpoint."""
    validation_samples: Size = 1000
    """Most samples of a validation."""
    save_every: Size = 500
    """Steps between two checkpoints."""
    keep_last: Size = 2
    """Checkpoints kept besides the best."""
    patience: Size | None = None
    """Stop after so many validations without a better one."""
    tolerance: Share = 0.0
    """A validation that is worse than the best by less than this counts as equally good: of a few samples, one more or
    less says little, and the later weights have seen more."""
    stop_at: Share | None = None
    """Stop when a validation's strict sequence accuracy reaches this."""
