"""Data sets of the Hugging Face hub: ``hf://owner/name@revision/data/train-*`` to files on this computer.

Only data is fetched, by the ends of names; a script that a data set brings is neither fetched nor executed.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from crnn_seq2seq_ocr.data.formats import page_xml
from crnn_seq2seq_ocr.data.formats.arrow import part_of
from crnn_seq2seq_ocr.data.formats.labels import SUFFIXES
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.system.dependencies import needing
from crnn_seq2seq_ocr.system.hub import HubPlace, hub_failures, hub_place, is_silent

DATA = (
    ".parquet", ".arrow", ".tar", ".mdb", ".tsv", ".csv", ".jsonl", ".json", ".txt", ".xml",
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif",
)  # fmt: skip
"""Ends of the names of what is fetched."""


class HubData:
    """The files of a data set on the hub, fetched or taken from what was fetched before.

    ``HF_HUB_OFFLINE=1`` asks no server, ``HF_TOKEN`` opens private data sets, ``HF_HOME`` names the cache.

    Args:
        address: ``hf://owner/name``, ``hf://owner/name@revision``, and in it a file, a folder or a pattern.

    Attributes:
        path: The file, the folder or the pattern on this computer.

    Raises:
        DataError: The address is none, there is nothing, it holds several parts, or the hub does not answer.
        DependencyError: `huggingface_hub` is not installed.
    """

    def __init__(self, address: str) -> None:
        place = hub_place(address)
        if place is None:
            raise DataError(
                f"{address} is no data set on the hub: write hf://owner/name, hf://owner/name@revision or "
                "hf://owner/name/data/train-*"
            )
        with needing("a data set on the hub"):
            from huggingface_hub import snapshot_download
        silent = is_silent(place.repository, place.revision, repo_type="dataset")
        if not place.path and not silent:
            _refuse_parts(place)
        whole = place._replace(path="")
        with hub_failures(str(whole), place.revision, DataError):
            root = snapshot_download(
                place.repository, repo_type="dataset", revision=place.revision, allow_patterns=_patterns(place.path),
                ignore_patterns=["*.py"], local_files_only=silent,
            )  # fmt: skip
        if not Path(root).is_dir():
            raise DataError(f"{place} holds no data that is known here: look at its files on the hub")
        self._root, self._address = root, str(whole)
        self.path = str(_only_folder(Path(root)) if not place.path else Path(root) / place.path)

    def as_address(self, message: str) -> str:
        """Return a message with addresses in place of paths into the cache."""
        return message.replace(self._root, self._address)


def _patterns(path: str) -> list[str]:
    """Which files to fetch: a list or a page without its pictures is none."""
    if PurePosixPath(path).suffix.lower() in (*SUFFIXES, page_xml.SUFFIX):
        folder = str(PurePosixPath(path).parent)
        path = "" if folder == "." else folder
    inside = f"{path}/" if path else ""
    return [*([path] if path else []), *(f"{inside}*{end}" for end in DATA)]


def _refuse_parts(place: HubPlace) -> None:
    """Refuse a data set of several parts before they are fetched."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined, unused-ignore]

    class Quiet(tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **(options | {"disable": True}))  # type: ignore[no-untyped-call, unused-ignore]

    try:
        with hub_failures(str(place), place.revision, DataError):
            found = snapshot_download(
                place.repository, repo_type="dataset", revision=place.revision,
                allow_patterns=["*.parquet", "*.arrow"], dry_run=True, tqdm_class=Quiet,
            )  # fmt: skip
    except DataError:
        return  # the next question tells why
    names = [each.filename for each in found]
    parts = sorted({_place_of(name) for name in names})
    if len(parts) > 1:
        shown = ", ".join(str(place._replace(path=each)) for each in parts[:8])
        raise DataError(f"{place} holds several parts: name one of {shown}")


def _place_of(name: str) -> str:
    """Return the pattern of all files that belong together with one."""
    folder, _, file = name.rpartition("/")
    part = part_of(file)
    return f"{folder}{'/' * bool(folder)}{f'{part}-*' if part else '*' + Path(file).suffix}"


def _only_folder(root: Path) -> Path:
    """Return the folder that holds the files, where a data set has only one."""
    folder = root
    while True:
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        folder = inside[0]
