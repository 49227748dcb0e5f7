"""Addresses in object stores, ``s3://`` and ``gs://``, and what is not written to them."""

import re
from pathlib import Path

from crnn_seq2seq_ocr.errors import StorageError

# `Path` makes one slash of two.
ADDRESS = re.compile(r"(?P<scheme>s3|gs|gcs):/{1,2}(?P<place>[^?#]+)")


def is_remote(place: str | Path) -> bool:
    """Whether a path is an address in an object store."""
    return ADDRESS.fullmatch(str(place)) is not None


def refuse_remote(place: str | Path, what: str) -> None:
    """Refuse to write straight to an object store, of which a path on this computer would be made otherwise.

    Raises:
        StorageError: The path is an address in one, or on the Hugging Face hub.
    """
    if re.match(r"hf:/", str(place)):
        raise StorageError(
            f"{what} cannot be written to {shown(place)}: write to a folder on this computer; a model is sent with "
            "`crnn-ocr release ... --push owner/name`, data with `hf upload owner/name FOLDER --repo-type dataset`"
        )
    if is_remote(place):
        scheme = str(place).partition(":")[0]
        copy = "aws s3 sync" if scheme == "s3" else "gcloud storage rsync --recursive"
        raise StorageError(
            f"{what} cannot be written to {shown(place)}: write to a folder on this computer, which can go on after an "
            f"interruption, and copy it then, as with `{copy}`"
        )


def shown(place: str | Path) -> str:
    """Return an address for people: one that holds a user and a password does not show them."""
    text = re.sub(r"^(\w\w+):/+", r"\1://", str(place))
    return re.sub(r"://[^/@]*@", "://", text)
