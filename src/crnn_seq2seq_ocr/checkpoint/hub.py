"""Models on the Hugging Face hub: ``hf://owner/name@revision`` to a folder on this computer, and back."""

import contextlib
import functools
import re
from collections.abc import Iterator
from logging import ERROR
from pathlib import Path
from typing import NamedTuple

from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.system.dependencies import needing

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
    with _failures_as_sentences(address.repository, address.revision):
        found = snapshot_download(address.repository, revision=address.revision, allow_patterns=list(FILES))
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
    with _failures_as_sentences(repository, None):
        api.create_repo(repository, exist_ok=True)
        return str(api.create_commit(repository, operations, commit_message=f"Release {folder.name}").commit_url)


def check_repository(repository: str) -> None:
    """Refuse what cannot be a repository's name.

    Raises:
        CheckpointError: It is not ``owner/name``.
    """
    if not _NAME.fullmatch(repository):
        raise CheckpointError(f"{repository!r} is no repository of the hub: write owner/name")


@contextlib.contextmanager
def _failures_as_sentences(repository: str, revision: str | None) -> Iterator[None]:
    from huggingface_hub import errors
    from huggingface_hub.utils import logging

    where = f"hf://{repository}"
    verbosity = logging.get_verbosity()
    logging.set_verbosity(ERROR)  # its warnings say in many lines what our errors say in one
    try:
        yield
    except errors.GatedRepoError:
        raise CheckpointError(f"{where} asks for an agreement: accept it on its page, then set HF_TOKEN") from None
    except errors.RevisionNotFoundError:
        raise CheckpointError(f"{where} has no revision {revision!r}: name a branch, a tag or a commit") from None
    except errors.RepositoryNotFoundError:
        raise CheckpointError(
            f"there is no {where} that you may use: check the name, or set HF_TOKEN if it is private"
        ) from None
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no status")
        remedy = "set HF_TOKEN to a token that may" if status in {401, 403} else "try again later"
        raise CheckpointError(f"the hub refused {where} ({status}): {remedy}") from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        raise CheckpointError(
            f"{where} is not on this computer, and the hub does not answer ({type(error).__name__}): "
            "check the network, and HF_HUB_OFFLINE"
        ) from None
    finally:
        logging.set_verbosity(verbosity)
