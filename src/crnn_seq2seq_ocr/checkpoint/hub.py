"""Models on the Hugging Face hub: ``hf://owner/name@revision`` to a folder on this computer, and back."""

import functools
import re
from pathlib import Path
from typing import NamedTuple

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.hub import hub_failures, is_silent

FILES = ("model.json", "model.safetensors", "model.onnx", "README.md")
"""All that is ever fetched or sent; nothing of it is executed."""

_ADDRESS = re.compile(r"hf:/{1,2}(?P<repository>[\w][\w.-]*/[\w][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
_NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


class HubAddress(NamedTuple):
    """A model on the hub: ``owner/name``, and a branch, tag or commit; None is the newest."""

    repository: str
    revision: str | None = None


def hub_address(path: Path) -> HubAddress | None:
    """Parse an address such as ``hf://owner/name`` or ``hf://owner/name@revision``; None for other paths.

    Raises:
        CheckpointError: It begins with ``hf:/`` and is no address.
    """
    text = path.as_posix()
    if not text.startswith("hf:/"):
        return None
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise CheckpointError(f"{text} is no model on the hub: write hf://owner/name or hf://owner/name@revision")
    return HubAddress(match["repository"], match["revision"])


@functools.cache
def fetch_model(address: HubAddress) -> Path:
    """Fetch a model, or take what was fetched before; the folder is the cache of `huggingface_hub`.

    ``HF_HUB_OFFLINE=1`` asks no server, ``HF_TOKEN`` opens private repositories, ``HF_HOME`` names the cache.

    Raises:
        CheckpointError: There is no such model, it is private, or the hub does not answer.
        DependencyError: `huggingface_hub` is not installed.
    """
    with needing("a model on the hub"):
        from huggingface_hub import snapshot_download
    with hub_failures(f"hf://{address.repository}", address.revision, CheckpointError):
        found = snapshot_download(
            address.repository, revision=address.revision, allow_patterns=list(FILES),
            local_files_only=is_silent(address.repository, address.revision),
        )  # fmt: skip
    folder = Path(found)
    if not (folder / "model.json").is_file():
        raise CheckpointError(
            f"hf://{address.repository} holds no model of this package: it must have {FILES[0]} and {FILES[1]}"
        )
    return folder


def push_model(folder: Path, repository: str, *, card: str) -> str:
    """Send a released model to the hub, with a card as its README; the repository is made if it is not there.

    Args:
        folder: Of a released model.
        repository: ``owner/name``.
        card: Markdown.

    Returns:
        The address of the commit.

    Raises:
        CheckpointError: The name is none, the hub does not answer, or the token may not write there.
        DependencyError: `huggingface_hub` is not installed.
    """
    check_repository(repository)
    with needing("sending a model to the hub"):
        from huggingface_hub import CommitOperationAdd, HfApi
    files = [folder / name for name in FILES if (folder / name).is_file()]
    operations = [CommitOperationAdd(path.name, path) for path in files if path.name != "README.md"]
    operations.append(CommitOperationAdd("README.md", card.encode()))
    api = HfApi()
    with hub_failures(f"hf://{repository}", None, CheckpointError):
        api.create_repo(repository, exist_ok=True)
        return str(api.create_commit(repository, operations, commit_message=f"Release {folder.name}").commit_url)


def check_repository(repository: str) -> None:
    """Refuse what cannot be a repository's name.

    Raises:
        CheckpointError: It is not ``owner/name``.
    """
    if not _NAME.fullmatch(repository):
        raise CheckpointError(f"{repository!r} is no repository of the hub: write owner/name")
