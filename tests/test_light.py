"""Reading without PyTorch: what the bare installation can do, what it says of the rest, and that it brings enough."""

import ast
import json
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from tests.conftest import TEXTS, python, write_folder

pytestmark = pytest.mark.slow

PACKAGE = "crnn_seq2seq_ocr"
ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / PACKAGE
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

REFUSING = """
import contextlib, importlib.machinery, io, json, sys

begun = set(sys.modules)
refused, shelf, commands = map(json.loads, sys.argv[1:])


class Installed(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in refused else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Installed

from crnn_seq2seq_ocr import cli
from crnn_seq2seq_ocr.inference import backends
from crnn_seq2seq_ocr.checkpoint import pretrained

pretrained.FOLDER = pretrained.Path(shelf)
backends.ACCELERATORS = ()


def run(arguments):
    sys.argv = ["crnn-ocr", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), err.getvalue()


answers = [run(arguments) for arguments in commands]
loaded = sorted(set(sys.modules) - begun)
from crnn_seq2seq_ocr import Reader
from crnn_seq2seq_ocr.serve import create_app

create_app(Reader.load("words"))
print(json.dumps([answers, loaded, sorted(set(sys.modules) - begun)]))
"""


def imported_early(tree: ast.AST) -> Iterator[str]:
    """What is imported when a module is: not inside of functions, nor for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
        yield from imported_early(node)


def file_of(module: str) -> Path:
    """Where a module of this package is."""
    path = SOURCES.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def normal(name: str) -> str:
    """A package's name as an index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    """Packages of the bare installation, and of some extras."""
    given = [*PROJECT["dependencies"], *(each for extra in extras for each in PROJECT["optional-dependencies"][extra])]
    return {normal(Requirement(each).name) for each in given}


def brought(packages: Iterable[str]) -> set[str]:
    """These and all that they bring along."""
    found: set[str] = set()
    waiting = set(packages)
    while waiting:
        name = waiting.pop()
        found.add(name)
        with_markers = [Requirement(each) for each in _requires(name)]
        needed = {normal(each.name) for each in with_markers if not each.marker or each.marker.evaluate({"extra": ""})}
        waiting |= needed - found
    return found


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


DISTRIBUTIONS = {
    module: {normal(each) for each in packages} - {"crnn-seq2seq-ocr"}
    for module, packages in packages_distributions().items()
}
"""The packages that each module may be of."""


