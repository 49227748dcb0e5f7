"""Gather the pages of the documentation: those of this folder, of the root of the repository, and made of the code."""

import ast
import inspect
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from typer.main import get_command

from crnn_seq2seq_ocr import config as settings
from crnn_seq2seq_ocr.cli import app

ROOT = Path(__file__).parent.parent
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Homepage"]
AT_THE_ROOT = {
    "index.md": "README.md",
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "code-of-conduct.md": "CODE_OF_CONDUCT.md",
}
"""Address of a page within the site, and the file of the repository that holds it."""


def main(folder: Path) -> None:
    """Write the pages of the documentation into a folder: those of `docs`, of the root, and of the code."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    sources = {path.relative_to(folder).as_posix(): "" for path in folder.rglob("*.md")}
    sources = {address: f"docs/{address}" for address in sources} | AT_THE_ROOT
    for address, name in sources.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (folder / address).write_text(with_links(text, name, address), encoding="utf-8")
    (folder / "reference" / "recipes.md").write_text(recipes_page(), encoding="utf-8")
    (folder / "reference" / "cli.md").write_text(commands_page(), encoding="utf-8")


def with_links(text: str, name: str, page: str) -> str:
    """Turn the links of a file of the repository into links of the site, or to the repository."""

    def turned(link: re.Match[str]) -> str:
        target, hash_mark, anchor = link[2].partition("#")
        if not target or ":" in target:
            return link[0]
        return f"{link[1]}({_address(ROOT / name, target, page)}{hash_mark}{anchor})"

    return re.sub(r"(!?\[[^\]]*\])\(([^)\s]+)\)", turned, text)


def _address(place: Path, target: str, page: str) -> str:
    """Where a link of a file leads, seen from its page."""
    file = Path(os.path.abspath(place.parent / target))
    if not file.exists():
        return target  # a page that is made, or a mistake, which the strict build finds
    name = file.relative_to(ROOT).as_posix()
    inside = {source: address for address, source in AT_THE_ROOT.items()}.get(name)
    if inside is None and name.startswith("docs/") and file.suffix in {".md", ".png", ".jpg", ".svg"}:
        inside = name.removeprefix("docs/")
    if inside is None:
        return f"{REPOSITORY}/blob/main/{name}"
    return os.path.relpath(inside, Path(page).parent).replace(os.sep, "/")


def recipes_page() -> str:
    """Every setting of a recipe, from the package `config`, and the recipes that come along."""
    parts = [
        "# Recipes\n",
        "A recipe is a YAML file with the settings of a training. `crnn-ocr train NAME setting=value` changes some: "
        "heading and name, joined by a dot, as in `training.batch_size=64`. A misspelt name is an error.\n",
        *_section(settings.Recipe, ""),
        "## Recipes that come along\n",
    ]
    for path in sorted((Path(settings.__file__).parents[1] / "recipes").glob("*.yaml")):
        parts += [f"### {path.stem}\n", f"```yaml\n{path.read_text(encoding='utf-8').strip()}\n```\n"]
    return "\n".join(parts)


def _section(model: type[BaseModel], path: str, kind: str = "") -> list[str]:
    """A heading, a sentence, a table of the plain settings, and the sections within."""
    documented = attribute_docstrings(model)
    rows, inner = [], []
    for name, field in model.model_fields.items():
        below = [each for each in _classes(field.annotation) if issubclass(each, BaseModel)]
        for each in below:
            which = f" of kind `{each.model_fields['kind'].default}`" if len(below) > 1 else ""
            inner += _section(each, f"{path}.{name}".strip("."), which)
        if not below:
            default = "required" if field.is_required() else f"`{_shown(field.get_default(call_default_factory=True))}`"
            values = _values(_attributes(model)[name][0])
            rows.append(f"| `{name}` | {_cell(values)} | {_cell(default)} | {_cell(documented.get(name, ''))} |")
    head = [f"## `{path}`{kind}\n", f"{inspect.getdoc(model)}\n"] if path else []
    table = ["| setting | values | default | |", "|---|---|---|---|", *rows, ""] if rows else []
    return [*head, *table, *inner]


def _classes(annotation: Any) -> list[type]:
    """The classes within an annotation."""
    if isinstance(annotation, type) and not getattr(annotation, "__args__", None):
        return [annotation]
    return [each for part in getattr(annotation, "__args__", ()) for each in _classes(part)]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(list(value) if isinstance(value, tuple) else value).replace("None", "null")


def _cell(text: str) -> str:
    return re.sub(r"``(.*?)``", r"`\1`", " ".join(text.split())).replace("|", "\\|")


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string that stands under each attribute of a class, its bases' too."""
    return {name: text for name, (_, text) in _attributes(model).items() if text}


