"""The errors a user can mend: each message says what was wrong, where, and what to do."""

from collections.abc import Collection


class CrnnOcrError(Exception):
    """Base of all errors that are shown to the user as one clear message, without a traceback."""


class RecipeError(CrnnOcrError, ValueError):
    """A recipe or a setting is wrong."""


class DataError(CrnnOcrError, ValueError):
    """A data set, a list of labels or a sample cannot be used."""


class RecordError(DataError):
    """A record file is truncated, corrupt or of another format."""


class PictureError(DataError):
    """A picture cannot be read."""


class CharsetError(DataError):
    """A text holds characters that the charset does not have, or a charset is not valid."""


class TrainingError(CrnnOcrError, ValueError):
    """A training goes nowhere: its numbers are not finite any more."""


class WorkerError(CrnnOcrError, ChildProcessError):
    """A process that works for this one has died."""


class CheckpointError(CrnnOcrError, ValueError):
    """A model directory or a training state is missing, damaged or of another version."""


class ExportError(CrnnOcrError, ValueError):
    """A model cannot be exported as asked, or what was exported does not read as the model does."""


class DeviceError(CrnnOcrError, ValueError):
    """A device is not there."""


class DependencyError(CrnnOcrError, ImportError):
    """A package that is needed for this alone is not installed."""


class DownloadError(CrnnOcrError, OSError):
    """A file could not be downloaded."""


class StorageError(CrnnOcrError, OSError):
    """Something could not be written (no space left, no permission)."""


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the nearest of the known names, for a message; empty if none is near."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
