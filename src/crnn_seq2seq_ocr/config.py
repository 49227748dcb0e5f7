"""Recipes: every setting of a training run, checked, with one line on each."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crnn_seq2seq_ocr.errors import RecipeError, did_you_mean
from crnn_seq2seq_ocr.system.parsing import parse_yaml

Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[int, Field(ge=1)]
Tracker = Literal["tensorboard", "wandb", "trackio", "mlflow", "comet_ml", "aim", "clearml", "dvclive", "swanlab"]


class Settings(BaseModel):
    """Base of all settings: unknown names are errors, values do not change once made."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


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
    perspective: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Most that a corner moves, as a share of the view's side."""


class Stage(Settings):
    """Some convolutions with ReLU; the last is followed by a max pooling."""

    channels: Size
    """Channels of every convolution of the stage."""
    convolutions: Size = 1
    """How many."""
    kernel: Literal[3, 5, 7] = 3
    """Side of the first convolution's kernel; the others are 3x3."""
    stride: tuple[Size, Size] = (1, 1)
    """(height, width) of the first convolution's stride; 2 at the first stage saves most of the time."""
    norm: Literal["none", "first", "all"] = "all"
    """Which of them have a batch normalisation."""
    pool: tuple[Size, Size] = (1, 1)
    """(height, width) of the pooling window and its stride."""


class EncoderSettings(Settings):
    """From views to memory."""

    stages: list[Stage] = Field(min_length=1)
    """The convolutional stages, in order."""
    views: Literal["channels", "memory"] = "memory"
    """How views meet: ``channels`` (the original: features of all views side by side in channels, height
    collapsed by a 2x2 convolution) or ``memory`` (a two-dimensional memory of all views, missing ones masked)."""
    features: Size | None = None
    """Where views meet in channels: channels of all views together; null is the model's width."""
    dropout: Share = 0.0
    """On the convolutional features."""
    recurrent_layers: Annotated[int, Field(ge=0)] = 1
    """Bidirectional LSTM layers along the width."""
    recurrent_size: Size = 128
    """Hidden size of each direction."""
    cell_output: bool = False
    """A second output that names the character in each cell of the memory, trained beside the decoder by
    ``training.loss.ctc`` or ``training.loss.counts`` and not used to read: the encoder learns letters sooner."""
    cell_rows: Literal["each", "mean", "max"] = "each"
    """What the second output looks at where cells are in several rows: ``each`` cell, or one for each column, the
    ``mean`` or the ``max`` of its rows, as ``training.loss.ctc`` needs."""


class DecoderSettings(Settings):
    """From memory to text."""

    attention: Literal["position", "content"] = "content"
    """``position``: weights from the last token and the state to a fixed number of columns (the original).
    ``content``: additive attention over the memory, the place of each cell known to it."""
    attention_size: Size = 128
    """Width of content attention's keys."""
    dropout: Share = 0.1
    """On the embedding of the last token."""


class ModelSettings(Settings):
    """The network."""

    width: Size = 128
    """D: size of memory cells, embeddings and the decoder's state."""
    encoder: EncoderSettings
    decoder: DecoderSettings = DecoderSettings()


class DataSettings(Settings):
    """Where samples come from and how they are fed."""

    train: str
    """A path or a name that `data.sources.open_source` knows, such as ``synthetic:signs``."""
    validation: str | None = None
    """The same; evaluated as the training goes."""
    workers: Annotated[int, Field(ge=0)] = 2
    """Processes that prepare batches; 0 prepares them in the training process."""
    train_samples: Size | None = None
    """Train on the first so many samples only."""


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
    stop_at: Share | None = None
    """Stop when a validation's strict sequence accuracy reaches this."""


class Recipe(Settings):
    """All settings of a training run."""

    name: str
    """Names the run's folder."""
    text: TextSettings = TextSettings()
    preprocessing: Preprocessing = Preprocessing()
    augmentation: Augmentation | None = Augmentation()
    """null trains on the pictures as they are."""
    model: ModelSettings
    data: DataSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        check_model(self.model, self.preprocessing)
        loss, encoder = self.training.loss, self.model.encoder
        if (loss.ctc or loss.counts) and not encoder.cell_output:
            raise ValueError("training.loss.ctc and training.loss.counts need model.encoder.cell_output: true")
        rows = memory_size(encoder, self.preprocessing)[0]
        if loss.ctc and self.preprocessing.views != 1:
            raise ValueError(f"training.loss.ctc needs one view, preprocessing.views is {self.preprocessing.views}")
        if loss.ctc and rows != 1 and encoder.cell_rows == "each":
            raise ValueError(
                f"training.loss.ctc needs one row of cells, the stages leave {rows}: "
                "set model.encoder.cell_rows to mean or max"
            )
        if loss.counts and encoder.cell_rows != "each":
            raise ValueError("training.loss.counts needs model.encoder.cell_rows: each")
        if loss.letters_first and not (loss.ctc or loss.counts):
            raise ValueError("training.loss.letters_first needs training.loss.ctc or training.loss.counts")
        if loss.ctc + loss.counts > 1:
            raise ValueError("training.loss.ctc and training.loss.counts together are more than 1")
        return self


