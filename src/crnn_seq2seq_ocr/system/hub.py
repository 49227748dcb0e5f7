"""What is common to models and data sets of the Hugging Face hub: addresses, and what the hub answers, as sentences."""

import contextlib
import re
from collections.abc import Iterator
from logging import ERROR
from typing import NamedTuple

from crnn_seq2seq_ocr.errors import CrnnOcrError

# `Path` makes one slash of two. A revision has slashes only where the hub itself makes it.
_ADDRESS = re.compile(
    r"hf:/{1,2}(?:datasets/)?(?P<repository>[\w][\w.-]*/[\w][\w.-]*)"
    r"(?:@(?P<revision>refs/(?:convert|pr)/[\w.-]+|[\w.-]+))?(?:/(?P<path>[^?#]*))?"
)


PATIENCE = 20.0
"""Seconds that the hub has for the first answer."""


class HubPlace(NamedTuple):
    """A place on the hub.

    Attributes:
        repository: ``owner/name``.
        revision: A branch, tag or commit; None is the newest.
        path: A file, a folder or a pattern in it; empty is all.
    """

    repository: str
    revision: str | None
    path: str

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"hf://{self.repository}{revision}{'/' * bool(self.path)}{self.path}"


def hub_place(address: str) -> HubPlace | None:
    """Parse ``hf://owner/name``, ``hf://owner/name@revision`` or ``hf://owner/name/data/train-*``; None for others."""
    found = _ADDRESS.fullmatch(address)
    return HubPlace(found["repository"], found["revision"], (found["path"] or "").strip("/")) if found else None


def is_silent(repository: str, revision: str | None, *, repo_type: str = "model") -> bool:
    """Return whether the hub gives no answer, whatever it would be: then only what was fetched before can be used.

    `snapshot_download` would wait for it without an end.

    Args:
        repository: ``owner/name``.
        revision: A branch, tag or commit; None is the newest.
        repo_type: ``model`` or ``dataset``.
    """
    from huggingface_hub import HfApi, errors

    try:
        HfApi().repo_info(repository, revision=revision, repo_type=repo_type, timeout=PATIENCE)
    except errors.HfHubHTTPError:
        return False  # an answer, which the download gets as well
    except Exception:  # of httpx or httpx2, by the version of the client
        return True
    return False


@contextlib.contextmanager
def hub_failures(where: str, revision: str | None, error_type: type[CrnnOcrError]) -> Iterator[None]:
    """Tell what the hub answers in one sentence.

    Args:
        where: The address, for the message.
        revision: What was asked for.
        error_type: What to raise.
    """
    from huggingface_hub import errors
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(ERROR)  # its warnings say in many lines what our errors say in one
    try:
        yield
    except errors.GatedRepoError:
        raise error_type(f"{where} asks for an agreement: accept it on its page, then set HF_TOKEN") from None
    except errors.RevisionNotFoundError:
        raise error_type(f"{where} has no revision {revision!r}: name a branch, a tag or a commit") from None
    except errors.RepositoryNotFoundError:
        raise error_type(
            f"there is no {where} that you may use: check the name, or set HF_TOKEN if it is private"
        ) from None
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no status")
        remedy = "set HF_TOKEN to a token that may" if status in {401, 403} else "try again later"
        raise error_type(f"the hub refused {where} ({status}): {remedy}") from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        raise error_type(
            f"{where} is not on this computer, and the hub does not answer ({type(error).__name__}): "
            "check the network, and HF_HUB_OFFLINE"
        ) from None
    finally:
        logging.set_verbosity(verbosity)