def _values(annotation: str) -> str:
    """The values that an annotation allows, in words where it is one of those that `config` uses often."""
    if options := re.fullmatch(r"Literal\[(.*)\]", annotation):
        return ", ".join(f"`{each}`" for pair in re.findall(r"'([^']*)'|(\d+)", options[1]) for each in pair if each)
    if bounds := re.fullmatch(r"Annotated\[(\w+), Field\((.*)\)\]", annotation):
        words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
        limits = [f"{words[name]} {value}" for name, value in re.findall(r"(\w+)=([^,]+)", bounds[2]) if name in words]
        return ", ".join([{"int": "integer", "float": "number"}.get(bounds[1], bounds[1]), *limits])
    named = {"Size": "integer, at least 1", "Share": "0 to 1", "str": "text", "bool": "true or false", "Path": "path"}
    return " or ".join(named.get(each, f"`{each}`" if each != "None" else "`null`") for each in annotation.split(" | "))


def _attributes(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Annotation and docstring of each attribute, as they stand in the source."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed([each for each in model.__mro__ if issubclass(each, BaseModel) and each is not BaseModel]):
        (body,) = [each.body for each in ast.parse(inspect.getsource(base)).body if isinstance(each, ast.ClassDef)]
        for statement, following in zip(body, [*body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                text = ""
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                    text = inspect.cleandoc(str(following.value.value))
                found[statement.target.id] = (ast.unparse(statement.annotation), text)
    return found


def commands_page() -> str:
    """Every command with its arguments and options, from the command line itself."""
    root: Any = get_command(app)
    intro = "`crnn-ocr COMMAND --help` says the same in the terminal."
    return "\n".join(["# Command line\n", f"{intro}\n", *_commands(root, "crnn-ocr", 2)])


def _commands(command: Any, name: str, level: int) -> list[str]:
    context = typer.Context(command, info_name=name)
    children = [(child, command.get_command(context, child)) for child in command.list_commands(context)]
    parts: list[str] = []
    for child, inner in children:
        if inner.hidden:
            continue
        parts += [f"{'#' * level} {name} {child}\n", f"{_plain(inner.help or '')}\n"]
        if hasattr(inner, "list_commands"):
            parts += _commands(inner, f"{name} {child}", level + 1)
        else:
            parts += _options(inner)
    return parts


def _options(command: Any) -> list[str]:
    rows = []
    for each in command.params:
        if getattr(each, "hidden", False):
            continue
        argument = each.param_type_name == "argument"
        called = each.name.upper() if argument else ", ".join([*each.opts, *each.secondary_opts])
        default = "" if argument or each.default in (None, False, ()) or callable(each.default) else f"`{each.default}`"
        rows.append(f"| `{_cell(called)}` | {_cell(default)} | {_cell(_plain(each.help or ''))} |")
    return ["| | default | |", "|---|---|---|", *rows, ""]


def _plain(text: str) -> str:
    """Help as Markdown: the backslashes that keep brackets from rich, and what looks like HTML, taken care of."""
    return text.replace("\\[", "[").replace("<", "&lt;")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
