"""The family of errors that a user can mend."""

import pytest

from crnn_seq2seq_ocr import errors


@pytest.mark.parametrize("name", [name for name in vars(errors) if name.endswith("Error")])
def test_errors_can_be_caught_together_and_by_their_kind(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, errors.CrnnOcrError)
    if kind is not errors.CrnnOcrError:
        assert issubclass(kind, ValueError | OSError | ImportError)


def test_what_is_wrong_with_a_sample_spoils_no_other() -> None:
    """Sources and the reader go on after a `DataError`, so all that concerns one sample is one."""
    for spoilt in (errors.RecordError, errors.PictureError, errors.CharsetError):
        assert issubclass(spoilt, errors.DataError)
    for kind in (errors.CheckpointError, errors.DeviceError, errors.StorageError, errors.RecipeError):
        assert not issubclass(kind, errors.DataError)