def check_model(model: ModelSettings, preprocessing: Preprocessing) -> None:
    """Refuse settings that each are right but not together.

    Raises:
        ValueError: The pooling leaves nothing of a view, or views in channels do not come to two rows
            or do not divide the width.
    """
    encoder = model.encoder
    height, width = memory_size(encoder, preprocessing)
    if encoder.cell_output and encoder.views != "memory":
        raise ValueError("encoder.cell_output needs encoder.views 'memory'")
    if min(height, width) < 1:
        raise ValueError(
            f"the stages' pooling leaves {height} x {width} cells of a view of "
            f"{preprocessing.height} x {preprocessing.width} pixels: pool less or enlarge the view"
        )
    if encoder.views == "channels":
        if height != 2:
            raise ValueError(f"encoder.views 'channels' needs 2 rows after the stages, here are {height}")
        if (encoder.features or model.width) % preprocessing.views:
            raise ValueError(
                f"{'encoder.features' if encoder.features else 'model.width'} {encoder.features or model.width} "
                f"must divide by preprocessing.views {preprocessing.views}"
            )
        if preprocessing.resize == "fit":
            raise ValueError("encoder.views 'channels' needs one width: preprocessing.resize 'stretch' or 'pad'")
    elif encoder.features is not None:
        raise ValueError("encoder.features needs encoder.views 'channels'")
    elif model.decoder.attention == "position":
        raise ValueError("decoder.attention 'position' needs encoder.views 'channels'")


def memory_size(encoder: EncoderSettings, preprocessing: Preprocessing) -> tuple[int, int]:
    """(rows, columns) of cells that the stages leave of one view."""
    height, width = preprocessing.height, preprocessing.width
    for stage in encoder.stages:
        # Convolutions pad by half their kernel, so a stride rounds up; pooling rounds down.
        height, width = -(-height // stage.stride[0]), -(-width // stage.stride[1])
        height, width = height // stage.pool[0], width // stage.pool[1]
    return height, width


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = files("crnn_seq2seq_ocr") / "recipes"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_recipe(name: str, overrides: list[str] | None = None) -> Recipe:
    """Load the recipe of a name or a YAML file, with ``section.setting=value`` overrides (values are YAML).

    Raises:
        RecipeError: No such recipe, not YAML, or settings that are unknown or wrong: all are listed.
    """
    return make_recipe(_read_yaml(name), overrides, name=name)


def make_recipe(raw: dict[str, Any], overrides: list[str] | None = None, *, name: str) -> Recipe:
    """Return the recipe of settings by name, changed by overrides as in `load_recipe`; `name` is for messages.

    Raises:
        RecipeError: Settings that are unknown or wrong: all are listed.
    """
    for override in overrides or []:
        _override(raw, override)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {name}: {_explain(error, Recipe)}") from None


def _read_yaml(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise RecipeError(f"there is no recipe file {path}")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"the recipe file {path} cannot be read: {error}") from None
    elif name in recipe_names():
        text = (files("crnn_seq2seq_ocr") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise RecipeError(
            f"there is no recipe {name!r}{did_you_mean(name, recipe_names())}; "
            f"there are {', '.join(recipe_names())}, or give the path of a .yaml file"
        )
    try:
        raw = parse_yaml(text)
    except ValueError as error:
        raise RecipeError(f"{name} is not valid YAML: {error}") from None
    if not isinstance(raw, dict):
        raise RecipeError(f"{name} must hold settings by name, it holds {type(raw).__name__}")
    return raw


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"{override!r} is not a setting: write it as section.setting=value")
    try:
        parsed = parse_yaml(value)
    except ValueError as error:
        raise RecipeError(f"the value of {override!r} is not valid YAML: {error}") from None
    *sections, last = key.split(".")
    place: Any = raw
    for section in sections:
        inner = _inner(place, section, override)
        if not isinstance(inner, dict | list):  # a section that is null, or wrong anyway
            inner = {}
            _put(place, section, inner)
        place = inner
    _inner(place, last, override)
    _put(place, last, parsed)


def _inner(place: dict[str, Any] | list[Any], key: str, override: str) -> Any:
    """Look up what stands at a name of a section or at a number, from 0, of a list."""
    if isinstance(place, dict):
        return place.get(key)
    if not key.isdecimal() or int(key) >= len(place):
        raise RecipeError(f"{override!r}: {key!r} should be a number from 0 to {len(place) - 1}, the place in a list")
    return place[int(key)]


def _put(place: dict[str, Any] | list[Any], key: str, value: Any) -> None:
    if isinstance(place, dict):
        place[key] = value
    else:
        place[int(key)] = value


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    """All problems of a validation, one a line, unknown names with the nearest known one."""
    problems = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "settings"
        if problem["type"] == "extra_forbidden":
            known = _field_names(model, problem["loc"][:-1])
            name = str(problem["loc"][-1])
            message = f"there is no such setting{did_you_mean(name, known) or _elsewhere(model, name)}"
        else:
            message = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{where}: {message}")
    count = len(problems)
    return f"{count} problem{'s' if count > 1 else ''}\n" + "\n".join(f"  {line}" for line in problems)


def _elsewhere(model: type[BaseModel], name: str) -> str:
    """Return the setting of that name in one of the sections, for a message; empty if there is none."""
    found = [f"{section}.{name}" for section in model.model_fields if name in _field_names(model, (section,))]
    return f" (did you mean {' or '.join(map(repr, found))}?)" if found else ""


def _field_names(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Names of the settings at a path below a model; none where the path leaves the settings."""
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = _settings_of(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _settings_of(annotation: Any) -> type[BaseModel] | None:
    """Return the settings class in an annotation such as ``X``, ``X | None`` or ``list[X]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _settings_of(argument)
        if found:
            return found
    return None
