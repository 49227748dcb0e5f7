"""Programs and services that a training run tells its numbers: Accelerate's trackers."""

from pathlib import Path

from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker, get_available_trackers

from crnn_seq2seq_ocr.config import Recipe
from crnn_seq2seq_ocr.errors import DependencyError
from crnn_seq2seq_ocr.system.files import writing


def start_trackers(recipe: Recipe, folder: Path) -> list[GeneralTracker]:
    """Start the trackers of ``training.trackers``, in this process.

    Those that write files do so in folders of the run named after them; the others are told the whole recipe.

    Raises:
        DependencyError: The package of one of them is not installed.
        StorageError: Files cannot be written.
    """
    _check_installed(recipe)
    return [_start(name, recipe, folder) for name in recipe.training.trackers]


def _check_installed(recipe: Recipe) -> None:
    installed = {str(each) for each in get_available_trackers()}
    missing = [name for name in recipe.training.trackers if name not in installed]
    if missing:
        packages = " ".join(name.replace("_", "-") for name in missing)
        raise DependencyError(
            f"training.trackers {', '.join(missing)}: not installed here. Install it (pip install {packages}), or "
            "leave it out of training.trackers"
        )


def _start(name: str, recipe: Recipe, folder: Path) -> GeneralTracker:
    kind = LOGGER_TYPE_TO_CLASS[name]
    if kind.requires_logging_directory:
        with writing(folder / name):
            tracker: GeneralTracker = kind(name, logging_dir=folder)
            tracker.start()
        return tracker
    tracker = kind(recipe.name)
    tracker.start()
    tracker.store_init_configuration(recipe.model_dump(mode="json"))
    return tracker
