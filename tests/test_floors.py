"""The shape of the code: who may import whom, and what must not be imported early."""

import ast
import graphlib
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import crnn_seq2seq_ocr

PACKAGE = "crnn_seq2seq_ocr"
ROOT = Path(crnn_seq2seq_ocr.__file__).parent

FLOORS = [
    {
        "errors",
        "config",
        "description",
        "outputs",
        "selfcheck",
        "allocator",
        "text",
        "charset_files",
        "interrupts",
        "metrics",
        "report",
        "released",
        "model_folders",
        "launched",
        "dependencies",
    },
    {"data", "model"},
    {"checkpoint", "engine", "torch_engine", "onnx_engine", "loading", "learner"},
    {"reader", "initial", "processes"},
    {"validation", "calibrate"},
    {"train", "evaluate", "importing", "release", "export", "bench", "bulk"},
    {"serve"},
    {"cli", "__main__"},
]
"""From the ground up; a part imports only what stands below it, and its own."""

TORCH_FREE = {
    "errors",
    "config",
    "description",
    "outputs",
    "selfcheck",
    "allocator",
    "text",
    "charset_files",
    "interrupts",
    "metrics",
    "report",
    "released",
    "model_folders",
    "launched",
    "dependencies",
    "data",
    "onnx_engine",
    "loading",
    "reader",
    "processes",
    "evaluate",
    "bulk",
    "serve",
    "cli",
    "__main__",
    "",
}
NEEDS_TORCH = {"data.batches", "data.training"}


def modules() -> dict[str, Path]:
    """Name within the package (empty for the package itself) to its file."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def nodes_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """All that runs when a module is imported: not the inside of functions, nor what is for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from nodes_at_import(node)


def imported(nodes: Iterator[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and full name of each import; ``from a import b`` gives ``a.b``, and is ``a`` if b is no module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def own(name: str) -> str | None:
    """The module of this package that an import means; None for others'."""
    if name.split(".")[0] != PACKAGE:
        return None
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in MODULES:
        parts.pop()
    return ".".join(parts)


def imports_of(path: Path) -> list[tuple[int, str]]:
    """Every import of the package's own modules, lazy ones and those for type checkers too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(line, module) for line, name in imported(ast.walk(tree)) if (module := own(name)) is not None]


def floor(module: str) -> int:
    part = module.split(".")[0]
    return next(number for number, parts in enumerate(FLOORS) if part in parts)


def violation(module: str, target: str) -> str | None:
    """What is wrong with an import, if anything is."""
    if not target or module.split(".")[0] == target.split(".")[0]:
        return None
    if floor(target) > floor(module):
        return "looks up"
    beside = floor(target) == floor(module) and {module.split(".")[0], target.split(".")[0]} & {"data", "model"}
    return "data and model never import each other" if beside else None


def test_every_module_stands_on_a_floor() -> None:
    known = set().union(*FLOORS)
    homeless = [module for module in MODULES if module and module.split(".")[0] not in known]
    assert not homeless, f"give them a floor: {homeless}"


def test_the_page_of_the_house_shows_the_same_floors() -> None:
    page = (Path(__file__).parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = page.partition("## The floors")[2].split("```")[1]
    shown = {int(part[0]): set(re.findall(r"\w+", part)) for part in re.split(r"\n (?=\d  )", block)[1:]}
    assert set(shown) == set(range(1, len(FLOORS) + 1))
    missing = {number: parts - shown[number] for number, parts in enumerate(FLOORS, 1) if parts - shown[number]}
    assert not missing, f"ARCHITECTURE.md lacks {missing}"


def test_the_page_of_the_house_names_files_that_are_there() -> None:
    page = (Path(__file__).parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:tests/)?([\w/]+\.py)`", page)
    absent = [name for name in named if not (ROOT / name).exists() and not (Path(__file__).parent / name).exists()]
    assert named
    assert not absent


def test_files_import_only_what_stands_below_them() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {target}: {wrong}"
        for module, path in MODULES.items()
        if module
        for line, target in imports_of(path)
        if (wrong := violation(module, target))
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("module", "target", "expected"),
    [
        ("config", "train", "looks up"),
        ("data.batches", "engine", "looks up"),
        ("data.batches", "model.loss", "data and model never import each other"),
        ("model.search", "data.sample", "data and model never import each other"),
        ("reader", "validation", "looks up"),
        ("train", "reader", None),
        ("report.html", "metrics", None),
        ("data.fsns", "data.tfrecord", None),
    ],
)
def test_the_rule_itself(module: str, target: str, expected: str | None) -> None:
    assert violation(module, target) == expected


def test_lazy_imports_and_those_for_type_checkers_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "import numpy\n"
        f"from {PACKAGE} import text\n"
        "if TYPE_CHECKING:\n"
        f"    from {PACKAGE}.train import Progress\n"
        "def function():\n"
        f"    import {PACKAGE}.cli.model\n"
        f"    from {PACKAGE}.data.batches import Batch\n"
    )
    assert imports_of(path) == [(3, "text"), (5, "train"), (7, "cli.model"), (8, "data.batches")]
    early = nodes_at_import(ast.parse(path.read_text()))
    assert [name for _, name in imported(early)] == ["typing.TYPE_CHECKING", "numpy", f"{PACKAGE}.text"]


def test_there_are_no_import_cycles() -> None:
    graph = {module: {target for _, target in imports_of(path)} - {"", module} for module, path in MODULES.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(f"a cycle of imports: {' <- '.join(error.args[1])}") from None


def test_light_parts_do_not_import_torch() -> None:
    """Neither directly nor through others, when they are imported."""
    direct = {}
    for module, path in MODULES.items():
        early = list(imported(nodes_at_import(ast.parse(path.read_text(encoding="utf-8")))))
        heavy = any(name.split(".")[0] in {"torch", "accelerate", "safetensors"} for _, name in early)
        direct[module] = (heavy, {target for _, name in early if (target := own(name)) is not None})
    heavy = {module for module, (needs, _) in direct.items() if needs}
    while more := {module for module, (_, targets) in direct.items() if targets & heavy} - heavy:
        heavy |= more
    assert heavy >= NEEDS_TORCH
    assert "model.recognizer" in heavy
    wrong = {module for module in heavy if module.split(".")[0] in TORCH_FREE} - NEEDS_TORCH
    assert not wrong, f"these import torch: {sorted(wrong)}"


def test_help_imports_no_torch() -> None:
    code = (
        f"import sys; sys.argv = ['crnn-ocr', '--help']\n"
        f"from {PACKAGE}.cli import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print({'torch', 'numpy', 'cv2', 'accelerate', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


def cpu_seconds_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", PACKAGE, "--help"], check=True, capture_output=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_answers_in_under_a_third_of_a_second() -> None:
    """Of processor time, the best of several: other work on the machine slows single ones."""
    times = []
    while not times or (min(times) >= 0.3 and len(times) < 12):
        times.append(cpu_seconds_of_help())
    assert min(times) < 0.3, times