@pytest.fixture(scope="module")
def place(trained: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf with the model `words` for both backends, a run without an ONNX file, and pictures."""
    folder = tmp_path_factory.mktemp("light")
    recognizer, description = load_model(trained)
    save_model(recognizer, description, folder / "shelf" / "words", half=True, onnx=exported.read_bytes())
    shutil.copytree(trained, folder / "run")
    write_folder(folder / "pictures", TEXTS)
    return folder


@pytest.fixture(scope="module")
def light(place: Path) -> tuple[dict[str, list[Any]], list[str], list[str]]:
    """What commands answer where only the bare installation and [serve] can be imported; modules that both load."""
    present = brought(declared("serve"))
    refused = [module for module, packages in DISTRIBUTIONS.items() if packages and not packages & present]
    assert {"torch", "onnx", "accelerate", "faker", "fontTools", "safetensors"} <= set(refused)
    pictures, run, out = (str(place / each) for each in ("pictures", "run", "out"))
    commands = [
        ["--help"],
        ["models"],
        ["read", "words", pictures],
        ["read", "words", "--attention", out, pictures],
        ["read", "words", "--backend", "onnx", "--json", pictures],
        ["evaluate", "words", "--out", out, pictures],
        ["data", "check", pictures],
        ["read", run, pictures],
        ["read", "words", "--backend", "torch", pictures],
        ["read", "words", "--beam", "3", pictures],
        ["read", "words", "--precision", "bf16", pictures],
        ["read", "words", "--device", "mps", pictures],
        ["evaluate", "words", "synthetic:signs?count=3"],
        ["train", "tiny"],
        ["export", "words", f"{out}/abc.onnx"],
        ["release", "words", out, pictures, "--about", "None."],
        ["bench", "read", "words", pictures],
    ]
    given = map(json.dumps, (refused, str(place / "shelf"), commands))
    with python("-c", REFUSING, *given) as child:
        printed, error = child.communicate(timeout=120)
    assert child.returncode == 0, error
    answers, *loaded = json.loads(printed)
    names = [" ".join(command).replace(str(place), "") for command in commands]
    return dict(zip(names, answers, strict=True)), *loaded


def test_what_it_can_do(light: Any, place: Path) -> None:
    answers = light[0]
    assert answers["--help"][0] == 0
    assert "words (0." in answers["models"][1]
    assert "100.00%" in answers["evaluate words --out /out /pictures"][1]
    assert (place / "out" / "report.html").is_file()
    assert len(list((place / "out").glob("*.png"))) == len(TEXTS)
    assert "12" in answers["data check /pictures"][1]
    for options in ("", "--attention /out "):
        status, out, error = answers[f"read words {options}/pictures"]
        assert (status, error) == (0, "")
        assert [line.split("\t")[1] for line in out.splitlines()] == TEXTS
    read = [json.loads(line)["text"] for line in answers["read words --backend onnx --json /pictures"][1].splitlines()]
    assert read == TEXTS


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("read /run /pictures", r".*/run has no model.onnx: reading with it needs PyTorch"),
        ("read words --backend torch /pictures", "the backend torch needs PyTorch"),
        ("read words --beam 3 /pictures", "a beam needs PyTorch"),
        ("read words --precision bf16 /pictures", "the precision bf16 needs PyTorch"),
        ("read words --device mps /pictures", "the device 'mps' needs PyTorch"),
        ("evaluate words synthetic:signs?count=3", r"drawing synthetic:signs needs \w+"),
        ("train tiny", "this command needs PyTorch"),
        ("export words /out/abc.onnx", r"this command needs \w+"),
        ("release words /out /pictures --about None.", r"this command needs \w+"),
        ("bench read words /pictures", "this command needs PyTorch"),
    ],
)
def test_what_it_says_of_the_rest(light: Any, command: str, what: str) -> None:
    status, out, error = light[0][command]
    assert (status, out) == (1, "")
    assert re.fullmatch(f"crnn-ocr: {what}: pip install 'crnn-seq2seq-ocr\\[train\\]'\n", error), error


@pytest.mark.parametrize(("part", "extras"), [(1, []), (2, ["serve"])])
def test_what_is_declared_is_enough(light: Any, part: int, extras: list[str]) -> None:
    """All modules that were loaded come with the declared packages; those that we import ourselves are declared."""
    loaded = set(light[part])
    everything = brought(declared(*extras))
    foreign = {module.partition(".")[0] for module in loaded} & set(DISTRIBUTIONS)
    others = {module for module in foreign if DISTRIBUTIONS[module] and not DISTRIBUTIONS[module] & everything}
    assert not others, f"no declared package brings these: {sorted(others)}"
    for path in (file_of(module) for module in loaded if module.partition(".")[0] == PACKAGE):
        early = imported_early(ast.parse(path.read_text(encoding="utf-8")))
        names = {name.partition(".")[0] for name in early} & set(DISTRIBUTIONS)
        wrong = {name for name in names if DISTRIBUTIONS[name] and not DISTRIBUTIONS[name] & declared(*extras)}
        assert not wrong, f"{path} imports {sorted(wrong)}, which pyproject.toml does not name"


def test_the_extras_are_apart_and_development_has_all() -> None:
    train = {normal(Requirement(each).name) for each in PROJECT["optional-dependencies"]["train"]}
    assert not declared("serve") & train
    (ours,) = (each for each in PROJECT["optional-dependencies"]["dev"] if each.startswith("crnn-seq2seq-ocr"))
    assert Requirement(ours).extras == set(PROJECT["optional-dependencies"]) - {"dev"}
